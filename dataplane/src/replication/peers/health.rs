//! What is known of one pod's life. Pure: the time is an argument.

use anabranch_domain::ShardUid;
use anabranch_proto::raft as pb;
use tokio::time::Instant;

use super::SILENCE_MAX;

/// When a pod was heard last, and what it said of itself.
#[derive(Debug)]
pub(super) struct Health {
    watched_since: Instant,
    heard: Option<Instant>,
    about: Option<pb::Pong>,
}

impl Health {
    /// Nothing yet: it has the benefit of the doubt for as long as it may be silent.
    pub(super) fn unknown(now: Instant) -> Self {
        Self {
            watched_since: now,
            heard: None,
            about: None,
        }
    }

    /// Something came from it.
    pub(super) fn heard(&mut self, about: Option<pb::Pong>, now: Instant) {
        self.heard = Some(now);
        if about.is_some() {
            self.about = about;
        }
    }

    /// The number of its disk, once it said so.
    pub(super) fn node(&self) -> Option<u64> {
        self.about.as_ref().map(|about| about.node)
    }

    /// Whether it is there, with the disk `node`.
    pub(super) fn is_alive(&self, node: u64, now: Instant) -> bool {
        let last = self.heard.unwrap_or(self.watched_since);
        let is_silent = now.saturating_duration_since(last) > SILENCE_MAX;
        let is_that = |about: &pb::Pong| about.node == node && !about.is_leaving;
        !is_silent && self.about.as_ref().is_none_or(is_that)
    }

    /// Whether it said that it cannot read its log of `shard`.
    pub(super) fn lacks(&self, shard: ShardUid) -> bool {
        let shard = shard.to_bytes();
        let is_it = |unreadable: &[u8]| *unreadable == shard;
        let about = self.about.as_ref();
        about.is_some_and(|about| about.unreadable.iter().any(|it| is_it(it)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn about(node: u64, is_leaving: bool) -> pb::Pong {
        pb::Pong {
            node,
            incarnation: 1,
            is_leaving,
            unreadable: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_pod_says_which_logs_it_cannot_read_until_it_can() {
        let now = Instant::now();
        let [one, two] = [1, 2].map(ShardUid::from_bits);
        let mut health = Health::unknown(now);
        assert!(!health.lacks(one), "not heard yet");
        let unreadable = vec![one.to_bytes().to_vec().into()];
        health.heard(
            Some(pb::Pong {
                unreadable,
                ..about(7, false)
            }),
            now,
        );
        assert!(health.lacks(one) && !health.lacks(two));
        health.heard(None, now);
        assert!(health.lacks(one));
        health.heard(Some(about(7, false)), now);
        assert!(!health.lacks(one));
    }

    #[tokio::test]
    async fn a_pod_is_alive_until_it_is_silent_leaves_or_has_another_disk() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut health = Health::unknown(start);
        assert!(health.is_alive(7, after(1_000)), "not heard yet");
        assert!(!health.is_alive(7, after(1_300)), "never heard");
        health.heard(Some(about(7, false)), after(2_000));
        assert!(health.is_alive(7, after(3_000)));
        assert!(!health.is_alive(8, after(2_001)), "another disk");
        health.heard(None, after(4_000));
        assert!(
            health.is_alive(7, after(5_000)),
            "any message is a sign of life"
        );
        health.heard(Some(about(7, true)), after(5_000));
        assert!(!health.is_alive(7, after(5_001)), "it said that it leaves");
        health.heard(Some(about(7, false)), after(6_000));
        assert!(health.is_alive(7, after(6_001)), "it came back");
        assert!(!health.is_alive(7, after(8_000)));
    }
}
