//! A membership as bytes: `joint count u8 ‖ (voter count u16 ‖ node u64 …) … ‖ learner count u16 ‖ node u64 … ‖ hosts`,
//! numbers big-endian, where `hosts = nothing | host count u16 ‖ (node u64 ‖ pod length u8 ‖ pod) …`.
//!
//! A replica is known by the number of its disk; the pod says where to look for it.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_domain::PodName;
use bytes::{Buf, BufMut};

use super::types::{Host, Membership};

pub(super) fn encode_membership(membership: &Membership) -> Vec<u8> {
    let mut bytes = Vec::new();
    let configs = membership.get_joint_config();
    bytes.put_u8(u8::try_from(configs.len()).expect("a joint membership has two halves"));
    for voters in configs {
        put_nodes(&mut bytes, voters.iter().copied());
    }
    put_nodes(&mut bytes, membership.learner_ids());
    put_hosts(&mut bytes, membership);
    bytes
}

fn put_hosts(bytes: &mut Vec<u8>, membership: &Membership) {
    let hosts = membership.nodes();
    let hosts: Vec<_> = hosts
        .filter_map(|(node, host)| host.0.as_ref().map(|pod| (*node, pod.as_str())))
        .collect();
    if hosts.is_empty() {
        return;
    }
    bytes.put_u16(u16::try_from(hosts.len()).expect("a group has a handful of nodes"));
    for (node, pod) in hosts {
        bytes.put_u64(node);
        bytes.put_u8(u8::try_from(pod.len()).expect("a pod's name is a DNS name"));
        bytes.put_slice(pod.as_bytes());
    }
}

fn get_hosts(bytes: &mut &[u8]) -> Option<Vec<(u64, Host)>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let count = bytes.try_get_u16().ok()?;
    let host = |_| {
        let node = bytes.try_get_u64().ok()?;
        let len = usize::from(bytes.try_get_u8().ok()?);
        let (pod, rest) = bytes.split_at_checked(len)?;
        *bytes = rest;
        let pod: PodName = std::str::from_utf8(pod).ok()?.parse().ok()?;
        Some((node, Host(Some(pod))))
    };
    (0..count).map(host).collect()
}

pub(super) fn decode_membership(mut bytes: &[u8]) -> Option<Membership> {
    let configs = bytes.try_get_u8().ok()?;
    let voters = (0..configs)
        .map(|_| get_nodes(&mut bytes))
        .collect::<Option<Vec<_>>>()?;
    let learners = get_nodes(&mut bytes)?;
    let hosts = get_hosts(&mut bytes).filter(|_| bytes.is_empty())?;
    if hosts.is_empty() {
        return Some(Membership::new_with_defaults(voters, learners));
    }
    let all = voters.iter().flatten().chain(&learners);
    let mut nodes: BTreeMap<u64, Host> = all.map(|node| (*node, Host::default())).collect();
    for (node, host) in hosts {
        *nodes.get_mut(&node)? = host;
    }
    Membership::new(voters, nodes).ok()
}

fn put_nodes(bytes: &mut Vec<u8>, nodes: impl Iterator<Item = u64>) {
    let nodes: Vec<u64> = nodes.collect();
    bytes.put_u16(u16::try_from(nodes.len()).expect("a group has a handful of nodes"));
    for node in nodes {
        bytes.put_u64(node);
    }
}

fn get_nodes(bytes: &mut &[u8]) -> Option<BTreeSet<u64>> {
    let count = bytes.try_get_u16().ok()?;
    (0..count).map(|_| bytes.try_get_u64().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joint_membership_with_learners_goes_round() {
        let voters = vec![BTreeSet::from([1, 2, 3]), BTreeSet::from([2, 3, 4])];
        let membership = Membership::new_with_defaults(voters, BTreeSet::from([9]));
        assert_eq!(
            decode_membership(&encode_membership(&membership)),
            Some(membership)
        );
    }

    #[test]
    fn hosts_go_round_and_one_of_nobody_is_refused() {
        let host = |pod: &str| Host(Some(pod.parse().expect("a pod's name")));
        let nodes = BTreeMap::from([(1, host("clicks-shards-0")), (2, host("clicks-shards-11"))]);
        let membership = Membership::new(vec![BTreeSet::from([1, 2])], nodes).expect("sound");
        let mut bytes = encode_membership(&membership);
        assert_eq!(decode_membership(&bytes), Some(membership));
        // The first host's number: after one set of two voters, no learner and the count.
        let at = 1 + 2 + 2 * 8 + 2 + 2;
        bytes[at + 7] = 9;
        assert_eq!(decode_membership(&bytes), None);
    }

    #[test]
    fn short_and_long_bytes_are_nothing() {
        let bytes = encode_membership(&Membership::new_with_defaults(
            vec![BTreeSet::from([1])],
            [],
        ));
        for len in 0..bytes.len() {
            assert_eq!(decode_membership(&bytes[..len]), None);
        }
        assert_eq!(decode_membership(&[&bytes[..], &[0]].concat()), None);
    }
}
