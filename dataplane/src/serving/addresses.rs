//! Where a pod answers: names to addresses. Pure.

use anabranch_domain::PodName;

/// Where shard pods answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PodAddresses {
    /// In a cluster: by the name that a `StatefulSet`'s headless Service, named as the set is, gives each of its pods.
    Service {
        /// The namespace of every pod.
        namespace: String,
        /// The port that they all answer on.
        port: u16,
    },
    /// At addresses that are given one by one: what tests and a laptop with several processes use.
    Listed(Vec<(PodName, String)>),
}

impl PodAddresses {
    /// The URL of a pod; none where it is not listed.
    pub fn url(&self, pod: &PodName) -> Option<String> {
        match self {
            Self::Service { namespace, port } => {
                let set = pod.stateful_set();
                Some(format!("http://{pod}.{set}.{namespace}.svc:{port}"))
            }
            Self::Listed(pods) => {
                let listed = pods.iter().find(|(name, _)| name == pod);
                listed.map(|(_, address)| format!("http://{address}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_of_a_set_is_found_by_its_sets_service() {
        let addresses = PodAddresses::Service {
            namespace: "streams".to_owned(),
            port: 4569,
        };
        let pod: PodName = "clicks-shards-12".parse().expect("a pod's name");
        assert_eq!(
            addresses.url(&pod).as_deref(),
            Some("http://clicks-shards-12.clicks-shards.streams.svc:4569")
        );
    }

    #[test]
    fn a_pod_that_is_not_listed_is_nowhere() {
        let listed = vec![("a-0".parse().expect("a name"), "127.0.0.1:1".to_owned())];
        let addresses = PodAddresses::Listed(listed);
        let url = |pod: &str| addresses.url(&pod.parse().expect("a name"));
        assert_eq!(url("a-0").as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(url("a-1"), None);
    }
}
