//! A tag.

use crate::structure::structure;

structure! {
    /// A tag.
    Tag {
        /// The key.
        key: String = "Key": TAG_KEY,
        /// The value.
        value: Option<String> = "Value": TAG_VALUE,
    }
}
