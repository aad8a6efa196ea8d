//! What a credentials file may say, and what its author is told when it says something else.

use anabranch_domain::access::decide;
use proptest::prelude::*;

use super::*;

const STREAM: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";

fn parse(text: &str) -> Result<AccessKeys, CredentialsError> {
    CredentialsFile::new("keys.yaml", "000000000000".parse().expect("an account")).parse(text)
}

fn refusal(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

#[test]
fn a_key_that_says_no_more_may_do_everything_in_the_nodes_account() {
    let keys = parse("- accessKeyId: AKIDEXAMPLE\n  secretAccessKey: a secret of some length")
        .expect("valid");
    let key = keys.get("AKIDEXAMPLE").expect("there");
    assert_eq!(
        key.caller.user_arn().as_str(),
        "arn:aws:iam::000000000000:user/AKIDEXAMPLE"
    );
    assert!(decide(&key.caller, "DeleteStream", STREAM, None).is_ok());
    assert_eq!(keys.len(), 1);
}

#[test]
fn a_key_may_name_its_account_its_user_and_what_it_is_allowed() {
    let keys = parse(
        r#"
- accessKeyId: A
  secretAccessKey: "12345678"
  accountId: 000000000000
  userName: alice
  allow:
    - actions: [kinesis:PutRecord*]
      streams: [orders, "arn:aws:kinesis:*:*:stream/payments"]
- accessKeyId: B
  secretAccessKey: "abcdefgh"
  accountId: "111122223333"
  allow: []
"#,
    )
    .expect("valid");
    let alice = &keys.get("A").expect("there").caller;
    assert_eq!(
        alice.user_arn().as_str(),
        "arn:aws:iam::000000000000:user/alice"
    );
    assert!(decide(alice, "PutRecords", STREAM, None).is_ok());
    assert!(decide(alice, "GetRecords", STREAM, None).is_err());
    let other = &keys.get("B").expect("there").caller;
    assert_eq!(other.account().as_str(), "111122223333");
    assert!(!other.permissions().allow("PutRecord", STREAM));
}

#[test]
fn mistakes_are_told_with_file_place_and_what_to_write() {
    let key = "- accessKeyId: A\n  secretAccessKey: abcdefgh\n";
    let table = [
        (
            String::new(),
            "keys.yaml has no access keys, so nobody could call; write at least one:\n\
             - accessKeyId: AKIDEXAMPLE\n  secretAccessKey: at least eight characters",
        ),
        (
            "- accessKeyId: A\n".to_owned(),
            "keys.yaml: .[0]: missing field `secretAccessKey` at line 1 column 3",
        ),
        (
            "- accessKeyId: A\n  secretAccessKey: short\n".to_owned(),
            "keys.yaml: .[0].secretAccessKey: secretAccessKey must have at least 8 characters; `openssl rand -base64 30` \
             makes a good one at line 2 column 20",
        ),
        (
            "- accessKeyId: A\n  secretAccessKey: 1234567890\n".to_owned(),
            "keys.yaml: .[0].secretAccessKey: secretAccessKey must be text: put it in quotes at line 2 column 20",
        ),
        (
            format!("{key}  accountId: 12345\n  userName: a\n"),
            "keys.yaml: .[0].accountId: invalid value: string \"12345\", expected an accountId of 12 digits",
        ),
        (
            format!("{key}  allow:\n    - actions: [PutRecord]\n      streams: ['*']\n"),
            "keys.yaml: .[0]: allow, rule 1: action 'PutRecord' must be '*' or begin with 'kinesis:'",
        ),
        (
            format!("{key}  allow:\n"),
            "allow is empty; leave it out to allow everything, or write `allow: []`",
        ),
        (
            format!("{key}  allowed: []\n"),
            "keys.yaml: .[0]: unknown field `allowed`, expected one of `accessKeyId`",
        ),
        (
            format!("{key}{key}"),
            "keys.yaml: access key 'A' is there twice (keys 1 and 2); ids must differ",
        ),
        (
            format!("{key}  userName: a b\n"),
            "keys.yaml: key 1 ('A'): user name 'a b' must be 1 to 64 letters, digits or any of + = , . @ _ -; set userName",
        ),
        (
            "- accessKeyId: A/B\n  secretAccessKey: abcdefgh\n".to_owned(),
            "keys.yaml: .[0].accessKeyId: invalid value: string \"A/B\", expected an accessKeyId: 1 to 128 letters, \
             digits or any of _ - . at line 1 column 16",
        ),
        (
            "keys: []\n".to_owned(),
            "keys.yaml: invalid type: map, expected a sequence",
        ),
    ];
    let wrong: Vec<String> = table
        .iter()
        .map(|(text, expected)| (refusal(text), expected))
        .filter(|(refusal, expected)| !refusal.contains(*expected))
        .map(|(refusal, expected)| format!("told: {refusal}\nexpected: {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn account_ids_of_the_wrong_length_are_refused() {
    let account = "accountId: 12345";
    let refusal = refusal(&format!(
        "- accessKeyId: A\n  secretAccessKey: abcdefgh\n  {account}6789012345\n"
    ));
    assert!(refusal.contains("12 digits"), "{refusal}");
}

#[test]
fn no_secret_is_shown() {
    let keys = parse("- accessKeyId: A\n  secretAccessKey: the secret\n").expect("valid");
    assert!(!format!("{keys:?}").contains("the secret"));
}

#[test]
fn a_missing_file_is_named() {
    let file = CredentialsFile::new(
        "/nowhere/keys.yaml",
        "000000000000".parse().expect("an account"),
    );
    assert_eq!(
        file.load().expect_err("missing").to_string(),
        "read the credentials file /nowhere/keys.yaml"
    );
}

#[test]
fn keys_of_secrets_are_taken_one_by_one_and_a_bad_one_spoils_no_other() {
    let keys = SharedKeys::new("000000000000".parse().expect("an account"));
    let secret = |id: &str, secret: &str| serde_json::json!({ "accessKeyId": id, "secretAccessKey": secret });
    keys.replace([
        ("one".to_owned(), secret("AKIDONE", "long-enough")),
        ("short".to_owned(), secret("AKIDTWO", "short")),
        ("empty".to_owned(), serde_json::json!({})),
        (
            "limited".to_owned(),
            serde_json::json!({
                "accessKeyId": "AKIDTHREE",
                "secretAccessKey": "long-enough",
                "userName": "reader",
                "allow": "- actions: [kinesis:GetRecords]\n  streams: [clicks]",
            }),
        ),
    ]);
    let source = KeySource::Shared(std::sync::Arc::new(keys));
    let current = source.current();
    assert_eq!(current.len(), 2);
    assert!(current.get("AKIDONE").is_some() && current.get("AKIDTHREE").is_some());
}

#[test]
fn a_line_that_runs_into_its_key_is_told_without_the_secret() {
    let told = refusal("- accessKeyId: A\n  secretAccessKey \"s3cr3t-text\"  accountId: \"1\"");
    assert!(told.contains("unknown field (not shown"), "{told}");
    assert!(
        told.contains("expected one of `accessKeyId`") && !told.contains("s3cr3t"),
        "{told}"
    );
    let told = refusal("- accessKeyId: A\n  secretAccesKey: abcdefgh");
    assert!(told.contains("unknown field `secretAccesKey`"), "{told}");
}

const WHOLE: &str = r#"
- accessKeyId: A
  secretAccessKey: "s3cr3t-text"
  accountId: "000000000000"
  userName: alice
  allow:
    - actions: [kinesis:PutRecord*]
      streams: [orders, "arn:aws:kinesis:*:*:stream/payments"]
"#;

proptest! {
    #[test]
    fn any_text_is_keys_or_an_error_that_tells_no_secret(text in "[-:{}\\[\\]\"' \n#&*!|>%@a-zA-Z0-9]{0,120}") {
        let _ = parse(&text);
    }

    #[test]
    fn a_mutated_file_is_keys_or_an_error_that_tells_no_secret(
        mutations in prop::collection::vec((any::<prop::sample::Index>(), 0x09_u8..0x7f, 0_u8..3), 1..6),
    ) {
        let mut bytes = WHOLE.as_bytes().to_vec();
        for (at, byte, kind) in mutations {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        let text = String::from_utf8(bytes).expect("ASCII");
        if let Err(error) = parse(&text) {
            prop_assert!(!error.to_string().contains("s3cr3t-text"), "{}", error);
        }
    }
}
