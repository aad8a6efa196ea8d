//! Points in time as Kubernetes objects spell them: RFC 3339 in UTC, to the millisecond.
//!
//! Never asks what time it is. To the millisecond because the Kinesis API shows milliseconds and sequence numbers are
//! made of them; `metav1.Time` keeps whole seconds only.

use std::{borrow::Cow, fmt, str::FromStr};

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, written as `2026-01-31T12:00:00.000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(u64);

/// A text that is no time, or a number that is beyond the year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time is written as 2026-01-31T12:00:00.000Z, between 1970 and 9999")]
pub struct InvalidTime;

impl Time {
    /// The last millisecond that can be written: RFC 3339 has four digits for the year.
    const MILLIS_MAX: u64 = 253_402_207_199_999;

    /// The time `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Result<Self, InvalidTime> {
        if millis <= Self::MILLIS_MAX {
            Ok(Self(millis))
        } else {
            Err(InvalidTime)
        }
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = i64::try_from(self.0)
            .ok()
            .and_then(|millis| Timestamp::from_millisecond(millis).ok())
            .ok_or(fmt::Error)?;
        write!(formatter, "{time:.3}")
    }
}

impl FromStr for Time {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let time: Timestamp = text.parse().map_err(|_| InvalidTime)?;
        let millis = u64::try_from(time.as_millisecond()).map_err(|_| InvalidTime)?;
        Self::from_millis(millis)
    }
}

impl TryFrom<String> for Time {
    type Error = InvalidTime;

    fn try_from(text: String) -> Result<Self, InvalidTime> {
        text.parse()
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "maxLength": 64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_to_the_millisecond() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_700_000_000_001, "2023-11-14T22:13:20.001Z"),
            (Time::MILLIS_MAX, "9999-12-30T21:59:59.999Z"),
        ] {
            let time = Time::from_millis(millis).expect("in range");
            assert_eq!(time.to_string(), text);
            assert_eq!(text.parse(), Ok(time));
        }
        assert_eq!(Time::from_millis(Time::MILLIS_MAX + 1), Err(InvalidTime));
    }

    #[test]
    fn what_kubernetes_writes_is_read() {
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14T23:13:20+01:00",
            "2023-11-14T22:13:20.000123Z",
        ] {
            assert_eq!(
                text.parse::<Time>().map(Time::as_millis),
                Ok(1_700_000_000_000),
                "{text}"
            );
        }
        for wrong in ["", "yesterday", "1969-12-31T23:59:59Z", "2023-11-14"] {
            assert_eq!(wrong.parse::<Time>(), Err(InvalidTime), "{wrong}");
        }
    }
}
