//! What is offered over time, in shards' worth.

use anabranch_domain::{HashKey, HashKeyRange};

use crate::keys::{Front, Shape};

const MINUTE: usize = 60;
const HOUR: usize = 60 * MINUTE;
/// Every stream runs this long before anything counts: each rule begins with the shards that it wants.
pub(crate) const WARM_UP: usize = HOUR;

/// One course of load.
pub(crate) struct Scenario {
    pub(crate) name: String,
    /// Seconds that count.
    pub(crate) seconds: usize,
    /// The load at the beginning, in shards.
    pub(crate) base: f64,
    kind: Kind,
}

enum Kind {
    Step,
    Flash,
    Ramp,
    Square,
    Diurnal,
    HotKey,
    Front,
    Trace(Vec<f64>),
}

impl Scenario {
    /// Those that are made here.
    pub(crate) fn generated() -> Vec<Self> {
        let scenario = |name: &str, seconds, base, kind| Self {
            name: name.to_owned(),
            seconds,
            base,
            kind,
        };
        vec![
            scenario("step ×4", 2 * HOUR, 3.0, Kind::Step),
            scenario("flash ×10, 30 min", 2 * HOUR, 2.0, Kind::Flash),
            scenario("ramp ×12 in 1 h", 90 * MINUTE, 2.0, Kind::Ramp),
            scenario("square wave, 10 min", 3 * HOUR, 3.0, Kind::Square),
            scenario("diurnal", 24 * HOUR, 3.0, Kind::Diurnal),
            scenario("one key with 12 %", 2 * HOUR, 8.0, Kind::HotKey),
            scenario("moving front, 60 % in 2 %", 2 * HOUR, 6.0, Kind::Front),
        ]
    }

    /// One value a second, in shards.
    pub(crate) fn of_trace(name: String, trace: Vec<f64>) -> Self {
        Self {
            name,
            seconds: trace.len(),
            base: trace.first().copied().unwrap_or(0.0).max(1.0),
            kind: Kind::Trace(trace),
        }
    }

    pub(crate) fn is_trace(&self) -> bool {
        matches!(self.kind, Kind::Trace(_))
    }

    /// What is offered in a second, warm-up included, but for the noise.
    pub(crate) fn load(&self, second: usize) -> f64 {
        let Some(second) = second.checked_sub(WARM_UP) else {
            return self.base;
        };
        let minutes = second as f64 / 60.0;
        let from_ten = minutes - 10.0;
        self.base
            * match &self.kind {
                Kind::Step if (0.0..60.0).contains(&from_ten) => 4.0,
                Kind::Flash if (0.0..30.0).contains(&from_ten) => 10.0,
                Kind::Ramp => 1.0 + 11.0 * (minutes / 60.0).min(1.0),
                Kind::Square if (minutes / 10.0) as u64 % 2 == 1 => 3.0,
                // From the least to six times as much and back.
                Kind::Diurnal => {
                    let phase = minutes / (24.0 * 60.0) * std::f64::consts::TAU;
                    3.5 - 2.5 * phase.cos()
                }
                Kind::Trace(trace) => return trace[second],
                _ => 1.0,
            }
    }

    /// How it lies over the ring.
    pub(crate) fn shape(&self, second: usize) -> Shape {
        match self.kind {
            Kind::HotKey => Shape {
                hot_share: 0.12,
                front: None,
            },
            Kind::Front => {
                let width = u128::MAX / 50;
                // Its own width further every ten minutes.
                let start = width / 600 * (second as u128 % (49 * 600));
                let range = HashKeyRange::new(HashKey::new(start), HashKey::new(start + width));
                Shape {
                    hot_share: 0.0,
                    front: range.ok().map(|range| Front { share: 0.6, range }),
                }
            }
            _ => Shape::default(),
        }
    }
}
