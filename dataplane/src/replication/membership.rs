//! Changing who a shard's replicas are, on a running group: a learner first, a voter once it has the log, and only then is
//! anybody let go. The one who leads is never let go: it hands over first.
//!
//! Each call does the next step and says whether all is done, so whoever asks may go away at any time and another may
//! go on. **Invariant:** the library goes from one set of voters to the next through both (joint consensus), so at every
//! moment two majorities meet.

use std::{collections::BTreeSet, time::Duration};

use openraft::{ChangeMembers, async_runtime::WatchReceiver as _};
use tokio::time::timeout;

use super::{Group, LogError, ReplicaId, group::hosts};

/// One step: two entries through a majority.
const STEP_MAX: Duration = Duration::from_secs(5);

impl Group {
    /// Does the next step towards `wanted`; says whether nothing is left to do.
    pub(crate) async fn change_replicas(&self, wanted: &[ReplicaId]) -> Result<bool, LogError> {
        if wanted.is_empty() {
            return Err(LogError::Record("a shard needs a replica".to_owned()));
        }
        self.start().await?;
        let Some(running) = self.running().clone() else {
            return Err(LogError::Reloading);
        };
        let raft = &running.raft;
        let (voters, known, is_joint) = {
            let metrics = raft.metrics();
            let metrics = metrics.borrow_watched();
            let membership = metrics.membership_config.membership();
            let voters: BTreeSet<u64> = membership.voter_ids().collect();
            let known: BTreeSet<u64> = membership.nodes().map(|(node, _)| *node).collect();
            let is_joint = membership.get_joint_config().len() > 1;
            (voters, known, is_joint)
        };
        let goal = hosts(wanted);
        let ids: BTreeSet<u64> = goal.keys().copied().collect();
        if voters == ids && known == ids && !is_joint {
            return Ok(true);
        }
        if let Some((node, host)) = goal.into_iter().find(|(node, _)| !known.contains(node)) {
            let added = raft.add_learner(node, host, false);
            self.within(added).await?;
            return Ok(false);
        }
        let learners = ids.difference(&voters).copied().collect();
        if !running.are_caught_up(&learners).await {
            return Ok(false);
        }
        for replica in wanted.iter().filter(|it| !voters.contains(&it.node)) {
            if !self.has_joined(replica).await {
                return Ok(false);
            }
        }
        let own = self.settings.node;
        if !ids.contains(&own) && ids.is_subset(&voters) && !is_joint {
            // Who leads and is no replica is followed all the same, until its log is removed: then nobody is. So another
            // leads first, and lets this one go.
            let matched = raft.metrics().borrow_watched().replication.clone();
            let matched = matched.unwrap_or_default();
            let heir = ids.iter().max_by_key(|node| matched.get(node).copied());
            let heir = heir.copied().unwrap_or(own);
            self.hand_over_to(heir).await?;
            return Ok(false);
        }
        let next = ids.into_iter().chain([own]).collect();
        let changed = raft.change_membership(ChangeMembers::ReplaceAllVoters(next), false);
        self.within(changed).await?;
        Ok(false)
    }

    async fn within<T, E: std::fmt::Display>(
        &self,
        step: impl Future<Output = Result<T, E>>,
    ) -> Result<(), LogError> {
        match timeout(STEP_MAX, step).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(LogError::Record(error.to_string())),
            Err(_) => Err(LogError::Record(format!(
                "no majority agreed within {STEP_MAX:?}"
            ))),
        }
    }
}
