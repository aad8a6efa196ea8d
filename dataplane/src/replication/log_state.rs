//! What is known in memory of one shard's log: its two ends, what was applied, and the newest entries.
//!
//! Pure: nothing here reads a disk or waits. **Invariant:** `tail` is contiguous and ends at `last`; an entry that was
//! not applied yet is always in it.

use std::collections::VecDeque;

use anabranch_domain::{
    ShardCommand, ShardState,
    shard_state::{Applied, RecentAppends},
};
use anabranch_store::entry::{Entry, Envelope, Position, Standing};

use super::{
    Birth, ShardSnapshot,
    types::{StoredMembership, Vote},
};

/// One shard's log, as far as it is kept in memory.
#[derive(Debug)]
pub(super) struct LogState {
    /// The last entry that was trimmed from the front.
    pub(super) purged: Option<Position>,
    /// The last entry of the log, or `purged` when none is left.
    pub(super) last: Option<Position>,
    /// Where the next entry will stand: what the last entry made of ordinal, time, phase and epoch.
    pub(super) standing: Standing,
    /// The last entry that was applied: what readers may see.
    pub(super) applied: Option<Position>,
    /// What the applied entries made of the shard.
    pub(super) shard: ShardState,
    /// The vote on disk.
    pub(super) vote: Option<Vote>,
    /// Whether the tokens of the appends at the log's end are remembered.
    pub(super) is_recalled: bool,
    /// The voters as of `applied`.
    pub(super) membership: StoredMembership,
    tail: VecDeque<Entry>,
}

/// The standing of what follows an entry with `envelope`.
pub(super) fn standing_after(envelope: &Envelope) -> Standing {
    Standing {
        first_ordinal: envelope.next_ordinal(),
        time: envelope.time,
        phase: envelope.phase,
        epoch: envelope.epoch,
    }
}

impl LogState {
    /// A shard that has no log yet.
    pub(super) fn unborn(birth: Birth) -> Self {
        let standing = Standing {
            first_ordinal: 0,
            time: birth.arrival_floor,
            phase: birth.phase,
            epoch: 0,
        };
        let mut shard = ShardState::new(birth.phase);
        shard.last_arrival = birth.arrival_floor;
        Self {
            purged: None,
            last: None,
            standing,
            applied: None,
            shard,
            vote: None,
            is_recalled: true,
            membership: StoredMembership::default(),
            tail: VecDeque::new(),
        }
    }

    /// A shard whose newest facts are in `snapshot`, which says nothing of entries after it.
    pub(super) fn of_snapshot(snapshot: &ShardSnapshot) -> Self {
        let shard = ShardState {
            next_ordinal: snapshot.next_ordinal,
            last_arrival: snapshot.last_arrival,
            phase: snapshot.phase,
            epoch: snapshot.epoch,
            children: snapshot.children.clone(),
            recent: RecentAppends::default(),
        };
        let standing = Standing {
            first_ordinal: shard.next_ordinal,
            time: shard.last_arrival,
            phase: shard.phase,
            epoch: shard.epoch,
        };
        Self {
            purged: None,
            last: snapshot.position,
            standing,
            applied: snapshot.position,
            shard,
            vote: None,
            is_recalled: false,
            membership: snapshot.membership.clone(),
            tail: VecDeque::new(),
        }
    }

    /// Whether the group was never used.
    pub(super) fn is_unborn(&self) -> bool {
        self.last.is_none() && self.vote.is_none()
    }

    /// The index of the first entry that is still there, or would be.
    pub(super) fn first_index(&self) -> u64 {
        self.purged.map_or(0, |purged| purged.index + 1)
    }

    /// The index of the next entry.
    pub(super) fn next_index(&self) -> u64 {
        self.last.map_or(0, |last| last.index + 1)
    }

    /// The index after the last one that readers may see.
    pub(super) fn visible_end(&self) -> u64 {
        self.applied.map_or(0, |applied| applied.index + 1)
    }

    /// The first index of the entries in memory; the next index when there are none.
    pub(super) fn tail_start(&self) -> u64 {
        self.tail
            .front()
            .map_or(self.next_index(), |entry| entry.key().index)
    }

    /// The entry `index`, if it is in memory.
    pub(super) fn in_tail(&self, index: u64) -> Option<&Entry> {
        let offset = index.checked_sub(self.tail_start())?;
        self.tail.get(usize::try_from(offset).ok()?)
    }

    /// The log grows by `entry`.
    pub(super) fn append(&mut self, entry: Entry) {
        let envelope = *entry.envelope();
        if self
            .tail
            .back()
            .is_some_and(|last| last.key().index + 1 != entry.key().index)
        {
            // Only a follower that jumped ahead by a snapshot has a gap here, and then nothing before it is wanted.
            self.tail.clear();
        }
        self.last = Some(envelope.position);
        self.standing = standing_after(&envelope);
        self.tail.push_back(entry);
    }

    /// The log ends with `last`, whose standing is `standing`.
    pub(super) fn truncate(&mut self, last: Option<Position>, standing: Standing) {
        let end = last.map_or(0, |last| last.index + 1);
        while self
            .tail
            .back()
            .is_some_and(|entry| entry.key().index >= end)
        {
            self.tail.pop_back();
        }
        self.last = last;
        self.standing = standing;
    }

    /// The log begins after `purged`.
    pub(super) fn purge(&mut self, purged: Position) {
        while self
            .tail
            .front()
            .is_some_and(|entry| entry.key().index <= purged.index)
        {
            self.tail.pop_front();
        }
        self.purged = self.purged.max(Some(purged));
        self.last = self.last.max(Some(purged));
    }

    /// The applied entries up to `index` need not be in memory any longer.
    pub(super) fn give_up_through(&mut self, index: u64) {
        let end = self.visible_end().min(index.saturating_add(1));
        while self
            .tail
            .front()
            .is_some_and(|entry| entry.key().index < end)
        {
            self.tail.pop_front();
        }
        if self.tail.is_empty() {
            self.tail.shrink_to_fit();
        }
    }

    /// Applies the entry at `position`.
    pub(super) fn apply(
        &mut self,
        position: Position,
        envelope: Option<&Envelope>,
        command: &ShardCommand,
    ) -> Applied {
        let applied = self.shard.apply(command);
        // Also an entry without records says what time it is: after a restart its header is all there is to go by.
        if let Some(envelope) = envelope {
            self.shard.last_arrival = self.shard.last_arrival.max(envelope.time);
        }
        self.applied = Some(position);
        applied
    }

    /// The shard as of the last applied entry.
    pub(super) fn snapshot(&self) -> ShardSnapshot {
        ShardSnapshot {
            position: self.applied,
            next_ordinal: self.shard.next_ordinal,
            last_arrival: self.shard.last_arrival,
            phase: self.shard.phase,
            epoch: self.shard.epoch,
            children: self.shard.children.clone(),
            membership: self.membership.clone(),
        }
    }
}
