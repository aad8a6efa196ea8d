//! What the figures need from an answer, found without reading the rest of it. Pure.
//!
//! Answers are searched for the names of members. Data in JSON is base64, which has no quotation marks; in CBOR a name
//! could stand by chance in random data, about once in 2^96 bytes.

use anabranch_wire::Codec;
use memchr::memmem;

/// How many entries of a `PutRecords` call were refused; `None` if the answer does not say.
pub(super) fn failed_record_count(codec: Codec, body: &[u8]) -> Option<u64> {
    let after = after_name(codec, body, "FailedRecordCount")?;
    match codec {
        Codec::Json => {
            let digits = after
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            std::str::from_utf8(&after[..digits]).ok()?.parse().ok()
        }
        // A small unsigned integer, or one with one or two bytes after its first.
        Codec::Cbor => match *after {
            [small @ 0..24, ..] => Some(u64::from(small)),
            [24, byte, ..] => Some(u64::from(byte)),
            [25, high, low, ..] => Some(u64::from(u16::from_be_bytes([high, low]))),
            _ => None,
        },
    }
}

/// The types of the refused entries, one for each.
pub(super) fn error_codes(codec: Codec, body: &[u8]) -> Vec<String> {
    let name = name_bytes(codec, "ErrorCode");
    memmem::find_iter(body, &name)
        .filter_map(|at| text_at(codec, &body[at + name.len()..]))
        .map(str::to_owned)
        .collect()
}

/// How many records of `record_bytes` each a `GetRecords` answer holds. From one record's name to the next one's are the bytes of a record,
/// which are not searched, and the next name is first looked for as far away as the last one was: in answers of megabytes, which no
/// cache holds, each search would be a tenth of what is measured.
pub(super) fn record_count(codec: Codec, body: &[u8], record_bytes: u64) -> u64 {
    let record_bytes = usize::try_from(record_bytes).unwrap_or(usize::MAX);
    let data_bytes = match codec {
        Codec::Json => record_bytes.div_ceil(3).saturating_mul(4),
        Codec::Cbor => record_bytes,
    };
    let name = name_bytes(codec, "PartitionKey");
    let finder = memmem::Finder::new(&name);
    // At least so far apart are two names. No third one is between two that are less than twice as far apart.
    let apart_min = name.len().saturating_add(data_bytes);
    let is_name = |at: usize| body.get(at..).is_some_and(|rest| rest.starts_with(&name));
    let Some(mut at) = finder.find(body) else {
        return 0;
    };
    let (mut count, mut apart) = (1, 0);
    loop {
        let may_expect = (apart_min..apart_min.saturating_mul(2)).contains(&apart);
        if !(may_expect && is_name(at.saturating_add(apart))) {
            let from = at.saturating_add(apart_min);
            let Some(found) = body.get(from..).and_then(|rest| finder.find(rest)) else {
                return count;
            };
            apart = from + found - at;
        }
        at += apart;
        count += 1;
    }
}

/// Where to read on.
pub(super) fn next_iterator(codec: Codec, body: &[u8]) -> Option<&str> {
    text_at(codec, after_name(codec, body, "NextShardIterator")?)
}

/// The type of an error.
pub(super) fn error_type(codec: Codec, body: &[u8]) -> Option<&str> {
    let kind = text_at(codec, after_name(codec, body, "__type")?)?;
    Some(kind.rsplit('#').next().unwrap_or(kind))
}

/// What follows the name of a member, and in JSON its colon and blanks.
fn after_name<'a>(codec: Codec, body: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let name = name_bytes(codec, name);
    let after = &body[memmem::rfind(body, &name)? + name.len()..];
    match codec {
        Codec::Cbor => Some(after),
        Codec::Json => Some(without_colon(after)),
    }
}

/// A member's name as it stands in a body.
fn name_bytes(codec: Codec, name: &str) -> Vec<u8> {
    match codec {
        Codec::Json => format!("\"{name}\"").into_bytes(),
        // The length is not searched for: a writer may put it down in more than one way.
        Codec::Cbor => name.as_bytes().to_vec(),
    }
}

fn without_colon(bytes: &[u8]) -> &[u8] {
    let blanks = bytes
        .iter()
        .take_while(|byte| matches!(byte, b':' | b' ' | b'\n'))
        .count();
    &bytes[blanks..]
}

fn text_at(codec: Codec, bytes: &[u8]) -> Option<&str> {
    let text = match codec {
        Codec::Json => {
            let text = without_colon(bytes).strip_prefix(b"\"")?;
            &text[..memchr::memchr(b'"', text)?]
        }
        Codec::Cbor => match *bytes {
            [short @ 0x60..0x78, ref text @ ..] => text.get(..usize::from(short - 0x60))?,
            [0x78, length, ref text @ ..] => text.get(..usize::from(length))?,
            [0x79, high, low, ref text @ ..] => {
                text.get(..usize::from(u16::from_be_bytes([high, low])))?
            }
            _ => return None,
        },
    };
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use anabranch_wire::shapes::{
        GetRecordsOutput, PutRecordsOutput, PutRecordsResultEntry, Record,
    };

    use super::*;

    const CODECS: [Codec; 2] = [Codec::Json, Codec::Cbor];

    #[test]
    fn refused_entries_are_counted_and_named_in_both_codecs() {
        let refused = PutRecordsResultEntry {
            error_code: Some("InternalFailure".into()),
            ..Default::default()
        };
        for count in [0, 7, 77, 500] {
            let answer = PutRecordsOutput {
                failed_record_count: Some(i32::try_from(count).expect("small")),
                records: vec![refused.clone(); count],
                encryption_type: None,
            };
            for codec in CODECS {
                let body = anabranch_wire::encode(codec, &answer);
                assert_eq!(failed_record_count(codec, &body), Some(count as u64));
                assert_eq!(error_codes(codec, &body), vec!["InternalFailure"; count]);
            }
        }
    }

    #[test]
    fn records_are_counted_whatever_their_keys_make_of_the_distance_between_them() {
        for key_lengths in [[9; 12], [1, 1, 1, 9, 9, 200, 1, 256, 256, 256, 3, 1]] {
            for (codec, bytes) in CODECS
                .into_iter()
                .zip([0, 30])
                .chain([(Codec::Json, 1_024)])
            {
                let record = |length| Record {
                    partition_key: Some("k".repeat(length).as_str().into()),
                    data: anabranch_wire::Blob(vec![0xA5; bytes].into()),
                    ..Record::default()
                };
                let answer = GetRecordsOutput {
                    records: key_lengths.map(record).to_vec(),
                    ..GetRecordsOutput::default()
                };
                let body = anabranch_wire::encode(codec, &answer);
                assert_eq!(record_count(codec, &body, bytes as u64), 12);
            }
        }
    }

    #[test]
    fn records_and_the_next_iterator_are_found_in_both_codecs() {
        let record = |bytes| Record {
            partition_key: Some("k".into()),
            data: anabranch_wire::Blob(vec![0xA5; bytes].into()),
            ..Record::default()
        };
        for length in [5, 200, 500] {
            let answer = |bytes| GetRecordsOutput {
                records: vec![record(bytes); 3],
                next_shard_iterator: Some("A".repeat(length)),
                millis_behind_latest: Some(0),
                child_shards: None,
            };
            for codec in CODECS {
                for bytes in [0, 1, 1024] {
                    let body = anabranch_wire::encode(codec, &answer(bytes));
                    assert_eq!(record_count(codec, &body, bytes as u64), 3);
                    assert_eq!(next_iterator(codec, &body).map(str::len), Some(length));
                }
                let none = anabranch_wire::encode(codec, &GetRecordsOutput::default());
                assert_eq!(record_count(codec, &none, 1024), 0);
            }
        }
    }

    #[test]
    fn the_type_of_an_error_is_found_without_its_namespace() {
        let body =
            br#"{"__type": "com.amazonaws.kinesis#ResourceNotFoundException","message":"x"}"#;
        assert_eq!(
            error_type(Codec::Json, body),
            Some("ResourceNotFoundException")
        );
        assert_eq!(error_type(Codec::Json, b"<html>"), None);
    }

    #[test]
    fn json_with_blanks_is_read_too() {
        assert_eq!(
            failed_record_count(Codec::Json, br#"{"FailedRecordCount": 12, "Records": []}"#),
            Some(12)
        );
        assert_eq!(
            next_iterator(Codec::Json, br#"{"NextShardIterator": "AAA="}"#),
            Some("AAA=")
        );
    }
}
