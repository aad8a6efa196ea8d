//! Where shard pods are, by the endpoints of their pools' Services.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use anabranch_domain::PodName;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::ResourceExt as _;
use kube::runtime::watcher::Config;

use super::watching::follow_all;

/// A slice has the labels of its Service.
const SELECTOR: &str = "app.kubernetes.io/name=anabranch,app.kubernetes.io/component=shard";

/// Tells where all shard pods of `namespace` are whenever one moves.
pub async fn follow_pod_addresses(
    client: kube::Client,
    namespace: &str,
    tell: impl Fn(HashMap<PodName, IpAddr>),
) {
    let api: kube::Api<EndpointSlice> = kube::Api::namespaced(client, namespace);
    let config = Config::default().labels(SELECTOR);
    let tell = |all: &BTreeMap<_, Vec<_>>| tell(all.values().flatten().cloned().collect());
    follow_all(
        api,
        config,
        "endpoints",
        EndpointSlice::name_any,
        addresses,
        tell,
    )
    .await;
}

/// The pods of one slice. One that is leaving goes first, so that its successor of the same name is the one that counts.
fn addresses(slice: &EndpointSlice) -> Vec<(PodName, IpAddr)> {
    let is_leaving = |endpoint: &k8s_openapi::api::discovery::v1::Endpoint| {
        let conditions = endpoint.conditions.as_ref();
        conditions.and_then(|it| it.terminating).unwrap_or(false)
    };
    let mut endpoints: Vec<_> = slice.endpoints.iter().flatten().collect();
    endpoints.sort_by_key(|endpoint| !is_leaving(endpoint));
    let pods = endpoints.into_iter().filter_map(|endpoint| {
        let pod = endpoint.hostname.as_deref()?.parse().ok()?;
        let address = endpoint.addresses.first()?.parse().ok()?;
        Some((pod, address))
    });
    pods.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_pods_of_a_name_the_one_that_stays_counts() {
        let slice: EndpointSlice = serde_json::from_value(serde_json::json!({
            "addressType": "IPv4",
            "metadata": { "name": "clicks-shards-x7" },
            "endpoints": [
                { "addresses": ["10.0.0.2"], "hostname": "clicks-shards-0" },
                { "addresses": ["10.0.0.1"], "hostname": "clicks-shards-0", "conditions": { "terminating": true } },
                { "addresses": ["10.0.0.3"], "hostname": "clicks-shards-1", "conditions": { "ready": false } },
                { "addresses": ["10.0.0.4"] },
            ],
        }))
        .expect("a slice");
        let found: HashMap<_, _> = addresses(&slice).into_iter().collect();
        let at = |pod: &str| {
            let pod: PodName = pod.parse().expect("a pod's name");
            found.get(&pod).map(ToString::to_string)
        };
        assert_eq!(at("clicks-shards-0").as_deref(), Some("10.0.0.2"));
        assert_eq!(at("clicks-shards-1").as_deref(), Some("10.0.0.3"));
        assert_eq!(found.len(), 2);
    }
}
