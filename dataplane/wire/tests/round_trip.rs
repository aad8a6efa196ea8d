//! Laws of the codecs: what one writes the other reads, and nothing is lost on the way.

mod documents;

use anabranch_wire::schema::{self, Operation};
use anabranch_wire::shapes::*;
use anabranch_wire::{Action, Codec, decode, decode_response, encode, encode_request};
use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;

fn runner() -> TestRunner {
    TestRunner::new(Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    })
}

fn parsed(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("what is written is JSON")
}

#[test]
fn a_request_survives_both_codecs_with_all_its_members() {
    for &action in Action::ALL {
        let Some(table) = schema::input(action) else {
            continue;
        };
        let law = |document: Value| {
            let request = decode(action, Codec::Json, &Bytes::from(document.to_string()))
                .expect("the table allows it");
            prop_assert_eq!(request.action(), action);
            prop_assert_eq!(parsed(&encode_request(Codec::Json, &request)), document);
            let cbor = encode_request(Codec::Cbor, &request);
            prop_assert_eq!(
                decode(action, Codec::Cbor, &cbor).expect("what is written can be read"),
                request
            );
            Ok(())
        };
        runner()
            .run(&documents::structure(table), law)
            .unwrap_or_else(|error| panic!("{action}: {error}"));
    }
}

/// The same for the answer of one operation.
fn check_answer<O: Operation>()
where
    O::Output: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let table = schema::output(O::ACTION).expect("the operation answers something");
    let law = |document: Value| {
        let json = document.to_string();
        let answer: O::Output =
            decode_response(Codec::Json, json.as_bytes()).expect("the table allows it");
        prop_assert_eq!(parsed(&encode(Codec::Json, &answer)), document);
        let cbor = encode(Codec::Cbor, &answer);
        prop_assert_eq!(
            decode_response::<O::Output>(Codec::Cbor, &cbor).expect("what is written can be read"),
            answer
        );
        Ok(())
    };
    runner()
        .run(&documents::structure(table), law)
        .unwrap_or_else(|error| panic!("{}: {error}", O::ACTION));
}

macro_rules! check_answers {
    ($($input:ident),* $(,)?) => {{
        $(check_answer::<$input>();)*
        [$($input::ACTION),*]
    }};
}

#[test]
fn an_answer_survives_both_codecs_with_all_its_members() {
    let checked = check_answers![
        DescribeAccountSettingsInput,
        DescribeLimitsInput,
        DescribeStreamConsumerInput,
        DescribeStreamInput,
        DescribeStreamSummaryInput,
        DisableEnhancedMonitoringInput,
        EnableEnhancedMonitoringInput,
        GetRecordsInput,
        GetResourcePolicyInput,
        GetShardIteratorInput,
        ListShardsInput,
        ListStreamConsumersInput,
        ListStreamsInput,
        ListTagsForResourceInput,
        ListTagsForStreamInput,
        PutRecordInput,
        PutRecordsInput,
        RegisterStreamConsumerInput,
        SubscribeToShardInput,
        UpdateAccountSettingsInput,
        UpdateShardCountInput,
        UpdateStreamWarmThroughputInput,
    ];
    for action in Action::ALL {
        assert_eq!(
            schema::output(*action).is_some(),
            checked.contains(action),
            "{action}"
        );
    }
}
