//! The YAML of a credentials file. Whatever is wrong with a value is found while it is read, because only then is it known
//! in which line it stands. No type here is `Debug`: they hold secrets.

use anabranch_domain::AccountId;
use anabranch_domain::access::Rule;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// The shortest secret: shorter ones are guessed.
const SECRET_CHARS_MIN: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeyDocument {
    #[serde(deserialize_with = "access_key_id")]
    pub(super) access_key_id: String,
    #[serde(deserialize_with = "secret")]
    pub(super) secret_access_key: String,
    #[serde(default, deserialize_with = "account_id")]
    pub(super) account_id: Option<AccountId>,
    pub(super) user_name: Option<String>,
    #[serde(default, deserialize_with = "rules")]
    pub(super) allow: Option<Vec<Rule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleDocument {
    actions: Vec<String>,
    streams: Vec<String>,
}

fn rules<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Rule>>, D::Error> {
    // `allow:` with nothing behind it is a slip, and must not mean everything.
    let documents = Option::<Vec<RuleDocument>>::deserialize(deserializer)?.ok_or_else(|| {
        D::Error::custom(
            "allow is empty; leave it out to allow everything, or write `allow: []` to allow nothing",
        )
    })?;
    let rules = (1..).zip(documents).map(|(number, document)| {
        Rule::parse(&document.actions, &document.streams)
            .map_err(|error| D::Error::custom(format_args!("allow, rule {number}: {error}")))
    });
    rules.collect::<Result<_, _>>().map(Some)
}

fn access_key_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(AccessKeyIdVisitor)
}

/// By hand, so that the error stands where the value does and not where its map begins.
struct AccessKeyIdVisitor;

impl Visitor<'_> for AccessKeyIdVisitor {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an accessKeyId: 1 to 128 letters, digits or any of _ - .")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        let may_stand_in_an_id =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if (1..=128).contains(&text.len()) && text.bytes().all(may_stand_in_an_id) {
            Ok(text.to_owned())
        } else {
            Err(E::invalid_value(Unexpected::Str(text), &self))
        }
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_any(SecretVisitor)
}

/// By hand, because the usual error shows the value that it did not expect.
struct SecretVisitor;

const NOT_TEXT: &str = "secretAccessKey must be text: put it in quotes";

impl Visitor<'_> for SecretVisitor {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a secretAccessKey in quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        if text.chars().count() < SECRET_CHARS_MIN {
            return Err(E::custom(format_args!(
                "secretAccessKey must have at least {SECRET_CHARS_MIN} characters; `openssl rand -base64 30` makes a good one"
            )));
        }
        Ok(text.to_owned())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<String, E> {
        Err(E::custom(NOT_TEXT))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<String, E> {
        Err(E::custom(NOT_TEXT))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<String, E> {
        Err(E::custom(NOT_TEXT))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<String, E> {
        Err(E::custom(NOT_TEXT))
    }
}

fn account_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AccountId>, D::Error> {
    deserializer.deserialize_any(AccountVisitor).map(Some)
}

/// Takes twelve digits with or without quotes. Without them YAML makes a number of those that do not begin with a zero.
struct AccountVisitor;

impl Visitor<'_> for AccountVisitor {
    type Value = AccountId;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an accountId of 12 digits in quotes, such as \"123456789012\"")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<AccountId, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<AccountId, E> {
        text.parse()
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}
