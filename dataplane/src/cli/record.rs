//! A record as `tail` and `get` print it.

use std::io::{self, Write};

use anabranch_wire::shapes::Record;
use serde_json::{Map, Value, json};

use super::output::Output;
use super::position::rfc3339;

/// How records are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordStyle {
    pub(super) output: Output,
    /// In text: shard, time, sequence number and key before the data.
    pub(super) verbose: bool,
}

impl RecordStyle {
    /// Writes one record and a line feed.
    pub(super) fn write(self, to: &mut impl Write, shard: &str, record: &Record) -> io::Result<()> {
        match self.output {
            Output::Json => writeln!(to, "{}", as_json(shard, record)),
            Output::Text => {
                if self.verbose {
                    write!(to, "{}", heading(shard, record))?;
                }
                to.write_all(&record.data.0)?;
                to.write_all(b"\n")
            }
        }
    }
}

fn heading(shard: &str, record: &Record) -> String {
    let time = record
        .approximate_arrival_timestamp
        .map_or_else(|| "-".to_owned(), rfc3339);
    let key = record.partition_key.as_deref().unwrap_or("-");
    format!("{time}  {shard}  {}  {key}\t", record.sequence_number)
}

/// Data that is text stands as text; other data in base64 under another name, so that neither can be taken for the other.
fn as_json(shard: &str, record: &Record) -> Value {
    let mut map = Map::new();
    map.insert("shardId".into(), json!(shard));
    map.insert(
        "sequenceNumber".into(),
        json!(record.sequence_number.as_str()),
    );
    if let Some(time) = record.approximate_arrival_timestamp {
        map.insert("arrival".into(), json!(rfc3339(time)));
    }
    if let Some(key) = record.partition_key.as_deref() {
        map.insert("partitionKey".into(), json!(key));
    }
    match std::str::from_utf8(&record.data.0) {
        Ok(text) => map.insert("data".into(), json!(text)),
        Err(_) => map.insert("dataBase64".into(), json!(base64(&record.data.0))),
    };
    Value::Object(map)
}

/// RFC 4648 base64 with padding.
fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

#[cfg(test)]
mod tests {
    use anabranch_wire::{Blob, Timestamp};

    use super::*;

    fn record(data: &'static [u8]) -> Record {
        Record {
            sequence_number: "42".into(),
            approximate_arrival_timestamp: Some(Timestamp(1500)),
            data: Blob::from(data),
            partition_key: Some("river".into()),
            encryption_type: None,
        }
    }

    fn written(style: RecordStyle, data: &'static [u8]) -> String {
        let mut text = Vec::new();
        style
            .write(&mut text, "shardId-000000000001", &record(data))
            .expect("memory takes everything");
        String::from_utf8_lossy(&text).into_owned()
    }

    #[test]
    fn text_is_the_data_alone_unless_more_is_asked_for() {
        let plain = RecordStyle {
            output: Output::Text,
            verbose: false,
        };
        assert_eq!(written(plain, b"hello"), "hello\n");
        let verbose = RecordStyle {
            output: Output::Text,
            verbose: true,
        };
        assert_eq!(
            written(verbose, b"hello"),
            "1970-01-01T00:00:01.500Z  shardId-000000000001  42  river\thello\n"
        );
    }

    #[test]
    fn json_keeps_data_that_is_no_text_apart() {
        let style = RecordStyle {
            output: Output::Json,
            verbose: false,
        };
        assert!(written(style, b"hello").contains(r#""data":"hello""#));
        assert!(written(style, b"\xff\x00").contains(r#""dataBase64":"/wA=""#));
    }
}
