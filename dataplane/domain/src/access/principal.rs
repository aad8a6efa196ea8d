//! Whom a statement is about.

use super::Caller;
use crate::AccountId;

/// A text that can be no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrincipal {
    /// Not one of the forms that there are.
    #[error(
        "principal '{0}' must be '*', an account (123456789012 or arn:aws:iam::123456789012:root) or the ARN of a user \
         or role"
    )]
    Form(String),
    /// Only the whole may be a wildcard.
    #[error("principal '{0}' has a wildcard inside; only '*' alone is allowed")]
    Wildcard(String),
}

/// Whom a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Principal {
    /// Everybody.
    Everybody,
    /// An account, which may pass on to its users what it is allowed.
    Account(AccountId),
    /// One identity, by its ARN.
    Identity(String),
    /// An AWS service or another kind of principal: nobody who can call us is one, so it matches nobody.
    Nobody,
}

/// How a statement is about a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Match {
    /// By way of its account: that allows only what the account's own permissions also allow.
    ByAccount,
    /// In person.
    InPerson,
}

impl Principal {
    /// Reads one value of `"AWS"`.
    pub(super) fn parse_aws(text: &str) -> Result<Self, InvalidPrincipal> {
        if text == "*" {
            return Ok(Self::Everybody);
        }
        if text.contains(['*', '?']) {
            return Err(InvalidPrincipal::Wildcard(text.to_owned()));
        }
        let invalid = || InvalidPrincipal::Form(text.to_owned());
        if let Ok(account) = text.parse() {
            return Ok(Self::Account(account));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "iam" | "sts", "", account, resource] = parts[..] else {
            return Err(invalid());
        };
        let account: AccountId = account.parse().map_err(|_| invalid())?;
        let is_identity = ["user/", "role/", "assumed-role/", "federated-user/"]
            .iter()
            .any(|kind| {
                resource
                    .strip_prefix(kind)
                    .is_some_and(|name| !name.is_empty())
            });
        match resource {
            "root" => Ok(Self::Account(account)),
            _ if is_identity && !partition.is_empty() => Ok(Self::Identity(text.to_owned())),
            _ => Err(invalid()),
        }
    }

    /// Whether, and how, the statement is about this caller.
    pub(super) fn matches(&self, caller: &Caller) -> Option<Match> {
        match self {
            Self::Everybody => Some(Match::InPerson),
            Self::Account(account) if *account != caller.account() => None,
            Self::Account(_) if caller.user_arn().is_root() => Some(Match::InPerson),
            Self::Account(_) => Some(Match::ByAccount),
            Self::Identity(arn) => (arn == caller.user_arn().as_str()).then_some(Match::InPerson),
            Self::Nobody => None,
        }
    }
}
