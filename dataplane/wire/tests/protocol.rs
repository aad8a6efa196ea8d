//! What AWS answers before it looks at an operation, in the order in which it looks.

use anabranch_wire::protocol::{
    Answer, Head, classify, cors_headers, is_preflight, signature_refusal,
};
use anabranch_wire::{Action, ApiError, Codec, ErrorKind};

const JSON: &str = "application/x-amz-json-1.1";
const CBOR: &str = "application/x-amz-cbor-1.1";
const LIST_STREAMS: &str = "Kinesis_20131202.ListStreams";

/// What the body of a CBOR answer says: `{"__type": kind}`.
fn cbor_type(kind: &str) -> Vec<u8> {
    let mut encoder = minicbor::Encoder::new(Vec::new());
    encoder
        .map(1)
        .and_then(|map| map.str("__type"))
        .and_then(|map| map.str(kind))
        .expect("a Vec takes all");
    encoder.into_writer()
}

fn post<'a>(content_type: &'a str, target: &'a str) -> Head<'a> {
    let given = |value: &'a str| Some(value).filter(|value| !value.is_empty());
    Head {
        method: "POST",
        content_type: given(content_type),
        target: given(target),
        ..Head::default()
    }
}

fn refusal(head: &Head<'_>, body: &str) -> Answer {
    classify(head, body.as_bytes()).expect_err("refused")
}

fn assert_answer(answer: &Answer, status: u16, content_type: Option<&str>, body: &[u8]) {
    assert_eq!(
        String::from_utf8_lossy(&answer.body),
        String::from_utf8_lossy(body)
    );
    assert_eq!((answer.status, answer.content_type), (status, content_type));
}

#[test]
fn a_request_for_an_operation_is_let_through_unread() {
    for (content_type, codec) in [
        (JSON, Codec::Json),
        (CBOR, Codec::Cbor),
        ("   application/x-amz-json-1.1   ;whatever", Codec::Json),
    ] {
        assert_eq!(
            classify(&post(content_type, LIST_STREAMS), b"hello"),
            Ok((Action::ListStreams, codec))
        );
    }
}

#[test]
fn without_a_body_the_answer_is_cbor_for_all_but_json_1_1() {
    let cases = [
        ("", "", CBOR, "UnknownOperationException"),
        (
            "application/x-amz-json-1.0",
            "",
            CBOR,
            "UnknownOperationException",
        ),
        (
            "application/x-amz-json-1.1asdf",
            "",
            CBOR,
            "UnknownOperationException",
        ),
        ("application/json", "", CBOR, "UnknownOperationException"),
        ("", "Whatever", CBOR, "UnknownOperationException"),
        ("", "Kinesis_20131202.", CBOR, "UnknownOperationException"),
        (
            "",
            "Kinesis_20131202.Whatever",
            CBOR,
            "UnknownOperationException",
        ),
        ("", "Whatever.Whatever", CBOR, "UnknownOperationException"),
        (
            "",
            "Kinesis_20131202.ListStream",
            CBOR,
            "UnknownOperationException",
        ),
        ("", LIST_STREAMS, CBOR, "SerializationException"),
        (
            "application/json",
            LIST_STREAMS,
            CBOR,
            "SerializationException",
        ),
        (CBOR, LIST_STREAMS, CBOR, "SerializationException"),
        (JSON, "", JSON, "UnknownOperationException"),
        (JSON, LIST_STREAMS, JSON, "SerializationException"),
    ];
    for (content_type, target, answered, kind) in cases {
        let answer = refusal(&post(content_type, target), "");
        let body = if answered == JSON {
            format!("{{\"__type\":\"{kind}\"}}").into_bytes()
        } else {
            cbor_type(kind)
        };
        assert_answer(&answer, 400, Some(answered), &body);
        assert_eq!(answer.error_type, Some(kind));
    }
}

#[test]
fn another_method_or_content_type_is_answered_in_xml() {
    let denied = "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n";
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let head = Head {
            method,
            ..post(JSON, LIST_STREAMS)
        };
        assert_answer(&refusal(&head, ""), 403, None, denied.as_bytes());
    }
    for target in ["", "whatever", "Kinesis_20131202."] {
        assert_answer(
            &refusal(&post("", target), "{}"),
            403,
            None,
            denied.as_bytes(),
        );
    }
    for target in [
        LIST_STREAMS,
        "whatever.ListStreams",
        "Kinesis_20131202.whatever",
    ] {
        for content_type in ["", "application/x-amz-json-1.0"] {
            assert_answer(
                &refusal(&post(content_type, target), "{}"),
                404,
                None,
                b"<UnknownOperationException/>\n",
            );
        }
    }
}

#[test]
fn plain_json_is_answered_in_the_older_protocol() {
    let body = |kind: &str| {
        format!(r#"{{"Output":{{"__type":"com.amazon.coral.service#{kind}"}},"Version":"1.0"}}"#)
    };
    for content_type in ["application/json", "     application/json     ;"] {
        let head = post(content_type, LIST_STREAMS);
        assert_answer(
            &refusal(&head, "{}"),
            404,
            Some("application/json"),
            body("UnknownOperationException").as_bytes(),
        );
        assert_answer(
            &refusal(&head, "hello"),
            400,
            Some("application/json"),
            body("SerializationException").as_bytes(),
        );
    }
}

#[test]
fn a_body_that_is_no_document_is_refused_before_an_unknown_operation_and_before_a_signature() {
    let unknown = post(JSON, "Kinesis_20131202.Whatever");
    assert_answer(
        &refusal(&unknown, "{}"),
        400,
        Some(JSON),
        br#"{"__type":"UnknownOperationException"}"#,
    );
    for body in ["hello", "true", "null", "1"] {
        assert_answer(
            &refusal(&unknown, body),
            400,
            Some(JSON),
            br#"{"__type":"SerializationException"}"#,
        );
        let missing = ApiError::new(
            ErrorKind::MissingAuthenticationTokenException,
            "Missing Authentication Token",
        );
        assert_eq!(
            signature_refusal(Codec::Json, b"{}", missing.clone()),
            missing
        );
        let earlier = signature_refusal(Codec::Json, body.as_bytes(), missing);
        assert_eq!(earlier, ApiError::bare(ErrorKind::SerializationException));
    }
}

#[test]
fn a_preflight_is_answered_with_what_it_asks_for() {
    let head = Head {
        method: "OPTIONS",
        origin: Some("whatever"),
        access_control_request_headers: Some("a, b, c"),
        access_control_request_method: Some("d"),
        ..Head::default()
    };
    assert!(is_preflight(&head));
    assert_answer(&refusal(&head, ""), 200, None, b"");
    let expected = [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Headers", "a, b, c"),
        ("Access-Control-Allow-Methods", "d"),
        ("Access-Control-Max-Age", "172800"),
    ];
    assert_eq!(cors_headers(&head), expected);
    let bare = Head {
        access_control_request_headers: None,
        access_control_request_method: None,
        ..head
    };
    assert_eq!(cors_headers(&bare), [expected[0], expected[3]]);
}

#[test]
fn any_other_answer_to_a_page_of_another_origin_exposes_the_headers_of_aws() {
    let head = Head {
        origin: Some("whatever"),
        ..post(JSON, LIST_STREAMS)
    };
    let expected = [
        ("Access-Control-Allow-Origin", "*"),
        (
            "Access-Control-Expose-Headers",
            "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date",
        ),
    ];
    assert_eq!(cors_headers(&head), expected);
    assert_eq!(cors_headers(&post(JSON, LIST_STREAMS)), []);
}

#[test]
fn an_error_has_its_type_its_message_and_its_status() {
    let serialization = ApiError::new(ErrorKind::SerializationException, "Expected null");
    assert_eq!(
        serialization.encode(Codec::Json),
        r#"{"__type":"SerializationException","Message":"Expected null"}"#
    );
    let not_found = ApiError::new(
        ErrorKind::ResourceNotFoundException,
        "Stream \"s\" not found.",
    );
    assert_eq!(
        not_found.encode(Codec::Json),
        r#"{"__type":"ResourceNotFoundException","message":"Stream \"s\" not found."}"#
    );
    let failure = Answer::error(Codec::Json, &ApiError::bare(ErrorKind::InternalFailure));
    assert_answer(
        &failure,
        500,
        Some(JSON),
        br#"{"__type":"InternalFailure"}"#,
    );
}

#[test]
fn an_answer_without_members_has_no_body() {
    for codec in [Codec::Json, Codec::Cbor] {
        assert!(anabranch_wire::encode(codec, &()).is_empty());
    }
}
