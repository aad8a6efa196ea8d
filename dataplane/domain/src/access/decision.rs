//! The decision, and AWS's words for a refusal.
//! Rules: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.

use std::fmt;

use super::policy::Verdict;
use super::principal::Match;
use super::resource::account_of;
use super::{Caller, ResourcePolicy, UserArn};

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenialReason {
    /// The resource's policy denies it.
    ExplicitDeny,
    /// Nothing that the caller is allowed covers it.
    NoIdentityPolicy,
    /// The caller is of another account, and the resource's policy does not let it in.
    NoResourcePolicy,
}

/// A refusal. `Display` is the message of AWS's `AccessDeniedException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("User: {user_arn} is not authorized to perform: kinesis:{action} on resource: {resource_arn} {}", Because(*reason, action))]
pub struct Denial {
    /// Who asked.
    pub user_arn: UserArn,
    /// For what.
    pub action: String,
    /// On what.
    pub resource_arn: String,
    /// Why not.
    pub reason: DenialReason,
}

/// Decides whether the caller may perform an action, such as `PutRecord`, on a resource: an ARN, or
/// [`EVERY_RESOURCE`](super::EVERY_RESOURCE). `policy` is the resource's own.
///
/// An explicit deny wins. In the caller's own account one allow is enough, be it the caller's permission or the policy, if
/// that names the caller and not just the account. From another account both are needed.
pub fn decide(
    caller: &Caller,
    action: &str,
    resource_arn: &str,
    policy: Option<&ResourcePolicy>,
) -> Result<(), Denial> {
    let verdict = policy.map_or(Verdict::Silent, |policy| {
        policy.verdict(caller, action, resource_arn)
    });
    let by_identity = || caller.permissions().allow(action, resource_arn);
    let is_own_account =
        account_of(resource_arn).is_none_or(|account| account == caller.account().as_str());
    let reason = match verdict {
        Verdict::Denied => DenialReason::ExplicitDeny,
        Verdict::Allowed(Match::InPerson) if is_own_account => return Ok(()),
        _ if !by_identity() => DenialReason::NoIdentityPolicy,
        Verdict::Silent if !is_own_account => DenialReason::NoResourcePolicy,
        Verdict::Silent | Verdict::Allowed(_) => return Ok(()),
    };
    Err(Denial {
        user_arn: caller.user_arn().clone(),
        action: action.to_owned(),
        resource_arn: resource_arn.to_owned(),
        reason,
    })
}

struct Because<'a>(DenialReason, &'a str);

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(reason, action) = self;
        match reason {
            DenialReason::ExplicitDeny => {
                f.write_str("with an explicit deny in a resource-based policy")
            }
            DenialReason::NoIdentityPolicy => {
                write!(
                    f,
                    "because no identity-based policy allows the kinesis:{action} action"
                )
            }
            DenialReason::NoResourcePolicy => {
                write!(
                    f,
                    "because no resource-based policy allows the kinesis:{action} action"
                )
            }
        }
    }
}
