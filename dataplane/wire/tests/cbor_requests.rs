//! CBOR as other encoders write it: lengths left open, chunks, tags, floats, texts for blobs.

use anabranch_wire::shapes::{ListShardsInput, PutRecordInput, PutRecordsInput};
use anabranch_wire::{Action, ApiError, Codec, Request, Timestamp, decode};
use bytes::Bytes;
use minicbor::Encoder;
use minicbor::data::Tag;

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn cbor(write: impl FnOnce(&mut Encoder<Vec<u8>>) -> Written) -> Bytes {
    let mut encoder = Encoder::new(Vec::new());
    write(&mut encoder).expect("a Vec takes all that is written to it");
    encoder.into_writer().into()
}

fn put_record(body: &Bytes) -> PutRecordInput {
    match decode(Action::PutRecord, Codec::Cbor, body) {
        Ok(Request::PutRecord(input)) => input,
        other => panic!("not a PutRecord: {other:?}"),
    }
}

fn put_records(body: &Bytes) -> PutRecordsInput {
    match decode(Action::PutRecords, Codec::Cbor, body) {
        Ok(Request::PutRecords(input)) => input,
        other => panic!("not a PutRecords: {other:?}"),
    }
}

fn list_shards(body: &Bytes) -> Result<ListShardsInput, ApiError> {
    match decode(Action::ListShards, Codec::Cbor, body)? {
        Request::ListShards(input) => Ok(input),
        other => panic!("not a ListShards: {other:?}"),
    }
}

#[test]
fn lists_and_maps_of_open_length_are_read_as_the_java_sdk_writes_them() {
    let body = cbor(|cbor| {
        cbor.begin_map()?
            .str("StreamName")?
            .str("s")?
            .str("Records")?
            .begin_array()?;
        for data in [&b"one"[..], b"two"] {
            cbor.begin_map()?
                .str("Data")?
                .bytes(data)?
                .str("PartitionKey")?
                .str("k")?
                .end()?;
        }
        cbor.end()?.end()?.ok()
    });
    let input = put_records(&body);
    assert_eq!(input.stream_name.as_deref(), Some("s"));
    let data: Vec<_> = input
        .records
        .iter()
        .map(|record| &record.data.0[..])
        .collect();
    assert_eq!(data, [&b"one"[..], b"two"]);
}

#[test]
fn data_and_keys_are_slices_of_the_body() {
    let body = cbor(|cbor| {
        cbor.map(3)?
            .str("StreamName")?
            .str("s")?
            .str("PartitionKey")?
            .str("key")?
            .str("Data")?
            .bytes(b"data")?
            .ok()
    });
    let input = put_record(&body);
    let range = body.as_ptr_range();
    assert!(range.contains(&input.data.0.as_ptr()));
    assert!(range.contains(&input.partition_key.expect("given").as_ptr()));
}

#[test]
fn chunks_of_text_and_bytes_are_put_together() {
    let body = cbor(|cbor| {
        cbor.map(3)?
            .str("StreamName")?
            .begin_str()?
            .str("str")?
            .str("eam")?
            .end()?;
        cbor.str("PartitionKey")?
            .str("k")?
            .str("Data")?
            .begin_bytes()?
            .bytes(b"da")?
            .bytes(b"ta")?
            .end()?
            .ok()
    });
    let input = put_record(&body);
    assert_eq!(input.stream_name.as_deref(), Some("stream"));
    assert_eq!(&input.data.0[..], b"data");
}

#[test]
fn base64_text_is_taken_for_a_blob() {
    let body = cbor(|cbor| {
        cbor.map(3)?
            .str("StreamName")?
            .str("s")?
            .str("PartitionKey")?
            .str("k")?
            .str("Data")?
            .str("aGVsbG8=")?
            .ok()
    });
    assert_eq!(&put_record(&body).data.0[..], b"hello");
}

#[test]
fn a_time_is_milliseconds_as_an_integer_and_seconds_as_a_float() {
    let time = |write: fn(&mut Encoder<Vec<u8>>) -> Written| {
        let body = cbor(|cbor| {
            cbor.map(2)?
                .str("StreamName")?
                .str("s")?
                .str("StreamCreationTimestamp")?;
            write(cbor)
        });
        list_shards(&body).map(|input| input.stream_creation_timestamp)
    };
    let expected = Ok(Some(Timestamp::from_millis(1_712_345_678_500)));
    assert_eq!(
        time(|cbor| cbor.tag(Tag::new(1))?.u64(1_712_345_678_500)?.ok()),
        expected
    );
    assert_eq!(time(|cbor| cbor.u64(1_712_345_678_500)?.ok()), expected);
    assert_eq!(
        time(|cbor| cbor.tag(Tag::new(1))?.f64(1_712_345_678.5)?.ok()),
        expected
    );
    assert_eq!(time(|cbor| cbor.null()?.ok()), Ok(None));
    assert_eq!(
        time(|cbor| cbor.str("now")?.ok())
            .expect_err("no time")
            .message
            .as_deref(),
        Some("class java.lang.String can not be converted to milliseconds since epoch")
    );
}

#[test]
fn numbers_come_in_any_width() {
    let limit = |write: &dyn Fn(&mut Encoder<Vec<u8>>) -> Written| {
        let body = cbor(|cbor| {
            cbor.map(2)?
                .str("StreamName")?
                .str("s")?
                .str("MaxResults")?;
            write(cbor)
        });
        list_shards(&body).expect("valid").max_results
    };
    assert_eq!(limit(&|cbor| cbor.u8(7)?.ok()), Some(7));
    assert_eq!(limit(&|cbor| cbor.u64(7)?.ok()), Some(7));
    assert_eq!(limit(&|cbor| cbor.f64(7.9)?.ok()), Some(7));
    assert_eq!(limit(&|cbor| cbor.f32(7.5)?.ok()), Some(7));
    assert_eq!(limit(&|cbor| cbor.undefined()?.ok()), None);
    let half = |bits: [u8; 2]| {
        limit(&|cbor| {
            cbor.writer_mut()
                .extend_from_slice(&[0xf9, bits[0], bits[1]]);
            Ok(())
        })
    };
    assert_eq!(half([0x47, 0x00]), Some(7));
    assert_eq!(half([0x3c, 0x00]), Some(1));
}
