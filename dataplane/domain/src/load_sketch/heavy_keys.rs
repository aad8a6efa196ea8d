//! The heaviest keys by Space-Saving (Metwally, Agrawal, El Abbadi 2005): a new key takes the place of the lightest one and
//! inherits its weight as a possible error. So each weight is too high by its error at most, and no error is greater than
//! the total over the number of places.

use super::HeavyKey;
use crate::{HashKey, HashKeyRange};

/// Places: a key with more than 1/32 of the load is found for certain.
pub(super) const PLACES: usize = 32;

/// One key's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) key: HashKey,
    /// Never less than the key's weight.
    pub(super) weight: f64,
    /// By how much it may be too high.
    pub(super) error: f64,
}

impl Place {
    /// What the key is certain to weigh.
    pub(super) fn certain(self) -> f64 {
        self.weight - self.error
    }
}

/// The places.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct HeavyKeys {
    places: Vec<Place>,
}

impl HeavyKeys {
    pub(super) fn add(&mut self, key: HashKey, weight: f64) {
        let place = Place {
            key,
            weight,
            error: 0.0,
        };
        self.put(place);
    }

    fn put(&mut self, new: Place) {
        if let Some(place) = self.places.iter_mut().find(|place| place.key == new.key) {
            place.weight += new.weight;
            place.error += new.error;
        } else if self.places.len() < PLACES {
            self.places.push(new);
        } else {
            let lightest = self.places.iter_mut();
            let lightest = lightest.min_by(|one, other| one.weight.total_cmp(&other.weight));
            let lightest = lightest.expect("there are 32");
            *lightest = Place {
                key: new.key,
                weight: lightest.weight + new.weight,
                error: lightest.weight + new.error,
            };
        }
    }

    pub(super) fn scale(&mut self, factor: f64) {
        for place in &mut self.places {
            place.weight *= factor;
            place.error *= factor;
        }
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    pub(super) fn of_places(places: Vec<Place>) -> Self {
        Self { places }
    }

    pub(super) fn take_over(&mut self, other: &Self, range: HashKeyRange) {
        for place in &other.places {
            if range.contains(place.key) {
                self.put(*place);
            }
        }
    }

    /// Those that are certain to weigh something, heaviest first, as shares of `total`.
    pub(super) fn shares(&self, total: f64) -> Vec<HeavyKey> {
        let mut shares: Vec<_> = self
            .places
            .iter()
            .filter(|place| place.certain() > 0.0 && total > 0.0)
            .map(|place| HeavyKey {
                key: place.key,
                share_low: (place.certain() / total).min(1.0),
                share_high: (place.weight / total).min(1.0),
            })
            .collect();
        shares.sort_by(|one, other| other.share_low.total_cmp(&one.share_low));
        shares
    }
}
