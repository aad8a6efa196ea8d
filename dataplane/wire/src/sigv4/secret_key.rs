//! The secret half of an access key. Cheap to clone; never shown.

use std::fmt;
use std::sync::Arc;

/// The secret half of an access key.
#[derive(Clone)]
pub struct SecretKey(Arc<str>);

impl SecretKey {
    /// Wraps the text of a secret access key.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether both are clones of one value. Keys of one text that were read twice are not.
    pub(super) fn is_clone_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}
