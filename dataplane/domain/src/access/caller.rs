//! Who makes a request, once the signature has shown it.

use std::fmt;
use std::sync::Arc;

use super::Permissions;
use crate::AccountId;

/// A name that no IAM user can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("user name '{0}' must be 1 to 64 letters, digits or any of + = , . @ _ -")]
pub struct InvalidUserArn(String);

/// `arn:aws:iam::123456789012:user/alice`, or the account's root.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserArn {
    text: Arc<str>,
    is_root: bool,
}

impl UserArn {
    /// A user of an account.
    pub fn user(account: AccountId, name: &str) -> Result<Self, InvalidUserArn> {
        let may_stand_in_a_name = |byte: u8| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'+' | b'=' | b',' | b'.' | b'@' | b'_' | b'-')
        };
        if name.is_empty() || name.len() > 64 || !name.bytes().all(may_stand_in_a_name) {
            return Err(InvalidUserArn(name.to_owned()));
        }
        Ok(Self {
            text: format!("arn:aws:iam::{account}:user/{name}").into(),
            is_root: false,
        })
    }

    /// The account itself.
    pub fn root(account: AccountId) -> Self {
        Self {
            text: format!("arn:aws:iam::{account}:root").into(),
            is_root: true,
        }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn is_root(&self) -> bool {
        self.is_root
    }
}

impl fmt::Display for UserArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Who makes a request. Cheap to clone: one is handed to every request.
#[derive(Debug, Clone)]
pub struct Caller {
    account: AccountId,
    user_arn: UserArn,
    permissions: Arc<Permissions>,
}

impl Caller {
    /// A user of an account, with what it is allowed.
    pub fn user(
        account: AccountId,
        name: &str,
        permissions: Permissions,
    ) -> Result<Self, InvalidUserArn> {
        let user_arn = UserArn::user(account, name)?;
        Ok(Self {
            account,
            user_arn,
            permissions: Arc::new(permissions),
        })
    }

    /// The account itself, allowed everything: whoever calls a server that asks for no credentials.
    pub fn root(account: AccountId) -> Self {
        let user_arn = UserArn::root(account);
        Self {
            account,
            user_arn,
            permissions: Arc::new(Permissions::everything()),
        }
    }

    /// The account it belongs to.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Its ARN.
    pub fn user_arn(&self) -> &UserArn {
        &self.user_arn
    }

    /// Whether nothing needs to be decided about it: every action on a resource of `account` that has no policy of its own
    /// is allowed.
    pub fn is_unlimited_in(&self, account: AccountId) -> bool {
        self.account == account && self.permissions.are_unlimited()
    }

    /// What it is allowed by itself.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}
