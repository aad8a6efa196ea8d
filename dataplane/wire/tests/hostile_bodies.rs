//! Bodies that no client of AWS sends: they are refused, quickly, and nothing panics or grows.

mod documents;

use anabranch_wire::protocol::{self, Head};
use anabranch_wire::shapes::GetRecordsOutput;
use anabranch_wire::{
    Action, ApiError, Codec, ErrorKind, Request, decode, decode_response, encode_request, schema,
};
use bytes::Bytes;
use proptest::prelude::*;

const CODECS: [Codec; 2] = [Codec::Json, Codec::Cbor];

fn any_action() -> impl Strategy<Value = Action> {
    proptest::sample::select(Action::ALL)
}

fn decode_bytes(action: Action, codec: Codec, body: impl Into<Bytes>) -> Result<Request, ApiError> {
    decode(action, codec, &body.into())
}

/// A valid request's bytes with some of them changed.
fn mutated(codec: Codec) -> impl Strategy<Value = (Action, Vec<u8>)> {
    let offered: Vec<_> = Action::ALL
        .iter()
        .copied()
        .filter(|action| schema::input(*action).is_some())
        .collect();
    let valid = proptest::sample::select(offered).prop_flat_map(move |action| {
        let table = schema::input(action).expect("only offered ones are selected");
        documents::structure(table).prop_map(move |document| {
            let request = decode_bytes(action, Codec::Json, document.to_string())
                .expect("the table allows it");
            (action, encode_request(codec, &request).to_vec())
        })
    });
    let mutations =
        proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..8);
    (valid, mutations).prop_map(|((action, mut body), mutations)| {
        for (index, byte, kind) in mutations {
            let at = index.index(body.len().max(1));
            match kind {
                0 if at < body.len() => body[at] = byte,
                1 => body.insert(at, byte),
                _ => body.truncate(at.max(1)),
            }
        }
        (action, body)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_an_answer_and_no_panic(action in any_action(), body in prop::collection::vec(any::<u8>(), 0..256)) {
        for codec in CODECS {
            let _ = decode_bytes(action, codec, body.clone());
            let _ = decode_response::<GetRecordsOutput>(codec, &body);
        }
    }

    #[test]
    fn a_mutated_json_request_is_an_answer_and_no_panic((action, body) in mutated(Codec::Json)) {
        let _ = decode_bytes(action, Codec::Json, body);
    }

    #[test]
    fn a_mutated_cbor_request_is_an_answer_and_no_panic((action, body) in mutated(Codec::Cbor)) {
        let _ = decode_bytes(action, Codec::Cbor, body);
    }

    #[test]
    fn any_head_gets_an_answer(content_type in ".*", target in ".*", body in prop::collection::vec(any::<u8>(), 0..8)) {
        let head = Head { method: "POST", content_type: Some(&content_type), target: Some(&target), ..Head::default() };
        let _ = protocol::classify(&head, &body);
    }
}

/// A body that is no document, or past a bound.
fn assert_malformed(codec: Codec, body: impl Into<Bytes>) {
    let refused = decode_bytes(Action::ListStreams, codec, body).expect_err("no document");
    assert_eq!(refused, ApiError::bare(ErrorKind::SerializationException));
}

#[test]
fn nesting_costs_no_stack() {
    let depth = 1_000_000;
    let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let unknown_member = decode_bytes(
        Action::ListStreams,
        Codec::Json,
        format!("{{\"a\":{lists}}}"),
    );
    assert!(unknown_member.is_ok());
    let refused = decode_bytes(Action::ListStreams, Codec::Json, lists).expect_err("a list");
    assert_eq!(
        refused.message.as_deref(),
        Some("Start of list found where not expected")
    );
    assert_malformed(Codec::Json, format!("{{\"a\":{}", "[".repeat(depth)));
    for head in [0x81, 0x9f, 0xa1, 0xbf, 0xc1] {
        assert_malformed(Codec::Cbor, vec![head; depth]);
        let mut member = vec![0xa1, 0x61, b'a'];
        member.resize(depth, head);
        assert_malformed(Codec::Cbor, member);
    }
}

#[test]
fn a_body_of_too_many_values_is_refused_before_it_fills_the_memory() {
    let refused =
        |codec, body: Bytes| decode(Action::PutRecords, codec, &body).expect_err("too many");
    let elements = 140_000;
    let json = format!("{{\"Records\":[{}null]}}", "null,".repeat(elements));
    assert_eq!(
        refused(Codec::Json, json.into()),
        ApiError::bare(ErrorKind::SerializationException)
    );
    let mut cbor = b"\xa1\x67Records\x9f".to_vec();
    cbor.resize(elements, 0xf6);
    cbor.push(0xff);
    assert_eq!(
        refused(Codec::Cbor, cbor.into()),
        ApiError::bare(ErrorKind::SerializationException)
    );
}

#[test]
fn a_length_that_the_body_does_not_have_makes_no_room() {
    for head in [0x9b, 0xbb, 0x5b, 0x7b] {
        assert_malformed(
            Codec::Cbor,
            vec![head, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        );
    }
}

#[test]
fn what_follows_a_document_is_refused() {
    assert_malformed(Codec::Json, "{} {}");
    assert_malformed(Codec::Cbor, vec![0xa0, 0xa0]);
    assert_malformed(Codec::Json, "null");
    assert_malformed(Codec::Cbor, vec![0xf6]);
}
