//! The key of one access key for one day, region and service, and a bounded memory of such keys: deriving one takes four
//! HMACs, and the same one serves a whole day.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use ring::hmac::{self, HMAC_SHA256, Key};

use super::SecretKey;
use super::credential::Credential;

/// Derives the signing key of a credential.
pub(super) fn derive(secret: &SecretKey, credential: &Credential<'_>) -> Key {
    let seed = [b"AWS4", secret.as_bytes()].concat();
    [
        credential.day,
        credential.region,
        credential.service,
        credential.terminator,
    ]
    .into_iter()
    .fold(Key::new(HMAC_SHA256, &seed), |key, word| {
        Key::new(HMAC_SHA256, hmac::sign(&key, word.as_bytes()).as_ref())
    })
}

/// Signing keys that were derived before. Only credentials of keys that exist, for today, are asked of it, so a hostile
/// client cannot fill it; the bound holds in any case.
#[derive(Debug)]
pub struct SigningKeys {
    entries_max: usize,
    by_credential: RwLock<HashMap<Box<str>, Entry>>,
}

#[derive(Debug)]
struct Entry {
    /// Whose key it is. Another secret under the same access key (the file was read anew) makes the entry void.
    secret: SecretKey,
    key: Arc<Key>,
}

impl SigningKeys {
    /// An empty memory for at most so many keys.
    pub fn new(entries_max: usize) -> Self {
        Self {
            entries_max,
            by_credential: RwLock::default(),
        }
    }

    /// The signing key of a credential, derived now or before.
    pub(super) fn get(&self, secret: &SecretKey, credential: &Credential<'_>) -> Arc<Key> {
        self.remembered(secret, credential)
            .unwrap_or_else(|| self.remember(secret, credential))
    }

    fn remembered(&self, secret: &SecretKey, credential: &Credential<'_>) -> Option<Arc<Key>> {
        let entries = self
            .by_credential
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let entry = entries
            .get(credential.text)
            .filter(|entry| entry.secret.is_clone_of(secret))?;
        Some(Arc::clone(&entry.key))
    }

    fn remember(&self, secret: &SecretKey, credential: &Credential<'_>) -> Arc<Key> {
        let key = Arc::new(derive(secret, credential));
        let mut entries = self
            .by_credential
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.entries_max {
            // All at once: what is dropped besides yesterday's keys is derived again in microseconds.
            entries.clear();
        }
        entries.insert(
            credential.text.into(),
            Entry {
                secret: secret.clone(),
                key: Arc::clone(&key),
            },
        );
        key
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_credential.read().expect("no panic holds it").len()
    }
}
