//! Identities of things on disk: given once, never used again, made by the caller (this crate knows no randomness).
//! A shard's name says where it stands in its stream; its [`ShardUid`] says which bytes are its.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A text that is not 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an identity is 32 hexadecimal digits")]
pub struct InvalidUid;

macro_rules! uid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u128);

        impl $name {
            /// The identity with these bits; the caller answers for never using them twice.
            pub const fn from_bits(bits: u128) -> Self {
                Self(bits)
            }

            /// The bits it was made from.
            pub const fn to_bits(self) -> u128 {
                self.0
            }

            /// The identity whose big-endian bytes these are.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }

            /// Big-endian bytes: what keys on disk begin with.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidUid;

            fn from_str(text: &str) -> Result<Self, InvalidUid> {
                if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Err(InvalidUid);
                }
                u128::from_str_radix(text, 16).map(Self).map_err(|_| InvalidUid)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidUid;

            fn try_from(text: String) -> Result<Self, InvalidUid> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(uid: $name) -> Self {
                uid.to_string()
            }
        }
    };
}

uid! {
    /// Whose bytes these are: one shard, for ever, also after another stream of the same name was made.
    ShardUid
}

uid! {
    /// One life of a stream: a stream that is deleted and made again has the same name and another identity.
    StreamUid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_go_round() {
        let uid = ShardUid::from_bits(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        assert_eq!(uid.to_string(), "0123456789abcdef0011223344556677");
        assert_eq!(uid.to_string().parse(), Ok(uid));
        assert_eq!(ShardUid::from_bytes(uid.to_bytes()), uid);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "01",
            "+123456789abcdef0011223344556677",
            "0123456789abcdef00112233445566778",
        ] {
            assert_eq!(text.parse::<StreamUid>(), Err(InvalidUid), "{text}");
        }
    }
}
