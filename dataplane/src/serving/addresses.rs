//! Where a pod answers: names to addresses.

use std::sync::Arc;

use anabranch_domain::PodName;

use super::KnownAddresses;

/// Where shard pods answer.
#[derive(Debug, Clone)]
pub enum PodAddresses {
    /// In a cluster: as it says where its pods are.
    Known(Arc<KnownAddresses>),
    /// At addresses that are given one by one: what tests and a laptop with several processes use.
    Listed(Vec<(PodName, String)>),
}

impl PodAddresses {
    /// The URL of a pod; none where it is not listed.
    pub fn url(&self, pod: &PodName) -> Option<String> {
        match self {
            Self::Known(known) => known.url(pod),
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
    fn a_pod_that_is_not_listed_is_nowhere() {
        let listed = vec![("a-0".parse().expect("a name"), "127.0.0.1:1".to_owned())];
        let addresses = PodAddresses::Listed(listed);
        let url = |pod: &str| addresses.url(&pod.parse().expect("a name"));
        assert_eq!(url("a-0").as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(url("a-1"), None);
    }
}
