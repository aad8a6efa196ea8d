//! A range of hash keys as text: 128-bit numbers do not fit JSON's.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::refusal;

/// Hash keys from `start` to `end`, both included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(
    "self.start.size() < self.end.size() || (self.start.size() == self.end.size() && self.start <= self.end)"
)
.message(refusal::HASH_KEY_RANGE))]
pub struct HashKeyRange {
    /// The first hash key: a decimal number between 0 and 2^128 - 1.
    #[schemars(length(max = 39))]
    #[x_kube(validation = Rule::new(
        "self.matches('^(0|[1-9][0-9]{0,38})$') && (self.size() < 39 || self <= '340282366920938463463374607431768211455')"
    )
    .message(refusal::HASH_KEY))]
    pub start: String,
    /// The last hash key: a decimal number between 0 and 2^128 - 1.
    #[schemars(length(max = 39))]
    #[x_kube(validation = Rule::new(
        "self.matches('^(0|[1-9][0-9]{0,38})$') && (self.size() < 39 || self <= '340282366920938463463374607431768211455')"
    )
    .message(refusal::HASH_KEY))]
    pub end: String,
}

impl HashKeyRange {
    /// How much of all hash keys it is, for a person: `25%`, `0.4%`; nothing when the texts are no range.
    pub fn share(&self) -> Option<String> {
        let (start, end): (u128, u128) = (self.start.parse().ok()?, self.end.parse().ok()?);
        let width = end.checked_sub(start)?;
        // In units of 2^-32, rounded up: exact for every shard of a stream that was split evenly.
        let parts = (width >> 96) + 1;
        let tenths = (parts * 1000 + (1 << 31)) >> 32;
        Some(match tenths {
            0 => "<0.1%".to_owned(),
            _ if tenths % 10 == 0 => format!("{}%", tenths / 10),
            _ => format!("{}.{}%", tenths / 10, tenths % 10),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_what_a_person_would_say() {
        let quarter = u128::MAX / 4;
        for (start, end, share) in [
            (0, u128::MAX, "100%"),
            (0, u128::MAX / 2, "50%"),
            (quarter + 1, 2 * quarter + 1, "25%"),
            (0, u128::MAX / 3, "33.3%"),
            (0, u128::MAX / 256, "0.4%"),
            (7, 7, "<0.1%"),
        ] {
            let range = HashKeyRange {
                start: start.to_string(),
                end: end.to_string(),
            };
            assert_eq!(range.share().as_deref(), Some(share));
        }
        let wrong = HashKeyRange {
            start: "2".to_owned(),
            end: "1".to_owned(),
        };
        assert_eq!(wrong.share(), None);
    }
}
