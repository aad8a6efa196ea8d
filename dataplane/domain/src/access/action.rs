//! `kinesis:PutRecord*`: the actions that a permission or a statement is about.

use std::fmt;

use super::glob;

const SERVICE: &str = "kinesis";

/// A text that names no action of Kinesis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "action '{0}' must be '*' or begin with 'kinesis:', such as 'kinesis:PutRecord' or 'kinesis:Get*'"
)]
pub struct InvalidActionPattern(String);

/// Actions of Kinesis, with wildcards. As in IAM, letters count without their case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionPattern {
    /// What follows `kinesis:`.
    name: String,
}

impl ActionPattern {
    /// Reads `*` or `kinesis:` and a name with wildcards.
    pub fn parse(text: &str) -> Result<Self, InvalidActionPattern> {
        let name = match text.split_once(':') {
            None if text == "*" => Some("*"),
            Some((service, name)) if service.eq_ignore_ascii_case(SERVICE) => Some(name),
            _ => None,
        };
        name.filter(|name| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'?'))
        })
        .map(|name| Self {
            name: name.to_owned(),
        })
        .ok_or_else(|| InvalidActionPattern(text.to_owned()))
    }

    /// Whether this action, such as `PutRecord`, is one of them.
    pub fn matches(&self, action: &str) -> bool {
        glob::matches_ignoring_case(&self.name, action)
    }
}

impl fmt::Display for ActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SERVICE}:{}", self.name)
    }
}
