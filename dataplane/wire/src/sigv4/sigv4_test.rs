//! AWS's published examples step by step, AWS's texts for each failure and their order, and hostile input.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use proptest::prelude::*;

use super::canonical_request::canonical_request;
use super::credential::Credential;
use super::payload_hash::PayloadHash;
use super::signed_headers::SignedHeaders;
use super::string_to_sign::string_to_sign;
use super::*;
use crate::ErrorKind;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TARGET: &str = "Kinesis_20131202.ListStreams";

struct Request {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Request {
    fn new(method: Method, uri: &str, headers: &[(&'static str, &str)]) -> Self {
        let pairs = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).expect("a header value"),
            )
        });
        Self {
            method,
            uri: uri.parse().expect("a URI"),
            headers: pairs.collect(),
        }
    }

    fn post(headers: &[(&'static str, &str)]) -> Self {
        Self::new(Method::POST, "/", headers)
    }

    fn head(&self) -> RequestHead<'_> {
        RequestHead {
            method: &self.method,
            uri: &self.uri,
            headers: &self.headers,
        }
    }

    fn parse_error(&self) -> String {
        parse(&self.head())
            .expect_err("must be refused")
            .to_string()
    }

    /// What a server of `us-east-1` answers that knows one key.
    fn authenticate(&self, body: &[u8], now: &str) -> Result<(), SignatureError> {
        let verifier = Verifier::new(Scope::kinesis("us-east-1"), Verifier::CLOCK_SKEW);
        let head = self.head();
        let authorization = parse(&head)?;
        let claim = verifier.check(&authorization, &head, date(now))?;
        if claim.access_key_id() != "AKIDEXAMPLE" {
            return Err(SignatureError::UnknownAccessKey);
        }
        verifier.verify(&claim, &head, body, &SecretKey::new(SECRET))
    }
}

fn date(text: &str) -> AmzDate {
    AmzDate::parse(text).expect("a date")
}

fn signed_request(now: &str, body: &[u8]) -> Request {
    let mut request = Request::post(&[("host", "localhost:4567"), ("x-amz-target", TARGET)]);
    signer("AKIDEXAMPLE", SECRET, "us-east-1")
        .sign(
            &request.method,
            &request.uri,
            &mut request.headers,
            body,
            date(now),
        )
        .expect("plain texts");
    request
}

fn signer(access_key_id: &str, secret: &str, region: &str) -> Signer {
    let credentials = SigningCredentials {
        access_key_id: access_key_id.to_owned(),
        secret: SecretKey::new(secret),
        session_token: None,
    };
    Signer::new(credentials, Scope::kinesis(region))
}

#[test]
fn a_signing_key_is_derived_as_in_awss_examples() {
    let cases = [
        (
            "20120215",
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d",
        ),
        (
            "20150830",
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9",
        ),
    ];
    for (day, expected) in cases {
        // What the key signs tells keys apart; ring does not show a key's bytes.
        let text = format!("AKIDEXAMPLE/{day}/us-east-1/iam/aws4_request");
        let credential = Credential::parse(&text).expect("five words");
        let derived = signing_key::derive(&SecretKey::new(SECRET), &credential);
        let published = hex::decode(expected).expect("hex");
        let published = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &published);
        assert_eq!(
            ring::hmac::sign(&derived, b"text").as_ref(),
            ring::hmac::sign(&published, b"text").as_ref(),
            "{day}"
        );
    }
}

#[test]
fn the_vanilla_get_of_awss_suite_has_the_published_texts() {
    let request = Request::new(
        Method::GET,
        "/",
        &[
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ],
    );
    let canonical = canonical_request(
        &request.head(),
        SignedHeaders("host;x-amz-date"),
        &PayloadHash::of(b""),
    );
    assert_eq!(
        canonical,
        "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n\
         e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        string_to_sign(
            date("20150830T123600Z"),
            "20150830/us-east-1/service/aws4_request",
            &canonical
        ),
        "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n\
         bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63"
    );
}

#[test]
fn the_list_users_example_of_awss_guide_verifies() {
    let request = Request::new(
        Method::GET,
        "/?Action=ListUsers&Version=2010-05-08",
        &[
            ("host", "iam.amazonaws.com"),
            (
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            ),
            ("x-amz-date", "20150830T123600Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, \
                 Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            ),
        ],
    );
    let verifier = Verifier::new(Scope::of_service("us-east-1", "iam"), Verifier::CLOCK_SKEW);
    let head = request.head();
    let authorization = parse(&head).expect("complete");
    let claim = verifier
        .check(&authorization, &head, date("20150830T123600Z"))
        .expect("in scope");
    assert_eq!(claim.access_key_id(), "AKIDEXAMPLE");
    assert_eq!(
        verifier.verify(&claim, &head, b"", &SecretKey::new(SECRET)),
        Ok(())
    );
    assert_eq!(
        verifier.verify(&claim, &head, b"", &SecretKey::new("other")),
        Err(SignatureError::Mismatch)
    );
}

#[test]
fn no_signature_is_a_missing_token() {
    assert_eq!(
        Request::post(&[]).parse_error(),
        "Missing Authentication Token"
    );
    assert_eq!(
        Request::post(&[("authorization", "")]).parse_error(),
        "Missing Authentication Token"
    );
    // Not presigned without the algorithm.
    let query = "/?X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-SignedHeaders=c&X-Amz-Date=d";
    let error = parse(&Request::new(Method::POST, query, &[]).head()).expect_err("must be refused");
    assert_eq!(error.kind(), ErrorKind::MissingAuthenticationTokenException);
}

#[test]
fn two_signatures_are_one_too_many() {
    let request = Request::new(Method::POST, "/?X-Amz-Algorithm", &[("authorization", "X")]);
    let error = parse(&request.head()).expect_err("must be refused");
    assert_eq!(error.kind(), ErrorKind::InvalidSignatureException);
    assert_eq!(
        error.to_string(),
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
    );
}

#[test]
fn an_incomplete_header_is_told_what_it_lacks() {
    for (header, date, expected) in [
        (
            "X",
            None,
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
             parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires \
             existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=X",
        ),
        (
            "AWS4- Signature=b Credential=a",
            Some("a"),
            "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4- Signature=b Credential=a",
        ),
        (
            "AWS4- Signature=b,Credential=a",
            Some("a"),
            "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4- Signature=b,Credential=a",
        ),
        (
            "AWS4- Signature=b, Credential=, SignedHeaders=c",
            Some("a"),
            "Authorization header requires 'Credential' parameter. \
             Authorization=AWS4- Signature=b, Credential=, SignedHeaders=c",
        ),
    ] {
        let mut headers = vec![("authorization", header)];
        headers.extend(date.map(|date| ("date", date)));
        assert_eq!(Request::post(&headers).parse_error(), expected);
    }
}

#[test]
fn an_incomplete_query_is_told_what_it_lacks() {
    for (query, expected) in [
        (
            "/?X-Amz-Algorithm",
            "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters must include \
             'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string \
             parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. \
             Re-examine the query-string parameters.",
        ),
        (
            "/?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-Date=d",
            "AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters.",
        ),
    ] {
        let error =
            parse(&Request::new(Method::POST, query, &[]).head()).expect_err("must be refused");
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.kind(), ErrorKind::IncompleteSignatureException);
    }
}

#[test]
fn nonsense_that_is_complete_is_parsed_for_servers_that_take_anything() {
    let request = Request::post(&[
        (
            "authorization",
            "A Credential=b,Signature=c,SignedHeaders=d",
        ),
        ("date", "e"),
    ]);
    assert_eq!(
        parse(&request.head())
            .expect("complete")
            .unverified_access_key_id(),
        "b"
    );
}

#[test]
fn a_signed_request_is_true_and_any_change_makes_it_false() {
    let body = b"{\"Limit\":1}";
    let now = "20150830T123600Z";
    assert_eq!(signed_request(now, body).authenticate(body, now), Ok(()));

    let changes: [fn(&mut Request); 4] = [
        |request| request.method = Method::PUT,
        |request| request.uri = Uri::from_static("/other"),
        |request| request.uri = Uri::from_static("/?a=b"),
        |request| {
            request.headers.insert(
                "x-amz-target",
                HeaderValue::from_static("Kinesis_20131202.DeleteStream"),
            );
        },
    ];
    for change in changes {
        let mut request = signed_request(now, body);
        change(&mut request);
        assert_eq!(
            request.authenticate(body, now),
            Err(SignatureError::Mismatch)
        );
    }
    assert_eq!(
        signed_request(now, body).authenticate(b"{}", now),
        Err(SignatureError::Mismatch)
    );
}

#[test]
fn over_http2_the_authority_stands_for_the_host() {
    let mut request = Request::new(
        Method::POST,
        "http://localhost:4567/",
        &[("x-amz-target", TARGET)],
    );
    let now = date("20150830T123600Z");
    signer("AKIDEXAMPLE", SECRET, "us-east-1")
        .sign(
            &request.method,
            &request.uri,
            &mut request.headers,
            b"",
            now,
        )
        .expect("plain texts");
    assert_eq!(request.authenticate(b"", "20150830T123600Z"), Ok(()));
}

#[test]
fn clocks_may_differ_by_a_quarter_of_an_hour() {
    let signed = signed_request("20150830T123600Z", b"");
    assert_eq!(signed.authenticate(b"", "20150830T125100Z"), Ok(()));
    assert_eq!(signed.authenticate(b"", "20150830T122100Z"), Ok(()));
    let expired = signed
        .authenticate(b"", "20150830T125101Z")
        .expect_err("too late");
    assert_eq!(expired.kind(), ErrorKind::InvalidSignatureException);
    assert_eq!(
        expired.to_string(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)"
    );
    let early = signed
        .authenticate(b"", "20150830T122059Z")
        .expect_err("too early");
    assert_eq!(
        early.to_string(),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)"
    );
}

#[test]
fn everything_wrong_with_the_scope_is_told_at_once() {
    let error =
        authenticate_with("b/x/c/d/e", "host", "20150830T123600Z").expect_err("wrong scope");
    assert_eq!(error.kind(), ErrorKind::InvalidSignatureException);
    assert_eq!(
        error.to_string(),
        "Credential should be scoped to a valid region, not 'c'. Credential should be scoped to correct service: \
         'kinesis'. Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. Date in Credential \
         scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'x' != '20150830', from \
         '20150830T123600Z'."
    );
}

#[test]
fn each_failure_has_awss_text_and_comes_before_the_next() {
    let cases = [
        (
            "201",
            "",
            "c",
            "Date must be in ISO-8601 'basic format'. Got '201'. See http://en.wikipedia.org/wiki/ISO_8601",
        ),
        (
            "20150830T123600Z",
            "x",
            "c",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (
            "20150830T123600Z",
            "HOST",
            "c",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'c'",
        ),
        (
            "20150830T123600Z",
            "host",
            "AKIDOTHER/20150830/us-east-1/kinesis/aws4_request/",
            "The security token included in the request is invalid.",
        ),
        (
            "20150830T123600Z",
            "host",
            "AKIDEXAMPLE/20150830/us-east-1/kinesis/aws4_request",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        ),
    ];
    for (date, signed_headers, credential, expected) in cases {
        let signed_headers = format!("{signed_headers};x-amz-date");
        let error = authenticate_with(credential, &signed_headers, date).expect_err("refused");
        assert_eq!(error.to_string(), expected);
    }
}

fn authenticate_with(
    credential: &str,
    signed_headers: &str,
    date: &str,
) -> Result<(), SignatureError> {
    let signed_headers = format!("{signed_headers};x-amz-date");
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed_headers}, Signature=00"
    );
    Request::post(&[("x-amz-date", date), ("authorization", &authorization)])
        .authenticate(b"", "20150830T123600Z")
}

#[test]
fn another_algorithm_is_refused() {
    let request = Request::post(&[
        ("x-amz-date", "20150830T123600Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA25 Credential=c, SignedHeaders=host;x-amz-date, Signature=00",
        ),
    ]);
    let error = request
        .authenticate(b"", "20150830T123600Z")
        .expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::IncompleteSignatureException);
    assert_eq!(
        error.to_string(),
        "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). "
    );
}

#[test]
fn the_operation_and_the_date_must_be_covered() {
    let refused = |headers: &[(&'static str, &str)]| {
        Request::post(headers)
            .authenticate(b"", "20150830T123600Z")
            .expect_err("refused")
            .to_string()
    };
    let credential = "AKIDEXAMPLE/20150830/us-east-1/kinesis/aws4_request";
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00");
    let date = ("x-amz-date", "20150830T123600Z");
    assert_eq!(
        refused(&[
            date,
            ("authorization", &authorization),
            ("x-amz-target", TARGET)
        ]),
        "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."
    );
    assert_eq!(
        refused(&[date, ("authorization", &authorization)]),
        "'X-Amz-Date' or 'Date' must be a 'SignedHeader' in the AWS Authorization."
    );
}

#[test]
fn a_presigned_request_lives_as_long_as_it_says_and_a_week_at_most() {
    let request = |expires: &str| {
        let uri = format!(
            "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fkinesis%2F\
             aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00&X-Amz-Expires={expires}"
        );
        Request::new(Method::POST, &uri, &[("host", "localhost")])
    };
    assert_eq!(
        request("30").authenticate(b"", "20150830T123630Z"),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        request("30")
            .authenticate(b"", "20150830T123631Z")
            .expect_err("expired")
            .to_string(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T123631Z - 30 sec.)"
    );
    for nonsense in ["0", "604801", "-1", "a", ""] {
        let error = request(nonsense)
            .authenticate(b"", "20150830T123600Z")
            .expect_err("refused");
        assert_eq!(
            error,
            SignatureError::Expires {
                found: nonsense.to_owned()
            }
        );
    }
}

#[test]
fn a_declared_hash_must_be_the_bodys() {
    let refused = Request::post(&[("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")]);
    assert!(PayloadHash::declared(&refused.head(), b"").is_err());
    let wrong = Request::post(&[("x-amz-content-sha256", PayloadHash::of(b"a").as_str())]);
    assert!(PayloadHash::declared(&wrong.head(), b"").is_err());
    assert!(PayloadHash::declared(&wrong.head(), b"a").is_ok());
}

#[test]
fn a_changed_secret_makes_a_remembered_key_void() {
    let keys = SigningKeys::new(8);
    let credential =
        Credential::parse("A/20150830/us-east-1/kinesis/aws4_request").expect("five words");
    let (old, new) = (SecretKey::new("old"), SecretKey::new("new"));
    let sign = |secret| {
        ring::hmac::sign(&keys.get(secret, &credential), b"text")
            .as_ref()
            .to_vec()
    };
    let by_old = sign(&old);
    assert_eq!(sign(&old), by_old);
    assert_ne!(sign(&new), by_old);
    assert_eq!(keys.len(), 1);
}

#[test]
fn the_memory_of_signing_keys_is_bounded() {
    let keys = SigningKeys::new(8);
    let secret = SecretKey::new("secret");
    for day in 0..100 {
        let text = format!("A/{day}/us-east-1/kinesis/aws4_request");
        keys.get(&secret, &Credential::parse(&text).expect("five words"));
        assert!(keys.len() <= 8);
    }
}

#[test]
fn debug_output_shows_no_secret() {
    assert!(!format!("{:?}", signer("AKIDEXAMPLE", SECRET, "us-east-1")).contains(SECRET));
}

proptest! {
    #[test]
    fn any_header_is_answered_without_a_panic(
        authorization in "(AWS4-HMAC-SHA256 )?([A-Za-z]{0,6}|Credential=[a-z/0-9]{0,12}|SignedHeaders=[a-z;]{0,9}|Signature=[0-9a-f]{0,9}|[, =/]){0,9}",
        date in "(2015083[0-9]T[0-9]{6}Z|.{0,20})",
    ) {
        let Ok(date) = HeaderValue::from_str(&date) else { return Ok(()) };
        let mut request = Request::post(&[("authorization", &authorization)]);
        request.headers.insert("x-amz-date", date);
        prop_assert!(request.authenticate(b"", "20150830T123600Z").is_err());
    }

    #[test]
    fn any_target_is_answered_without_a_panic(query in "[-A-Za-z0-9%&=+./_~]{0,60}") {
        let uri = format!("/a/../%zz/{query}?X-Amz-Algorithm=x&{query}");
        let Ok(uri) = uri.parse() else { return Ok(()) };
        let request = Request { method: Method::GET, uri, headers: HeaderMap::new() };
        prop_assert!(request.authenticate(b"", "20150830T123600Z").is_err());
        let _ = canonical_request(&request.head(), SignedHeaders(&query), &PayloadHash::of(b""));
    }

    #[test]
    fn a_mutated_header_is_answered_without_a_panic_and_proves_nothing_new(
        mutations in prop::collection::vec((any::<prop::sample::Index>(), 0x20_u8..0x7f, 0_u8..3), 1..6),
        other_body in "[a-z{}]{0,8}",
    ) {
        let mut request = signed_request("20150830T123600Z", b"{}");
        let mut text = request.headers["authorization"].as_bytes().to_vec();
        for (at, byte, kind) in mutations {
            let at = at.index(text.len());
            match kind {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                _ => text.truncate(at.max(1)),
            }
        }
        request.headers.insert("authorization", HeaderValue::from_bytes(&text).expect("visible"));
        let _ = request.authenticate(b"{}", "20150830T123600Z");
        prop_assume!(other_body != "{}");
        prop_assert!(request.authenticate(other_body.as_bytes(), "20150830T123600Z").is_err());
    }

    #[test]
    fn any_presigned_query_is_answered_without_a_panic(
        algorithm in "(AWS4-HMAC-SHA256|[-A-Za-z0-9%]{0,20})",
        credential in "(AKIDEXAMPLE/20150830/us-east-1/kinesis/aws4_request|[A-Za-z0-9/%]{0,30})",
        date in "(20150830T123600Z|[0-9TZ%]{0,20})",
        expires in "(300|-?[0-9]{0,30}|[a-z%]{0,4})",
        signed_headers in "(host|[a-z;%-]{0,20})",
        signature in "([0-9a-f]{64}|[0-9a-zA-Z%]{0,70})",
    ) {
        let uri = format!(
            "/?X-Amz-Algorithm={algorithm}&X-Amz-Credential={credential}&X-Amz-Date={date}&X-Amz-Expires={expires}\
             &X-Amz-SignedHeaders={signed_headers}&X-Amz-Signature={signature}"
        );
        let Ok(uri) = uri.parse() else { return Ok(()) };
        let headers = [(http::header::HOST, HeaderValue::from_static("localhost"))];
        let request = Request { method: Method::POST, uri, headers: headers.into_iter().collect() };
        prop_assert!(request.authenticate(b"", "20150830T123600Z").is_err());
    }
}
