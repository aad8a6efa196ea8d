//! Who is subscribed to what: at most one `SubscribeToShard` a consumer and shard.
//!
//! Owns AWS's rule of succession: for five seconds after a successful subscription a second one is refused; after that
//! it takes over and the first one ends with `ResourceInUseException`. A slot is a value: dropping it frees the place.
//! Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anabranch_domain::ids::ShardUid;
use anabranch_domain::time::Timestamp;
use tokio_util::sync::CancellationToken;

/// How long a subscription can't be taken over.
pub(crate) const SUCCESSION_WAIT: Duration = Duration::from_secs(5);

/// A consumer of a shard. The consumer is named by its ARN, whose creation time tells a successor of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubscriptionKey {
    /// The consumer's ARN.
    pub consumer_arn: String,
    /// The shard.
    pub shard: ShardUid,
}

/// Every subscription of the process.
#[derive(Debug)]
pub struct Subscriptions {
    places_max: usize,
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    next_generation: u64,
    taken: HashMap<SubscriptionKey, Place>,
}

#[derive(Debug)]
struct Place {
    generation: u64,
    since: Timestamp,
    displaced: CancellationToken,
}

/// The right to push to one consumer and shard, until dropped or displaced.
#[derive(Debug)]
#[must_use = "dropping the slot ends the subscription"]
pub struct Slot {
    subscriptions: Arc<Subscriptions>,
    key: SubscriptionKey,
    generation: u64,
    displaced: CancellationToken,
}

/// Why a subscription did not get its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlotRefused {
    /// Another subscription of the same consumer to this shard is younger than five seconds.
    #[error("another subscription holds the shard since {since}")]
    InUse {
        /// When the other one began.
        since: Timestamp,
    },
    /// The process pushes to as many subscriptions as it may.
    #[error("{places_max} subscriptions are open")]
    TooMany {
        /// The bound.
        places_max: usize,
    },
}

impl Subscriptions {
    /// At most `places_max` subscriptions at a time.
    pub fn new(places_max: usize) -> Arc<Self> {
        Arc::new(Self {
            places_max,
            places: Mutex::default(),
        })
    }

    /// Takes the place of `key`, displacing a holder that has had it for long enough.
    pub fn take(
        self: &Arc<Self>,
        key: SubscriptionKey,
        now: Timestamp,
    ) -> Result<Slot, SlotRefused> {
        let mut places = self.lock();
        let full = places.taken.len() >= self.places_max;
        let generation = places.next_generation;
        let displaced = CancellationToken::new();
        let place = Place {
            generation,
            since: now,
            displaced: displaced.clone(),
        };
        match places.taken.entry(key.clone()) {
            Entry::Occupied(mut held) => {
                let since = held.get().since;
                if now.saturating_since(since) < SUCCESSION_WAIT {
                    return Err(SlotRefused::InUse { since });
                }
                held.insert(place).displaced.cancel();
            }
            Entry::Vacant(_) if full => {
                return Err(SlotRefused::TooMany {
                    places_max: self.places_max,
                });
            }
            Entry::Vacant(free) => {
                free.insert(place);
            }
        }
        places.next_generation += 1;
        Ok(Slot {
            subscriptions: Arc::clone(self),
            key,
            generation,
            displaced,
        })
    }

    /// How many subscriptions are open.
    pub fn len(&self) -> usize {
        self.lock().taken.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Ends when a later subscription took the place.
    pub async fn displaced(&self) {
        self.displaced.cancelled().await;
    }

    /// Whether a later subscription took the place.
    pub fn is_displaced(&self) -> bool {
        self.displaced.is_cancelled()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut places = self.subscriptions.lock();
        // A successor holds the place under its own generation: that one stays.
        if places
            .taken
            .get(&self.key)
            .is_some_and(|place| place.generation == self.generation)
        {
            places.taken.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SubscriptionKey {
        SubscriptionKey {
            consumer_arn: "arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1".to_owned(),
            shard: ShardUid::from_bits(1),
        }
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn a_second_subscription_within_five_seconds_is_refused() {
        let subscriptions = Subscriptions::new(10);
        let _first = subscriptions.take(key(), at(100)).expect("free");
        let refused = subscriptions.take(key(), at(104)).expect_err("in use");
        assert_eq!(refused, SlotRefused::InUse { since: at(100) });
    }

    #[test]
    fn after_five_seconds_a_second_subscription_takes_over() {
        let subscriptions = Subscriptions::new(10);
        let first = subscriptions.take(key(), at(100)).expect("free");
        let second = subscriptions.take(key(), at(105)).expect("takes over");
        assert!(first.is_displaced() && !second.is_displaced());
        drop(first);
        assert_eq!(subscriptions.len(), 1, "the successor keeps its place");
        drop(second);
        assert!(subscriptions.is_empty());
    }

    #[test]
    fn the_number_of_places_is_bounded() {
        let subscriptions = Subscriptions::new(1);
        let _first = subscriptions.take(key(), at(100)).expect("free");
        let other = SubscriptionKey {
            shard: ShardUid::from_bits(2),
            ..key()
        };
        let refused = subscriptions.take(other, at(100)).expect_err("full");
        assert_eq!(refused, SlotRefused::TooMany { places_max: 1 });
    }
}
