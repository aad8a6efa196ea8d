//! The conditions of a statement. Only those that can be decided from who calls are known; any other makes a policy
//! invalid, because ignoring it would allow more than its author wrote.

use super::{Caller, glob};

const OPERATORS: &str = "StringEquals, StringNotEquals, StringLike, StringNotLike, ArnEquals, ArnNotEquals, ArnLike, ArnNotLike";
const KEYS: &str = "aws:PrincipalArn, aws:PrincipalAccount";

/// A condition that cannot be enforced here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCondition {
    /// An operator we do not know.
    #[error("condition operator '{0}' is not supported; supported are {OPERATORS}")]
    Operator(String),
    /// A key we do not know.
    #[error("condition key '{0}' is not supported; supported are {KEYS}")]
    Key(String),
    /// No value to compare with.
    #[error("condition '{0}' has no values")]
    Empty(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    PrincipalArn,
    PrincipalAccount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Like,
}

/// One comparison: true if the key's value is (or, negated, is not) like any of the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    comparison: Comparison,
    negated: bool,
    key: Key,
    values: Vec<String>,
}

impl Condition {
    pub(super) fn parse(
        operator: &str,
        key: &str,
        values: Vec<String>,
    ) -> Result<Self, InvalidCondition> {
        let (comparison, negated) = match operator {
            "StringEquals" => (Comparison::Equal, false),
            "StringNotEquals" => (Comparison::Equal, true),
            // IAM lets both ARN operators have wildcards.
            "StringLike" | "ArnEquals" | "ArnLike" => (Comparison::Like, false),
            "StringNotLike" | "ArnNotEquals" | "ArnNotLike" => (Comparison::Like, true),
            _ => return Err(InvalidCondition::Operator(operator.to_owned())),
        };
        let key = match key.to_ascii_lowercase().as_str() {
            "aws:principalarn" => Key::PrincipalArn,
            "aws:principalaccount" => Key::PrincipalAccount,
            _ => return Err(InvalidCondition::Key(key.to_owned())),
        };
        if values.is_empty() {
            return Err(InvalidCondition::Empty(operator.to_owned()));
        }
        Ok(Self {
            comparison,
            negated,
            key,
            values,
        })
    }

    pub(super) fn holds(&self, caller: &Caller) -> bool {
        let account = caller.account();
        let actual = match self.key {
            Key::PrincipalArn => caller.user_arn().as_str(),
            Key::PrincipalAccount => account.as_str(),
        };
        let equal = |value: &String| match self.comparison {
            Comparison::Equal => value == actual,
            Comparison::Like => glob::matches(value, actual),
        };
        self.values.iter().any(equal) != self.negated
    }
}
