//! Whether the pool's volumes are as large as wished, and what is to be done about those that are not. Pure.
//!
//! A `StatefulSet`'s claim templates cannot be changed: its claims are grown one by one, and then the set is made anew around
//! its pods, which do not notice.

use anabranch_crds::quantity::bytes;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::ResourceExt as _;

/// What is to be done for a pool's volumes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Growth {
    /// Claims that ask for less than is wished.
    pub(super) grow: Vec<String>,
    /// Claims that ask for enough and have not got it yet.
    pub(super) growing: Vec<String>,
    /// Whether the set's template says another size than is wished.
    pub(super) is_set_old: bool,
}

/// Compares what is with the wished size. Claims are never made smaller.
pub(super) fn growth(
    wished: &str,
    set: Option<&StatefulSet>,
    claims: &[PersistentVolumeClaim],
) -> Growth {
    let mut growth = Growth {
        is_set_old: template_size(set).is_some_and(|size| bytes(&size) != bytes(wished)),
        ..Growth::default()
    };
    let Some(wished) = bytes(wished) else {
        return growth;
    };
    for claim in claims {
        if requested(claim).is_some_and(|size| size < wished) {
            growth.grow.push(claim.name_any());
        } else if capacity(claim).is_some_and(|size| size < wished) {
            growth.growing.push(claim.name_any());
        }
    }
    growth
}

/// The size that the set gives to claims of new pods.
pub(super) fn template_size(set: Option<&StatefulSet>) -> Option<String> {
    let templates = set?.spec.volume_claim_templates.as_ref()?;
    let requests = templates.first()?.spec.as_ref()?.resources.as_ref()?;
    Some(requests.requests.as_ref()?.get("storage")?.0.clone())
}

fn requested(claim: &PersistentVolumeClaim) -> Option<u128> {
    let resources = claim.spec.as_ref()?.resources.as_ref()?;
    bytes(&resources.requests.as_ref()?.get("storage")?.0)
}

fn capacity(claim: &PersistentVolumeClaim) -> Option<u128> {
    bytes(&claim.status.as_ref()?.capacity.as_ref()?.get("storage")?.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claim(name: &str, asks: &str, has: &str) -> PersistentVolumeClaim {
        serde_json::from_value(json!({
            "metadata": { "name": name },
            "spec": { "resources": { "requests": { "storage": asks } } },
            "status": { "capacity": { "storage": has } },
        }))
        .expect("a claim")
    }

    fn set(size: &str) -> StatefulSet {
        let template = json!({ "spec": { "resources": { "requests": { "storage": size } } } });
        serde_json::from_value(json!({
            "spec": { "selector": {}, "template": {}, "volumeClaimTemplates": [template] },
        }))
        .expect("a set")
    }

    #[test]
    fn claims_grow_and_never_shrink_and_a_set_of_another_size_is_made_anew() {
        let claims = [
            claim("data-0", "10Gi", "10Gi"),
            claim("data-1", "20Gi", "10Gi"),
            claim("data-2", "20480Mi", "20Gi"),
            claim("data-3", "30Gi", "30Gi"),
        ];
        let growth = growth("20Gi", Some(&set("10Gi")), &claims);
        assert_eq!(growth.grow, ["data-0"]);
        assert_eq!(growth.growing, ["data-1"]);
        assert!(growth.is_set_old);
    }

    #[test]
    fn a_size_that_is_spelt_in_another_way_is_the_same_size() {
        assert!(!growth("20Gi", Some(&set("20480Mi")), &[]).is_set_old);
        assert!(!growth("20Gi", None, &[]).is_set_old, "there is no set yet");
    }
}
