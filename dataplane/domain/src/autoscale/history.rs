//! What was seen of a stream over time. Changes only by [`History::observe`], and follows from the loads alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::averages::Averages;
use super::loads::{ShardLoad, StreamLoads};
use super::memoir::{CountChange, DailyPeak, PastMerge};
use super::policy::Policy;
use crate::{HashKey, HashKeyRange, ShardId, Timestamp};

/// A boundary that comes back within this time of its removal was missed.
const FLAP_WITHIN: Duration = Duration::from_hours(1);
/// The longest patience that flapping leads to.
const WINDOW_MAX: Duration = Duration::from_hours(4);
/// After this time a boundary that came back is like any other.
const FLAP_FORGIVEN_AFTER: Duration = Duration::from_hours(24);
/// Past merges and changes that are kept.
pub(super) const REMEMBERED_MAX: usize = 64;
/// The longest period of a rate, as the `HorizontalPodAutoscaler` has it.
const RATE_PERIOD_MAX: Duration = Duration::from_mins(30);
/// Days whose peaks count in AWS's on-demand mode.
const PEAK_DAYS: u64 = 30;
/// By which part of itself the day's peak must be exceeded for a new one.
const PEAK_STEP: u64 = 50;

/// What was seen of one stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    averages: BTreeMap<ShardId, Averages>,
    pub(super) boundaries: BTreeMap<HashKey, Boundary>,
    pub(super) merges: VecDeque<PastMerge>,
    pub(super) changes: VecDeque<CountChange>,
    pub(super) peaks: VecDeque<DailyPeak>,
    /// Whether the shards were seen before: the first look is no change.
    is_begun: bool,
}

/// Where a shard begins, but for the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Boundary {
    /// When it was first seen.
    pub(super) made_at: Timestamp,
    /// When the two shards beside it were last too much for one, or were not measured.
    pub(super) needed_at: Timestamp,
    /// By how much longer than others it stays: 1, 2, 4, … for each time that it came back.
    pub(super) patience: u32,
}

impl History {
    /// Takes in what is seen at `now`. To look at the same twice changes nothing.
    pub fn observe(&mut self, policy: &Policy, loads: &StreamLoads, now: Timestamp) {
        self.observe_readings(policy, loads, now);
        self.observe_boundaries(loads, now);
        self.observe_need(policy, loads, now);
        self.observe_peak(policy, loads, now);
        self.is_begun = true;
    }

    fn observe_readings(&mut self, policy: &Policy, loads: &StreamLoads, now: Timestamp) {
        let open: BTreeSet<_> = loads.shards.iter().map(|shard| shard.id).collect();
        self.averages.retain(|shard, _| open.contains(shard));
        for shard in &loads.shards {
            // One from before the shard was opened is of another with its name, in another life of the stream. One from the
            // future is believed as much as one of now: clocks differ.
            let Some(reading) = shard.reading.filter(|it| it.at() > shard.opened_at) else {
                continue;
            };
            let averages = self.averages.entry(shard.id);
            let averages = averages
                .and_modify(|it| it.take(&reading, &loads.limits))
                .or_insert_with(|| Averages::of(&reading, &loads.limits));
            let is_over = averages.demand() > policy.split_above_fast()
                && averages.fast > policy.target
                || averages.slow > policy.split_above_slow();
            averages.over_since = match averages.over_since {
                _ if !is_over => None,
                Some(since) => Some(since),
                None => Some(now),
            };
        }
    }

    /// Boundaries that are gone were merged away, by whomever; new ones were split. The first look only notes them.
    fn observe_boundaries(&mut self, loads: &StreamLoads, now: Timestamp) {
        let there: BTreeSet<_> = boundaries(loads)
            .map(|(_, right)| right.range.start())
            .collect();
        let gone: Vec<_> = self
            .boundaries
            .iter()
            .filter(|(key, _)| !there.contains(key))
            .map(|(key, boundary)| (*key, *boundary))
            .collect();
        let mut counts = CountChange {
            at: now,
            added: 0,
            removed: 0,
        };
        for (key, boundary) in gone {
            self.boundaries.remove(&key);
            counts.removed += 1;
            if let Some(shard) = loads.shards.iter().find(|it| it.range.contains(key)) {
                self.merges.push_back(PastMerge {
                    range: shard.range,
                    at: now,
                    patience: boundary.patience_at(now),
                });
            }
        }
        for key in there {
            if self.boundaries.contains_key(&key) {
                continue;
            }
            counts.added += 1;
            let patience = self.patience_of_new(key, now);
            self.boundaries.insert(
                key,
                Boundary {
                    made_at: now,
                    needed_at: now,
                    patience,
                },
            );
        }
        if self.is_begun && (counts.added, counts.removed) != (0, 0) {
            self.changes.push_back(counts);
        }
        self.merges
            .retain(|merge| now.saturating_since(merge.at) <= FLAP_WITHIN);
        self.changes
            .retain(|change| now.saturating_since(change.at) <= RATE_PERIOD_MAX);
        keep_newest(&mut self.merges);
        keep_newest(&mut self.changes);
    }

    fn patience_of_new(&self, key: HashKey, now: Timestamp) -> u32 {
        let missed = self.merges.iter().filter(|merge| {
            merge.range.contains(key) && now.saturating_since(merge.at) <= FLAP_WITHIN
        });
        let patience = missed.map(|merge| merge.patience.saturating_mul(2)).max();
        patience.unwrap_or(1)
    }

    fn observe_need(&mut self, policy: &Policy, loads: &StreamLoads, now: Timestamp) {
        let fresh = self.measured(policy, loads, now);
        for (left, right) in boundaries(loads) {
            let sum = fresh
                .get(&left.id)
                .zip(fresh.get(&right.id))
                .map(|(left, right)| together(left, right));
            if sum.is_none_or(|sum| sum >= policy.merge_below())
                && let Some(boundary) = self.boundaries.get_mut(&right.range.start())
            {
                boundary.needed_at = boundary.needed_at.max(now);
            }
        }
    }

    fn observe_peak(&mut self, policy: &Policy, loads: &StreamLoads, now: Timestamp) {
        let load: f64 = self
            .measured(policy, loads, now)
            .values()
            .map(|averages| averages.slow)
            .sum();
        let day = now.as_secs() / 86_400;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a sum of loads is not negative, and `as` keeps what is too large at the greatest"
        )]
        let load_hundredths = (load * 100.0).ceil() as u64;
        match self.peaks.back_mut() {
            // In steps, so that what is written down does not change with every reading of a rising load.
            Some(peak) if peak.day == day => {
                let step = peak.load_hundredths / PEAK_STEP;
                if load_hundredths > peak.load_hundredths + step {
                    peak.load_hundredths = load_hundredths;
                }
            }
            _ => self.peaks.push_back(DailyPeak {
                day,
                load_hundredths,
            }),
        }
        self.peaks
            .retain(|peak| day.saturating_sub(peak.day) < PEAK_DAYS);
    }

    /// Averages of the shards whose newest reading is fresh.
    pub(super) fn measured(
        &self,
        policy: &Policy,
        loads: &StreamLoads,
        now: Timestamp,
    ) -> BTreeMap<ShardId, Averages> {
        let fresh = loads.shards.iter().filter_map(|shard| {
            let averages = self.averages.get(&shard.id)?;
            let is_fresh = now.saturating_since(averages.at) <= policy.fresh_within;
            is_fresh.then_some((shard.id, *averages))
        });
        fresh.collect()
    }

    pub(super) fn averages(&self, shard: ShardId) -> Option<&Averages> {
        self.averages.get(&shard)
    }

    /// What is offered to the whole stream, in shards, and the refused part of it.
    pub(super) fn totals(&self) -> (f64, f64) {
        let load: f64 = self.averages.values().map(|it| it.fast).sum();
        let refused: f64 = self
            .averages
            .values()
            .map(|it| it.refused_share * it.last)
            .sum();
        let offered: f64 = self.averages.values().map(|it| it.last).sum();
        (
            load,
            if offered > 0.0 {
                refused / offered
            } else {
                0.0
            },
        )
    }

    /// The greatest load of the last 30 days, in shards.
    pub(super) fn peak(&self) -> f64 {
        let greatest = self.peaks.iter().map(|peak| peak.load_hundredths).max();
        #[allow(clippy::cast_precision_loss, reason = "fewer shards than 2^53")]
        let greatest = greatest.unwrap_or(0) as f64;
        greatest / 100.0
    }

    /// When the boundary before `right` may go, if nothing needs it until then.
    pub(super) fn free_at(
        &self,
        policy: &Policy,
        right: &ShardLoad,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let boundary = self.boundaries.get(&right.range.start())?;
        let window = policy.scale_down.stabilization;
        let longer = window.saturating_mul(boundary.patience_at(now));
        Some(boundary.needed_at.plus(longer.min(WINDOW_MAX.max(window))))
    }

    /// Shards added and removed in the last `period`.
    pub(super) fn changed_within(&self, period: Duration, now: Timestamp) -> (u32, u32) {
        let recent = self
            .changes
            .iter()
            .filter(|change| now.saturating_since(change.at) < period);
        recent.fold((0, 0), |(added, removed), change| {
            (added + change.added, removed + change.removed)
        })
    }
}

impl Boundary {
    pub(super) fn patience_at(&self, now: Timestamp) -> u32 {
        if now.saturating_since(self.made_at) > FLAP_FORGIVEN_AFTER {
            1
        } else {
            self.patience
        }
    }
}

/// What two shards would be offered as one.
pub(super) fn together(left: &Averages, right: &Averages) -> f64 {
    (left.fast + right.fast).max(left.slow + right.slow)
}

/// Each shard and the one after it.
pub(super) fn boundaries(loads: &StreamLoads) -> impl Iterator<Item = (&ShardLoad, &ShardLoad)> {
    loads.shards.iter().zip(loads.shards.iter().skip(1))
}

/// The range of a part of a shard between two boundaries.
pub(super) fn parts(range: HashKeyRange, cuts: &[HashKey]) -> Option<Vec<HashKeyRange>> {
    let mut parts = Vec::with_capacity(cuts.len() + 1);
    let mut rest = range;
    for cut in cuts {
        let (part, after) = rest.split_at(*cut)?;
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    Some(parts)
}

fn keep_newest<T>(queue: &mut VecDeque<T>) {
    while queue.len() > REMEMBERED_MAX {
        queue.pop_front();
    }
}
