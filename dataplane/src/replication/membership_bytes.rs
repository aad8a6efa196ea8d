//! A membership as bytes: `joint count u8 ‖ (voter count u16 ‖ node u64 …) … ‖ learner count u16 ‖ node u64 …`,
//! numbers big-endian. Nodes have no address here: the catalog knows where a node is.

use std::collections::BTreeSet;

use bytes::{Buf, BufMut};

use super::types::Membership;

pub(super) fn encode_membership(membership: &Membership) -> Vec<u8> {
    let mut bytes = Vec::new();
    let configs = membership.get_joint_config();
    bytes.put_u8(u8::try_from(configs.len()).expect("a joint membership has two halves"));
    for voters in configs {
        put_nodes(&mut bytes, voters.iter().copied());
    }
    put_nodes(&mut bytes, membership.learner_ids());
    bytes
}

pub(super) fn decode_membership(mut bytes: &[u8]) -> Option<Membership> {
    let configs = bytes.try_get_u8().ok()?;
    let voters = (0..configs)
        .map(|_| get_nodes(&mut bytes))
        .collect::<Option<Vec<_>>>()?;
    let learners = get_nodes(&mut bytes).filter(|_| bytes.is_empty())?;
    Some(Membership::new_with_defaults(voters, learners))
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
