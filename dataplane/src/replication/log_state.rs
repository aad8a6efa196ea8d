//! What is known in memory of one shard's log: its two ends, what was applied, and the newest entries.
//!
//! Pure: nothing here reads a disk or waits. **Invariant:** `tail` is contiguous and ends at `last`; an entry that was
//! not applied yet, or that the store does not have yet, is always in it.

use std::collections::VecDeque;

use anabranch_domain::{
    ShardCommand, ShardPhase, ShardState,
    shard_state::{Applied, RecentAppends},
};
use anabranch_store::entry::{Entry, EntryKind, Envelope, Position, Standing};

use super::{
    Birth, ShardSnapshot,
    types::{Host, StoredMembership, Vote, log_id},
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
    /// How far the log is known to be committed, where that is not simply how far it goes: in a group of several voters.
    /// What is on the disk may lag behind.
    pub(super) committed: Option<Position>,
    /// The index after the last entry that the store has. Others may have committed more: on a slow disk, entries are applied
    /// that can be read from memory only.
    pub(super) stored_end: u64,
    /// Bytes that the log has grown by since it was loaded.
    pub(super) grown_bytes: u64,
    /// Where the log is about to be trimmed to.
    pub(super) trim_goal: Option<Position>,
    /// The vote on disk.
    pub(super) vote: Option<Vote>,
    /// Whether this replica joined the group and does not have yet what was agreed on before it did: see [`super::joining`].
    pub(super) is_joining: bool,
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

fn standing_of(shard: &ShardState) -> Standing {
    Standing {
        first_ordinal: shard.next_ordinal,
        time: shard.last_arrival,
        phase: shard.phase,
        epoch: shard.epoch,
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
            committed: None,
            stored_end: 0,
            grown_bytes: 0,
            trim_goal: None,
            vote: None,
            is_joining: false,
            is_recalled: true,
            membership: StoredMembership::default(),
            tail: VecDeque::new(),
        }
    }

    /// The shard was born otherwise than it was believed to be. Says nothing of a log that was begun.
    pub(super) fn set_birth(&mut self, birth: Birth) {
        if self.last.is_none() {
            let unborn = Self::unborn(birth);
            self.standing = unborn.standing;
            self.shard.last_arrival = unborn.shard.last_arrival;
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
        Self {
            purged: None,
            last: snapshot.position,
            standing: standing_of(&shard),
            applied: snapshot.position,
            shard,
            committed: None,
            stored_end: 0,
            grown_bytes: 0,
            trim_goal: None,
            vote: None,
            is_joining: false,
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
        self.grown_bytes += entry.payload().len() as u64;
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
        self.stored_end = self.stored_end.min(end);
    }

    /// The store has every entry up to `index`.
    pub(super) fn note_stored_through(&mut self, index: u64) {
        self.stored_end = self.stored_end.max(index + 1);
    }

    /// The log begins after where `facts` stand; the entries that were behind it stay.
    pub(super) fn install(&mut self, facts: &ShardSnapshot) {
        let installed = Self::of_snapshot(facts);
        self.shard = installed.shard;
        self.applied = installed.applied;
        self.membership = installed.membership;
        self.committed = self.committed.max(installed.applied);
        if self.last < installed.last {
            self.standing = installed.standing;
        }
        if let Some(position) = facts.position {
            self.purge(position);
        }
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

    /// The applied entries up to `index` need not be in memory any longer, where the store has them.
    pub(super) fn give_up_through(&mut self, index: u64) {
        let end = self.visible_end().min(self.stored_end);
        let end = end.min(index.saturating_add(1));
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

    /// The standing of what follows the last applied entry.
    pub(super) fn applied_standing(&self) -> Standing {
        standing_of(&self.shard)
    }

    /// Whether entries are there that may not be read yet.
    pub(super) fn is_behind(&self) -> bool {
        self.applied < self.last
    }

    /// The voters and who else gets the log, as of the last applied entry.
    pub(super) fn hosts(&self) -> impl Iterator<Item = (u64, &Host)> {
        self.membership.nodes().map(|(node, host)| (*node, host))
    }

    /// The shard as of `position`, where its log is, or will be, trimmed to. `next` is the header of the entry after it; none: the
    /// shard's newest facts are meant.
    ///
    /// A replica that is sent this reads on from there. It knows the newest voters from the start, which does no harm: they
    /// were agreed on.
    pub(super) fn snapshot_at(&self, position: Position, next: Option<&Envelope>) -> ShardSnapshot {
        let newest = self.snapshot();
        let known = newest
            .membership
            .log_id()
            .as_ref()
            .map(super::types::position);
        let since = known.min(Some(position)).map(log_id);
        let membership = StoredMembership::new(since, newest.membership.membership().clone());
        let Some(next) = next else {
            return ShardSnapshot {
                position: Some(position),
                membership,
                ..newest
            };
        };
        let phase = match next.kind {
            EntryKind::Seal => ShardPhase::Open,
            EntryKind::Activate => ShardPhase::AwaitingActivation,
            EntryKind::Append | EntryKind::Blank | EntryKind::Membership => next.phase,
        };
        let is_sealed = phase == ShardPhase::Sealed;
        ShardSnapshot {
            position: Some(position),
            next_ordinal: next.first_ordinal,
            last_arrival: next.time,
            phase,
            // The command that comes next is newer than what was there.
            epoch: if phase == next.phase {
                next.epoch
            } else {
                next.epoch.saturating_sub(1)
            },
            children: if is_sealed {
                newest.children
            } else {
                Vec::new()
            },
            membership,
        }
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

#[cfg(test)]
mod tests {
    use anabranch_domain::{ShardUid, Timestamp};
    use anabranch_store::entry::Draft;

    use super::*;

    #[test]
    fn what_was_applied_stays_in_memory_until_the_store_has_it() {
        let mut state = LogState::unborn(Birth::open(Timestamp::from_millis(1_000)));
        for index in 0..3 {
            let position = Position {
                term: 1,
                leader: 7,
                index,
            };
            let draft = Draft::blank(state.standing);
            let (entry, _) = draft.place_as_entry(ShardUid::from_bits(42), position);
            state.append(entry);
            state.applied = Some(position);
        }
        state.note_stored_through(0);
        state.give_up_through(2);
        assert_eq!(state.tail_start(), 1, "the store has the first only");
        state.note_stored_through(2);
        state.give_up_through(1);
        assert_eq!(state.tail_start(), 2);
        state.truncate(None, state.standing);
        assert_eq!(state.stored_end, 0);
    }
}
