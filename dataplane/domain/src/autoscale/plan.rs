//! What to do now, and why: in numbers, and in sentences for who is woken at night.

use std::fmt;

use super::history::History;
use super::loads::StreamLoads;
use crate::{HashKey, HashKeyRange, ShardId, Timestamp};

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Shards to cut.
    pub splits: Vec<Split>,
    /// Neighbours to make one.
    pub merges: Vec<Merge>,
    /// Shards that take records now.
    pub open_shards: u32,
    /// Shards that there would be if nothing limited it.
    pub wanted_shards: u32,
    /// What is offered, in shards.
    pub load: f64,
    /// The refused part of it.
    pub refused_share: f64,
    /// Shards without a fresh reading.
    pub unmeasured: usize,
    /// Why nothing is done, where something else than the load says so.
    pub hold: Option<Hold>,
    /// What kept it from doing all that it wanted.
    pub limited_by: Option<Limit>,
    /// Keys that splitting cannot help.
    pub hot_keys: Vec<HotKey>,
    /// When the next merge may be, if the load stays as it is.
    pub next_merge_at: Option<Timestamp>,
}

/// A shard to cut.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The shard.
    pub shard: ShardId,
    /// Where parts begin, but for the first: growing, inside of its range.
    pub at: Vec<HashKey>,
    /// Why.
    pub why: SplitReason,
}

/// Why a shard is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SplitReason {
    /// It is offered too much.
    Load {
        /// Over 15 s, as a part of its limit.
        fast: f64,
        /// Over 60 s.
        slow: f64,
        /// What it must be expected to be offered.
        demand: f64,
        /// The refused part of what was offered.
        refused_share: f64,
        /// How the cuts were found.
        is_by_sketch: bool,
    },
    /// There are fewer shards than the floor.
    Floor {
        /// The floor.
        floor: u32,
    },
}

/// Neighbours to make one.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// Two or more, in the order of their hash keys.
    pub shards: Vec<ShardId>,
    /// Where each of them begins, but for the first.
    pub at: Vec<HashKey>,
    /// Why.
    pub why: MergeReason,
}

/// Why neighbours become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MergeReason {
    /// Together they were little for a long time.
    Idle {
        /// What they are offered together, as a part of one's limit.
        sum: f64,
        /// For how long they could have been one, in seconds.
        quiet_secs: u64,
    },
    /// There are more shards than the most.
    AboveMost {
        /// The most.
        most: u32,
    },
}

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Somebody asked for a pause.
    Paused,
    /// A reshard is under way.
    Resharding,
    /// A shard takes everything: nothing says how full it is.
    NoLimits,
    /// Some shards were not measured of late, and those that were need nothing.
    Unmeasured,
}

/// What limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `max_shards`.
    MaxShards(u32),
    /// The policy's rate of splits.
    ScaleUpRate,
    /// The pods have no room for more.
    Room(u32),
}

/// A key that carries more than its shard takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HotKey {
    /// Its shard.
    pub shard: ShardId,
    /// Its hash; none where it is not known which one it is.
    pub key: Option<HashKey>,
    /// What it is offered, as a part of the shard's limit.
    pub load: f64,
    /// Its part of the shard's load.
    pub share: f64,
}

impl Plan {
    pub(super) fn nothing(loads: &StreamLoads, history: &History) -> Self {
        let (load, refused_share) = history.totals();
        Self {
            splits: Vec::new(),
            merges: Vec::new(),
            open_shards: loads.open_shards(),
            wanted_shards: loads.open_shards(),
            load,
            refused_share,
            unmeasured: 0,
            hold: None,
            limited_by: None,
            hot_keys: Vec::new(),
            next_merge_at: None,
        }
    }

    pub(super) fn held(self, hold: Hold) -> Self {
        Self {
            hold: Some(hold),
            ..self
        }
    }

    pub(super) fn wants_shards(&mut self, more: u32) {
        self.wanted_shards = self.wanted_shards.saturating_add(more);
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.splits.is_empty() && self.merges.is_empty()
    }

    /// How many shards there are when it is carried out.
    pub fn shards_after(&self) -> u32 {
        let more: u32 = self.splits.iter().map(Split::gain).sum();
        let fewer: u32 = self.merges.iter().map(Merge::loss).sum();
        self.open_shards.saturating_add(more).saturating_sub(fewer)
    }

    /// How many shards are made when it is carried out, those that are only on the way among them.
    pub fn new_shards(&self) -> u32 {
        let cut: u32 = self.splits.iter().map(Split::new_shards).sum();
        let merged: u32 = self.merges.iter().map(Merge::loss).sum();
        cut.saturating_add(merged)
    }

    /// Where shards are to begin that begin nowhere now, growing.
    pub fn added_boundaries(&self) -> Vec<HashKey> {
        let mut added: Vec<_> = self.splits.iter().flat_map(|it| it.at.clone()).collect();
        added.sort_unstable();
        added
    }

    /// Where shards begin now and are not to, growing.
    pub fn removed_boundaries(&self) -> Vec<HashKey> {
        let mut removed: Vec<_> = self.merges.iter().flat_map(|it| it.at.clone()).collect();
        removed.sort_unstable();
        removed
    }

    /// Why, in a few sentences; at most `length` bytes.
    pub fn reason(&self, length: usize) -> String {
        let what = format!(
            "{} to {} shards (offered {:.2} shards' worth, {:.1} % refused)",
            self.open_shards,
            self.shards_after(),
            self.load,
            self.refused_share * 100.0
        );
        let splits = self.splits.iter().map(ToString::to_string);
        let merges = self.merges.iter().map(ToString::to_string);
        let mut text = format!("autoscaler: {what}");
        let mut left_out = 0;
        for sentence in splits.chain(merges) {
            // Room for the count at the end.
            if text.len() + sentence.len() + 32 <= length {
                text = format!("{text}; {sentence}");
            } else {
                left_out += 1;
            }
        }
        if left_out > 0 {
            text = format!("{text}; and {left_out} more");
        }
        text
    }
}

impl Split {
    /// How many shards more there are after it.
    pub fn gain(&self) -> u32 {
        u32::try_from(self.at.len()).unwrap_or(u32::MAX)
    }

    /// How many shards are made on the way: each cut is in two.
    pub fn new_shards(&self) -> u32 {
        self.gain().saturating_mul(2)
    }

    /// The parts of `range`, if that is the shard's.
    pub fn parts(&self, range: HashKeyRange) -> Option<Vec<HashKeyRange>> {
        super::history::parts(range, &self.at)
    }
}

impl Merge {
    /// How many shards fewer there are after it.
    pub fn loss(&self) -> u32 {
        u32::try_from(self.at.len()).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.at.len() + 1;
        match self.why {
            SplitReason::Load {
                fast,
                slow,
                demand,
                refused_share,
                is_by_sketch,
            } => {
                write!(
                    f,
                    "{} cut into {parts} ({}): load {fast:.2} of its limit over 15 s, {slow:.2} over 60 s, {:.0} % refused; \
                     expected {demand:.2}",
                    self.shard,
                    if is_by_sketch {
                        "by load"
                    } else {
                        "evenly: how its load lies is not known"
                    },
                    refused_share * 100.0,
                )
            }
            SplitReason::Floor { floor } => {
                write!(f, "{} cut into {parts}: the floor is {floor}", self.shard)
            }
        }
    }
}

impl fmt::Display for Merge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, shard) in self.shards.iter().enumerate() {
            write!(f, "{}{shard}", if place == 0 { "" } else { " and " })?;
        }
        f.write_str(" merged: ")?;
        match self.why {
            MergeReason::Idle { sum, quiet_secs } => {
                write!(
                    f,
                    "together {sum:.2} of one's limit, little for {quiet_secs} s"
                )
            }
            MergeReason::AboveMost { most } => write!(f, "at most {most} are wanted"),
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paused => "paused by whoever owns it",
            Self::Resharding => "a reshard is under way",
            Self::NoLimits => "its shards have no write limit, so nothing says how full they are",
            Self::Unmeasured => {
                "some shards have no fresh metrics, and without them nothing is merged"
            }
        })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxShards(most) => write!(f, "maxShards is {most}: raise it for more"),
            Self::ScaleUpRate => f.write_str("behavior.scaleUp lets no more through at this time"),
            Self::Room(room) => write!(
                f,
                "the pool's pods have room for {room} more shards (those that are cut keep their place until their records expire): \
                 raise its maxReplicas or shardsPerPod, or give its pods nodes to run on"
            ),
        }
    }
}

impl fmt::Display for HotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let load = self.load;
        match self.key {
            Some(key) => write!(
                f,
                "the key with hash {key} is offered {load:.2} of what a shard takes ({:.0} % of {}): splitting cannot help, \
                 spread it over several partition keys",
                self.share * 100.0,
                self.shard
            ),
            None => write!(
                f,
                "{} is offered {load:.2} of what it takes and its range cannot be cut any further: spread its partition \
                 keys",
                self.shard
            ),
        }
    }
}
