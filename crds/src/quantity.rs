//! Kubernetes quantities (`1Mi`, `500`, `2k`) of whole things, and rates made of them.
//!
//! Only whole numbers: nothing here is ever half a byte or half a record.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::refusal;

/// The number a quantity stands for, or nothing when it is not a whole one.
pub fn parse(text: &str) -> Option<u64> {
    let digits_end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, suffix) = text.split_at(digits_end);
    let factor: u64 = match suffix {
        "" => 1,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// The number of bytes that any quantity of Kubernetes' stands for, such as `1.5Ti` or `2e9`: a part of a byte counts as one.
pub fn bytes(text: &str) -> Option<u128> {
    let number_end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(number_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let (factor, mut divisor): (u128, u128) = match suffix {
        "" => (1, 1),
        "m" => (1, 1000),
        "k" => (1000, 1),
        "M" => (1000_u128.pow(2), 1),
        "G" => (1000_u128.pow(3), 1),
        "T" => (1000_u128.pow(4), 1),
        "P" => (1000_u128.pow(5), 1),
        "E" => (1000_u128.pow(6), 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        "Pi" => (1 << 50, 1),
        "Ei" => (1 << 60, 1),
        exponent => {
            let exponent = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            (10_u128.checked_pow(exponent)?, 1)
        }
    };
    divisor = divisor.checked_mul(10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?)?;
    Some(digits.checked_mul(factor)?.div_ceil(divisor))
}

/// So many a second, or no limit: `1000`, `1Mi`, `Unlimited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// At most this many a second.
    PerSecond(u64),
    /// As many as the hardware takes.
    Unlimited,
}

const UNLIMITED: &str = "Unlimited";

impl Rate {
    /// The number, when there is a limit.
    pub const fn per_second(self) -> Option<u64> {
        match self {
            Self::PerSecond(number) => Some(number),
            Self::Unlimited => None,
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerSecond(number) => number.fmt(formatter),
            Self::Unlimited => formatter.write_str(UNLIMITED),
        }
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::PerSecond(number) => serializer.serialize_u64(*number),
            Self::Unlimited => serializer.serialize_str(UNLIMITED),
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RateVisitor)
    }
}

struct RateVisitor;

impl de::Visitor<'_> for RateVisitor {
    type Value = Rate;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .write_str("a whole number of at least 1, a quantity such as `1Mi`, or `Unlimited`")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Rate, E> {
        if number == 0 {
            return Err(E::invalid_value(de::Unexpected::Unsigned(number), &self));
        }
        Ok(Rate::PerSecond(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Rate, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Rate, E> {
        if text == UNLIMITED {
            return Ok(Rate::Unlimited);
        }
        match parse(text) {
            Some(number) => self.visit_u64(number),
            None => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}

impl JsonSchema for Rate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "x-kubernetes-validations": [{
                "rule": "string(self) == 'Unlimited' || string(self).matches('^0*[1-9][0-9]{0,9}(k|M|G|Ki|Mi|Gi)?$')",
                "message": refusal::RATE,
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_every_spelling() {
        for (text, number) in [
            ("0", Some(0)),
            ("10Gi", Some(10 << 30)),
            ("1.5Ti", Some(3 << 39)),
            ("0.5", Some(1)),
            ("1500m", Some(2)),
            ("2e9", Some(2_000_000_000)),
            ("1E", Some(1_000_000_000_000_000_000)),
            (".", None),
            ("", None),
            ("-1", None),
            ("1Zi", None),
            ("1.2.3", None),
        ] {
            assert_eq!(bytes(text), number, "{text}");
        }
    }

    #[test]
    fn quantities_are_whole_numbers_with_kubernetes_suffixes() {
        for (text, number) in [
            ("0", Some(0)),
            ("1000", Some(1000)),
            ("2k", Some(2000)),
            ("1Mi", Some(1_048_576)),
            ("10Mi", Some(10_485_760)),
            ("1Gi", Some(1_073_741_824)),
            ("", None),
            ("Mi", None),
            ("1.5Mi", None),
            ("-1", None),
            ("1MiB", None),
            ("18446744073709551615Ki", None),
        ] {
            assert_eq!(parse(text), number, "{text}");
        }
    }

    #[test]
    fn a_rate_is_a_number_a_quantity_or_unlimited() {
        let read =
            |text: &str| serde_yaml::from_str::<Rate>(text).map_err(|error| error.to_string());
        assert_eq!(read("1000"), Ok(Rate::PerSecond(1000)));
        assert_eq!(read("2Mi"), Ok(Rate::PerSecond(2_097_152)));
        assert_eq!(read("Unlimited"), Ok(Rate::Unlimited));
        for wrong in ["0", "-1", "fast", "1.5"] {
            assert!(
                read(wrong)
                    .expect_err(wrong)
                    .contains("expected a whole number"),
                "{wrong}"
            );
        }
    }
}
