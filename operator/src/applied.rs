//! What was applied lately, so that what did not change is not sent again in each round.
//!
//! **Invariant:** what somebody else changed is put right all the same, at the latest after [`AGAIN_AFTER`].

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

/// What was not changed here is applied again after this, in case somebody changed it there.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// The objects that were applied.
#[derive(Debug, Default)]
pub struct Applied {
    objects: Mutex<HashMap<String, (u64, Instant)>>,
}

impl Applied {
    /// Whether the object is to be applied: it is another than it was, or it was not looked at for a while. `name` is one of
    /// this kind's; `seen` says what else must be as it was, such as the generation that is there.
    pub fn is_due(&self, name: &str, object: &Value, seen: Option<i64>) -> bool {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        objects.retain(|_, (_, at)| now.duration_since(*at) < AGAIN_AFTER);
        objects.get(name).map(|(digest, _)| *digest) != Some(digest(object, seen))
    }

    /// Notes that it was.
    pub fn note(&self, name: &str, object: &Value, seen: Option<i64>) {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.insert(name.to_owned(), (digest(object, seen), Instant::now()));
    }
}

fn digest(object: &Value, seen: Option<i64>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (object.to_string(), seen).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_is_applied_again_only_after_a_while_or_when_it_was_changed() {
        let applied = Applied::default();
        let (one, two) = (json!({ "replicas": 1 }), json!({ "replicas": 2 }));
        assert!(applied.is_due("set", &one, None));
        applied.note("set", &one, Some(1));
        assert!(!applied.is_due("set", &one, Some(1)));
        assert!(applied.is_due("set", &two, Some(1)), "it is to be another");
        assert!(applied.is_due("set", &one, Some(2)), "somebody changed it");
        assert!(applied.is_due("service", &one, Some(1)));
        tokio::time::advance(AGAIN_AFTER).await;
        assert!(applied.is_due("set", &one, Some(1)), "somebody may have");
    }
}
