//! Randomness from a seed.

/// A sample of the normal distribution, roughly: the sum of twelve uniform ones.
pub(crate) fn normal(random: &mut fastrand::Rng) -> f64 {
    (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
}
