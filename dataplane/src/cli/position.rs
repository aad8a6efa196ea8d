//! `--from`: where reading starts, as people say it.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use anabranch_domain::sequence_number::GivenSequenceNumber;
use anabranch_wire::Timestamp;
use anabranch_wire::shapes::{GetShardIteratorInput, StartingPosition};

use super::units::parse_duration;

/// What `--from` accepts, for its help.
pub(super) const FORMS: &str = "latest|trim-horizon|TIME|SEQ";

/// Where reading starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Position {
    /// What comes from now on.
    Latest,
    /// The oldest record that is kept.
    TrimHorizon,
    /// The first record that arrived at or after this moment.
    Time(Timestamp),
    /// So long before now.
    Ago(Duration),
    /// This record.
    At(String),
    /// The record after this one.
    After(String),
}

impl Position {
    /// The position with `Ago` made a moment.
    pub(super) fn at(self, now: SystemTime) -> Self {
        match self {
            Self::Ago(ago) => Self::Time(millis(
                now.checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH),
            )),
            position => position,
        }
    }

    /// The shard whose record this is, where it is a record's number; other shards are then read from its time on.
    pub(super) fn shard(&self) -> Option<String> {
        match self {
            Self::At(number) | Self::After(number) => Some(
                number
                    .parse::<GivenSequenceNumber>()
                    .ok()?
                    .shard()
                    .to_string(),
            ),
            _ => None,
        }
    }

    /// Where to start in `shard`, when reading all shards from here.
    pub(super) fn in_shard(&self, shard: &str) -> Self {
        match self {
            Self::At(number) | Self::After(number) if self.shard().as_deref() != Some(shard) => {
                let given = number
                    .parse::<GivenSequenceNumber>()
                    .ok()
                    .and_then(|given| given.number());
                let seconds = given.map_or(0, |number| number.time_secs());
                Self::Time(Timestamp(
                    i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX),
                ))
            }
            position => position.clone(),
        }
    }

    /// What asks for an iterator there.
    pub(super) fn iterator(&self, stream: &str, shard: &str) -> GetShardIteratorInput {
        let start = self.starting_position();
        GetShardIteratorInput {
            stream_name: Some(stream.to_owned()),
            shard_id: shard.to_owned(),
            shard_iterator_type: start.kind,
            starting_sequence_number: start.sequence_number,
            timestamp: start.timestamp,
            ..GetShardIteratorInput::default()
        }
    }

    /// What a subscription starts with.
    pub(super) fn starting_position(&self) -> StartingPosition {
        let (kind, sequence_number, timestamp) = match self {
            Self::Latest => ("LATEST", None, None),
            Self::TrimHorizon => ("TRIM_HORIZON", None, None),
            Self::Time(time) => ("AT_TIMESTAMP", None, Some(*time)),
            Self::Ago(ago) => {
                return Self::Ago(*ago).at(SystemTime::now()).starting_position();
            }
            Self::At(number) => ("AT_SEQUENCE_NUMBER", Some(number.clone()), None),
            Self::After(number) => ("AFTER_SEQUENCE_NUMBER", Some(number.clone()), None),
        };
        StartingPosition {
            kind: kind.to_owned(),
            sequence_number,
            timestamp,
        }
    }
}

impl FromStr for Position {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "latest" | "now" | "end" => return Ok(Self::Latest),
            "trim-horizon" | "start" | "beginning" => return Ok(Self::TrimHorizon),
            _ => {}
        }
        // A sequence number has 56 digits; a moment in milliseconds has 13.
        if text.len() > 20 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::At(text.to_owned()));
        }
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::Time(Timestamp(time.as_millisecond())));
        }
        if text.ends_with(|last: char| last.is_ascii_alphabetic())
            && let Ok(ago) = parse_duration(text)
        {
            return Ok(Self::Ago(ago));
        }
        Err("expected latest, trim-horizon, a time (2026-01-31T12:00:00Z), how long ago (10m), or a sequence number".into())
    }
}

/// The moment in milliseconds, as the API has it.
pub(super) fn millis(time: SystemTime) -> Timestamp {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A moment as people read it: `2026-01-31T12:00:00.123Z`.
pub(super) fn rfc3339(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.0)
        .map_or_else(|_| time.0.to_string(), |time| format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEQUENCE: &str = "49590338271490256608559692538361571095921575989136588898";

    #[test]
    fn every_way_to_say_it_is_understood() {
        let parse = |text: &str| text.parse::<Position>();
        assert_eq!(parse("latest"), Ok(Position::Latest));
        assert_eq!(parse("trim-horizon"), Ok(Position::TrimHorizon));
        assert_eq!(
            parse("1970-01-01T00:00:01.5Z"),
            Ok(Position::Time(Timestamp(1500)))
        );
        assert_eq!(parse("10m"), Ok(Position::Ago(Duration::from_mins(10))));
        assert_eq!(parse(SEQUENCE), Ok(Position::At(SEQUENCE.to_owned())));
        assert!(
            parse("yesterday")
                .expect_err("too vague")
                .contains("trim-horizon")
        );
    }

    #[test]
    fn a_duration_counts_back_from_now() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        assert_eq!(
            Position::Ago(Duration::from_secs(40)).at(now),
            Position::Time(Timestamp(60_000))
        );
        assert_eq!(
            Position::Ago(Duration::from_secs(400)).at(now),
            Position::Time(Timestamp(0))
        );
    }

    #[test]
    fn a_sequence_number_starts_its_own_shard_and_its_time_the_others() {
        let position: Position = SEQUENCE.parse().expect("a sequence number");
        let own = position.shard().expect("it names its shard");
        assert_eq!(position.in_shard(&own), position);
        assert!(matches!(
            position.in_shard("shardId-000000000777"),
            Position::Time(_)
        ));
    }

    #[test]
    fn times_are_printed_with_milliseconds() {
        assert_eq!(rfc3339(Timestamp(1500)), "1970-01-01T00:00:01.500Z");
    }
}
