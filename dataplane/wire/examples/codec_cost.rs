//! What a large request and a large answer cost in each codec: `cargo run --release -p anabranch-wire --example codec_cost`.
//!
//! The median of many runs on one core, for 500 records of 1 KiB in, and 10,000 of 1 KiB out.

use anabranch_wire::shapes::{GetRecordsOutput, PutRecordsInput, PutRecordsRequestEntry, Record};
use anabranch_wire::{
    Action, Blob, Codec, Text, Timestamp, decode, decode_response, encode_request, encode_sized,
};
use std::hint::black_box;
use std::time::{Duration, Instant};

const RECORD_BYTES: usize = 1024;

fn main() {
    for codec in [Codec::Json, Codec::Cbor] {
        let body = encode_request(codec, &put_records(500));
        let cost = median(500, || {
            decode(Action::PutRecords, codec, black_box(&body)).expect("the request is valid")
        });
        report(codec, "decode PutRecords, 500 × 1 KiB", body.len(), cost);

        let answer = get_records(10_000);
        let write = || encode_sized(codec, black_box(&answer), answer.encoded_bytes(codec));
        let bytes = write();
        report(
            codec,
            "encode GetRecords, 10,000 × 1 KiB",
            bytes.len(),
            median(50, write),
        );

        let read = || {
            decode_response::<GetRecordsOutput>(codec, black_box(&bytes))
                .expect("the answer is valid")
        };
        report(
            codec,
            "read GetRecords as a client",
            bytes.len(),
            median(50, read),
        );
    }
}

fn report(codec: Codec, what: &str, bytes: usize, cost: Duration) {
    println!("{codec:?}: {what}: {bytes} bytes in {cost:.1?}");
}

fn median<T>(runs: usize, mut work: impl FnMut() -> T) -> Duration {
    let mut times: Vec<_> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            let kept = work();
            let time = start.elapsed();
            drop(kept);
            time
        })
        .collect();
    times.sort_unstable();
    times[runs / 2]
}

fn data(seed: usize) -> Blob {
    let byte = |index: usize| u8::try_from((index * 31 + seed * 7) % 251).expect("below 256");
    Blob::from((0..RECORD_BYTES).map(byte).collect::<Vec<_>>())
}

fn put_records(count: usize) -> PutRecordsInput {
    let record = |index: usize| PutRecordsRequestEntry {
        partition_key: Some(Text::from(format!("key-{index:08}"))),
        data: data(index),
        ..PutRecordsRequestEntry::default()
    };
    PutRecordsInput {
        records: (0..count).map(record).collect(),
        stream_name: Some("measured".to_owned()),
        ..PutRecordsInput::default()
    }
}

fn get_records(count: usize) -> GetRecordsOutput {
    let record = |index: usize| Record {
        sequence_number: Text::from(format!(
            "49546986683135544286507457936321625675700192471156785{index:03}"
        )),
        approximate_arrival_timestamp: Some(Timestamp::from_millis(1_712_345_678_123)),
        data: data(index),
        partition_key: Some(Text::from(format!("key-{index:08}"))),
        encryption_type: None,
    };
    GetRecordsOutput {
        records: (0..count).map(record).collect(),
        next_shard_iterator: Some("A".repeat(256)),
        millis_behind_latest: Some(0),
        child_shards: None,
    }
}
