//! Names that a person chose: of streams, of consumers, of keys. Cheap to clone, because every record's way carries one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A text that AWS would not take as this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a {what} is {rule}")]
pub struct InvalidName {
    what: &'static str,
    rule: &'static str,
}

fn is_plain_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

fn is_pod_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ordinal = text.rsplit_once('-').map(|(_, ordinal)| ordinal);
    (1..=63).contains(&text.len())
        && text.bytes().all(allowed)
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && ordinal.is_some_and(|ordinal| ordinal.parse::<u32>().is_ok())
}

fn is_key_id(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 2048
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $is_valid:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if $is_valid(text) { Ok(Self(text.into())) } else { Err(InvalidName { what: $what, rule: $rule }) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        /// So that a map keyed by names can be asked with a plain text: one that is no valid name is simply not there.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}

name! {
    /// A stream's name: unique in its account and region.
    StreamName, "stream name", "1 to 128 of a-z, A-Z, 0-9, '_', '.', '-'", is_plain_name
}

name! {
    /// A registered consumer's name: unique in its stream.
    ConsumerName, "consumer name", "1 to 128 of a-z, A-Z, 0-9, '_', '.', '-'", is_plain_name
}

name! {
    /// Names the key that a stream's records are encrypted with: an id, an ARN or an alias.
    KeyId, "key id", "1 to 2048 characters", is_key_id
}

name! {
    /// A shard pod's name: its `StatefulSet`'s and its ordinal there.
    PodName, "shard pod's name", "a DNS label that ends in an ordinal, such as clicks-shards-0", is_pod_name
}

impl PodName {
    /// The `StatefulSet` that it belongs to.
    pub fn stateful_set(&self) -> &str {
        let split = self.0.rsplit_once('-');
        split.map_or(&self.0, |(set, _)| set)
    }

    /// Which pod of its `StatefulSet` it is.
    pub fn ordinal(&self) -> u32 {
        let ordinal = self
            .0
            .rsplit_once('-')
            .and_then(|(_, text)| text.parse().ok());
        ordinal.expect("a pod's name ends in its ordinal")
    }
}
