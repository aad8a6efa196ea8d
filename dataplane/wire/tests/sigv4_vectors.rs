//! Requests that botocore signed (`sigv4/generate.py`) are accepted, and none of them once a byte is changed. Requests that
//! we sign with the same headers get the signature that botocore gave them.

use anabranch_wire::sigv4::{
    AmzDate, RequestHead, Scope, SecretKey, SignatureError, Signer, SigningCredentials, Verifier,
    parse,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Deserialize;

#[derive(Deserialize)]
struct Document {
    access_key_id: String,
    secret: String,
    region: String,
    now: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    service: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

fn document() -> Document {
    serde_json::from_str(include_str!("sigv4/vectors.json")).expect("generated")
}

impl Document {
    fn now(&self) -> AmzDate {
        AmzDate::parse(&self.now).expect("generated")
    }

    fn scope(&self, vector: &Vector) -> Scope {
        match vector.service.as_str() {
            "kinesis" => Scope::kinesis(&self.region),
            _ => Scope::of_service(&self.region, "service"),
        }
    }

    fn verify(&self, vector: &Vector, body: &[u8]) -> Result<(), SignatureError> {
        let (method, uri, headers) = (vector.method(), vector.uri(), vector.headers());
        let head = RequestHead {
            method: &method,
            uri: &uri,
            headers: &headers,
        };
        let verifier = Verifier::new(self.scope(vector), Verifier::CLOCK_SKEW);
        let authorization = parse(&head)?;
        let claim = verifier.check(&authorization, &head, self.now())?;
        assert_eq!(claim.access_key_id(), self.access_key_id);
        verifier.verify(&claim, &head, body, &SecretKey::new(&self.secret))
    }
}

impl Vector {
    fn method(&self) -> Method {
        self.method.parse().expect("generated")
    }

    fn uri(&self) -> Uri {
        self.target.parse().expect("generated")
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name).expect("generated");
            headers.append(name, HeaderValue::from_str(value).expect("generated"));
        }
        headers
    }

    fn body(&self) -> Vec<u8> {
        hex::decode(&self.body).expect("generated")
    }
}

#[test]
fn what_botocore_signs_is_accepted() {
    let document = document();
    for vector in &document.vectors {
        assert_eq!(
            document.verify(vector, &vector.body()),
            Ok(()),
            "{}",
            vector.name
        );
    }
}

#[test]
fn another_body_is_refused_unless_the_body_is_not_signed() {
    let document = document();
    for vector in &document.vectors {
        let unsigned = vector.name.contains("not signed");
        let verdict = document.verify(vector, b"another body");
        assert_eq!(verdict.is_ok(), unsigned, "{}", vector.name);
    }
}

#[test]
fn our_signature_is_botocores() {
    let document = document();
    let mut compared = 0;
    for vector in &document.vectors {
        let mut headers = vector.headers();
        let Some(expected) = headers.remove("authorization") else {
            continue;
        };
        let expected = expected.to_str().expect("generated");
        if expected.contains("my-header") || headers.contains_key("x-amz-content-sha256") {
            continue; // Headers that our client never sends, so its signer does not cover them.
        }
        let session_token = headers.remove("x-amz-security-token");
        let credentials = SigningCredentials {
            access_key_id: document.access_key_id.clone(),
            secret: SecretKey::new(&document.secret),
            session_token: session_token.map(|token| token.to_str().expect("generated").to_owned()),
        };
        Signer::new(credentials, document.scope(vector))
            .sign(
                &vector.method(),
                &vector.uri(),
                &mut headers,
                &vector.body(),
                document.now(),
            )
            .expect("plain texts");
        assert_eq!(headers["authorization"], expected, "{}", vector.name);
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} vectors were compared");
}
