//! Where the pods of a cluster are, as it was told last.
//!
//! Names are asked of DNS only as long as nobody has told anything: a name that is asked for while its pod is being replaced
//! is remembered as missing, by resolvers in between, for up to half a minute after the pod is back.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use anabranch_domain::PodName;
use arc_swap::ArcSwapOption;

/// Addresses of shard pods.
#[derive(Debug)]
pub struct KnownAddresses {
    namespace: String,
    port: u16,
    pods: ArcSwapOption<HashMap<PodName, IpAddr>>,
}

impl KnownAddresses {
    /// Pods of `namespace`, which all answer on `port`; nothing is known of them yet.
    pub fn new(namespace: String, port: u16) -> Self {
        let pods = ArcSwapOption::const_empty();
        Self {
            namespace,
            port,
            pods,
        }
    }

    /// These are all pods that have an address now.
    pub fn replace(&self, pods: HashMap<PodName, IpAddr>) {
        self.pods.store(Some(pods.into()));
    }

    /// The pods that have an address now.
    pub fn pods(&self) -> Vec<PodName> {
        let known = self.pods.load();
        let known = known.iter().flat_map(|pods| pods.keys().cloned());
        known.collect()
    }

    /// The URL of a pod; none where it has no address at the moment.
    pub fn url(&self, pod: &PodName) -> Option<String> {
        if let Some(known) = &*self.pods.load() {
            let address = SocketAddr::new(*known.get(pod)?, self.port);
            Some(format!("http://{address}"))
        } else {
            let (set, namespace, port) = (pod.stateful_set(), &self.namespace, self.port);
            Some(format!("http://{pod}.{set}.{namespace}.svc:{port}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_asked_for_by_name_only_until_somebody_says_where_pods_are() {
        let known = KnownAddresses::new("streams".to_owned(), 4569);
        let url = |pod: &str| known.url(&pod.parse().expect("a pod's name"));
        let by_name = "http://clicks-shards-12.clicks-shards.streams.svc:4569";
        assert_eq!(url("clicks-shards-12").as_deref(), Some(by_name));
        let pod = |name: &str, address: &str| {
            let name = name.parse().expect("a pod's name");
            (name, address.parse().expect("an address"))
        };
        known.replace(HashMap::from([
            pod("clicks-shards-0", "10.0.0.7"),
            pod("clicks-shards-1", "fd00::7"),
        ]));
        assert_eq!(
            url("clicks-shards-0").as_deref(),
            Some("http://10.0.0.7:4569")
        );
        assert_eq!(
            url("clicks-shards-1").as_deref(),
            Some("http://[fd00::7]:4569")
        );
        assert_eq!(url("clicks-shards-12"), None, "it is being replaced");
    }
}
