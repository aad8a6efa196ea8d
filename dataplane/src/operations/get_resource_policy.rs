//! `GetResourcePolicy`: who else may do what to a stream or consumer.

use anabranch_domain::access::Caller;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{GetResourcePolicyInput, GetResourcePolicyOutput};

use super::Services;
use super::addressing::{self, Resource};

/// What AWS shows where there is no policy.
const NO_POLICY: &str = "{}";

pub(super) fn execute(
    services: &Services,
    _: &Caller,
    input: &GetResourcePolicyInput,
) -> Result<GetResourcePolicyOutput, ApiError> {
    let policy = match addressing::resource(&services.snapshot(), &input.resource_arn)? {
        Resource::Stream(stream) => stream.resource_policy.clone(),
        Resource::Consumer(found) => found.consumer.resource_policy.clone(),
    };
    Ok(GetResourcePolicyOutput {
        policy: policy.unwrap_or_else(|| NO_POLICY.to_owned()),
    })
}
