//! What every replica of a shard knows after applying the same commands: a few integers and the tokens of recent appends.
//! Knows no record: records are in the log, and only their number counts here.
//!
//! **Invariant:** an append counts only if it begins at `next_ordinal` of an open shard, so ordinals have no gaps and a
//! retried or overtaken command changes nothing.

mod command;
mod recent;

use serde::{Deserialize, Serialize};

use crate::{ShardId, Timestamp};

pub use command::{AppendToken, Applied, Refusal, ShardCommand, TokenOfAppend};
pub use recent::{AppendNumbers, RecentAppends};

/// Whether a shard takes records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum ShardPhase {
    /// A child whose parents are not sealed yet: takes none.
    AwaitingActivation = 0,
    /// Takes records.
    Open = 1,
    /// Never takes records again.
    Sealed = 2,
}

impl ShardPhase {
    /// Its number on disk; never given to another phase.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The phase with this number, if there is one.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::AwaitingActivation),
            1 => Some(Self::Open),
            2 => Some(Self::Sealed),
            _ => None,
        }
    }
}

/// The replicated state of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardState {
    /// The ordinal that the next record gets; so many records were ever appended.
    pub next_ordinal: u64,
    /// When the last record came; arrival times in a shard never go back.
    pub last_arrival: Timestamp,
    /// Whether it takes records.
    pub phase: ShardPhase,
    /// The epoch of the last seal or activation that was applied; an older one is refused.
    pub epoch: u64,
    /// Where the records go on, once it is sealed.
    pub children: Vec<ShardId>,
    /// Which appends are remembered, so that a retry gets the first attempt's numbers.
    pub recent: RecentAppends,
}

impl ShardState {
    /// A new shard: `Open` at birth, or `AwaitingActivation` as the child of others.
    pub fn new(phase: ShardPhase) -> Self {
        Self {
            next_ordinal: 0,
            last_arrival: Timestamp::EPOCH,
            phase,
            epoch: 0,
            children: Vec::new(),
            recent: RecentAppends::default(),
        }
    }

    /// The arrival time that a leader gives to an append now: the clock's, but never before the last one.
    #[must_use]
    pub fn arrival_at(&self, now: Timestamp) -> Timestamp {
        now.max(self.last_arrival)
    }

    /// Applies the next command of the log. Depends on nothing but the state and the command.
    pub fn apply(&mut self, command: &ShardCommand) -> Applied {
        match command {
            ShardCommand::Append {
                first_ordinal,
                arrival,
                record_count,
                tokens,
            } => self.append(*first_ordinal, *arrival, *record_count, tokens),
            ShardCommand::Seal { epoch, children } => self.seal(*epoch, children),
            ShardCommand::Activate { epoch } => self.activate(*epoch),
            ShardCommand::Blank => Applied::Done,
        }
    }

    fn append(
        &mut self,
        first_ordinal: u64,
        arrival: Timestamp,
        record_count: u32,
        tokens: &[TokenOfAppend],
    ) -> Applied {
        match self.phase {
            ShardPhase::Open => {}
            ShardPhase::AwaitingActivation => return Applied::Refused(Refusal::NotActive),
            ShardPhase::Sealed => return Applied::Refused(Refusal::Sealed),
        }
        // The token before the ordinal: a retry that a second leader proposed begins further on, and was still answered.
        if let Some(numbers) = tokens
            .iter()
            .find_map(|append| self.recent.find(append.token))
        {
            return Applied::Duplicate {
                first_ordinal: numbers.first_ordinal,
            };
        }
        if first_ordinal != self.next_ordinal {
            return Applied::Refused(Refusal::StaleOrdinal {
                expected: self.next_ordinal,
            });
        }
        self.next_ordinal += u64::from(record_count);
        self.last_arrival = self.last_arrival.max(arrival);
        for append in tokens {
            self.recent.remember(
                self.last_arrival,
                append.token,
                first_ordinal + u64::from(append.first_record),
            );
        }
        Applied::Appended { first_ordinal }
    }

    fn seal(&mut self, epoch: u64, children: &[ShardId]) -> Applied {
        if epoch < self.epoch {
            return Applied::Refused(Refusal::StaleEpoch {
                current: self.epoch,
            });
        }
        match self.phase {
            ShardPhase::AwaitingActivation => return Applied::Refused(Refusal::NotActive),
            // Said again after an unclear failure: the same answer. Sealed is sealed, also for a newer plan.
            ShardPhase::Sealed if self.children == children => return Applied::Done,
            ShardPhase::Sealed => return Applied::Refused(Refusal::Sealed),
            ShardPhase::Open => {}
        }
        self.epoch = epoch;
        self.phase = ShardPhase::Sealed;
        self.children = children.to_vec();
        Applied::Done
    }

    fn activate(&mut self, epoch: u64) -> Applied {
        if epoch < self.epoch {
            return Applied::Refused(Refusal::StaleEpoch {
                current: self.epoch,
            });
        }
        match self.phase {
            ShardPhase::Sealed => Applied::Refused(Refusal::Sealed),
            ShardPhase::Open | ShardPhase::AwaitingActivation => {
                self.epoch = epoch;
                self.phase = ShardPhase::Open;
                Applied::Done
            }
        }
    }
}

#[cfg(test)]
mod shard_state_test;
