//! Every choice of a simulation: streams of numbers that follow from its seed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anabranch::entropy::Entropy;

/// One stream of choices. What one part of a simulation draws does not change what another does.
#[derive(Debug)]
pub(crate) struct Dice(Mutex<fastrand::Rng>);

impl Dice {
    /// The choices that are called `name` in the simulation of `seed`.
    pub(crate) fn of(seed: u64, name: &str) -> Self {
        // FNV-1a: any function that is the same everywhere will do.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut mixed = fastrand::Rng::with_seed(seed ^ hash);
        Self(Mutex::new(mixed.fork()))
    }

    fn lock(&self) -> MutexGuard<'_, fastrand::Rng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: usize) -> usize {
        self.lock().usize(..end)
    }

    /// A number of `range`.
    pub(crate) fn within(&self, range: std::ops::RangeInclusive<u64>) -> u64 {
        self.lock().u64(range)
    }

    /// A time between these many milliseconds.
    pub(crate) fn millis(&self, range: std::ops::RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    /// True this often in a thousand.
    pub(crate) fn one_of_a_thousand(&self, often: u64) -> bool {
        self.within(0..=999) < often
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        self.lock().fill(bytes);
    }
}
