//! A sketch as bytes, for the way from a pod to who decides. Not stored: a release reads what its own release wrote, and
//! what it does not know is malformed, which is to be without a sketch.
//!
//! `version u8 | start u128 | end u128 | time u64 | additions f32 | 128 × f32 | count u8 | count × (key u128, weight f32,
//! error f32)`, big-endian; weights are those of `time`.

use thiserror::Error;

use super::LoadSketch;
use super::buckets::BUCKETS;
use super::heavy_keys::{HeavyKeys, PLACES, Place};
use crate::{HashKey, HashKeyRange, Timestamp};

const VERSION: u8 = 1;
const PLACE_LEN: usize = 16 + 4 + 4;
/// The most bytes that a sketch is encoded in: 1.3 KB.
pub const ENCODED_LEN_MAX: usize = 1 + 16 + 16 + 8 + 4 + BUCKETS * 4 + 1 + PLACES * PLACE_LEN;

/// Bytes that are no sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("these bytes are no load sketch of this release")]
pub struct MalformedSketch;

impl LoadSketch {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let time = self.decay.latest();
        let factor = self.decay.factor_at(time);
        let mut bytes = Vec::with_capacity(ENCODED_LEN_MAX);
        bytes.push(VERSION);
        bytes.extend(self.range.start().value().to_be_bytes());
        bytes.extend(self.range.end().value().to_be_bytes());
        bytes.extend(time.as_millis().to_be_bytes());
        let number = |bytes: &mut Vec<u8>, value: f64| {
            bytes.extend(single(value * factor).to_be_bytes());
        };
        number(&mut bytes, self.additions);
        for weight in self.buckets.weights() {
            number(&mut bytes, *weight);
        }
        let places = self.heavy.places();
        bytes.push(u8::try_from(places.len()).expect("there are 32 at most"));
        for place in places {
            bytes.extend(place.key.value().to_be_bytes());
            number(&mut bytes, place.weight);
            number(&mut bytes, place.error);
        }
        bytes
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, MalformedSketch> {
        let mut reader = Reader(bytes);
        if reader.take::<1>()? != [VERSION] {
            return Err(MalformedSketch);
        }
        let start = HashKey::new(u128::from_be_bytes(reader.take()?));
        let end = HashKey::new(u128::from_be_bytes(reader.take()?));
        let range = HashKeyRange::new(start, end).map_err(|_| MalformedSketch)?;
        let time = Timestamp::from_millis(u64::from_be_bytes(reader.take()?));
        let mut sketch = Self::new(range, time);
        sketch.additions = reader.weight()?;
        let mut weights = [0.0; BUCKETS];
        for weight in &mut weights {
            *weight = reader.weight()?;
        }
        sketch.buckets.set_weights(&weights);
        let [count] = reader.take::<1>()?;
        if usize::from(count) > PLACES {
            return Err(MalformedSketch);
        }
        let mut places: Vec<Place> = Vec::with_capacity(count.into());
        for _ in 0..count {
            let key = HashKey::new(u128::from_be_bytes(reader.take()?));
            let (weight, error) = (reader.weight()?, reader.weight()?);
            let is_new = places.iter().all(|place| place.key != key);
            if !(is_new && range.contains(key) && error <= weight) {
                return Err(MalformedSketch);
            }
            places.push(Place { key, weight, error });
        }
        sketch.heavy = HeavyKeys::of_places(places);
        if reader.0.is_empty() {
            Ok(sketch)
        } else {
            Err(MalformedSketch)
        }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "seven digits of a weight are enough"
)]
fn single(value: f64) -> f32 {
    value as f32
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const LEN: usize>(&mut self) -> Result<[u8; LEN], MalformedSketch> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(MalformedSketch)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn weight(&mut self) -> Result<f64, MalformedSketch> {
        let weight = f64::from(f32::from_be_bytes(self.take()?));
        if weight.is_finite() && weight >= 0.0 {
            Ok(weight)
        } else {
            Err(MalformedSketch)
        }
    }
}
