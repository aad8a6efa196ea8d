//! Watches of the four kinds, into the shared view.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{StreamExt as _, join};
use kube::core::{DeserializeGuard, NamespaceResourceScope};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Config, watcher};
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tracing::{debug, warn};

use super::Shared;
use super::objects::{Change, Event};

/// Every kind that must be listed before there is a catalog.
pub(super) const KINDS: [&str; 4] = ["DataStream", "Shard", "Reshard", "StreamConsumer"];

/// Watches until dropped.
pub(super) async fn follow(shared: &Arc<Shared>) {
    let [streams, shards, reshards, consumers] = KINDS;
    join!(
        kind(shared, streams, Event::Stream),
        kind(shared, shards, Event::Shard),
        kind(shared, reshards, Event::Reshard),
        kind(shared, consumers, Event::Consumer),
    );
}

async fn kind<T>(shared: &Shared, name: &'static str, event: impl Fn(Change<T>) -> Event)
where
    T: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let api: kube::Api<DeserializeGuard<T>> = shared.api.guarded();
    let mut events = pin!(watcher(api, Config::default()).default_backoff());
    let mut intake = Intake::default();
    while let Some(next) = events.next().await {
        match next {
            Ok(next) => {
                let is_listed = matches!(next, watcher::Event::InitDone);
                if let Some(change) = intake.take(name, next) {
                    shared.take(event(change));
                }
                if is_listed {
                    shared.listed(name);
                }
            }
            Err(failure) => warn!(kind = name, %failure, "watch failed, made again"),
        }
    }
}

/// One kind's watch events, gathered into changes. An object that this release cannot read, because a later one wrote it,
/// stays as it is known: it must not keep the others from being seen.
struct Intake<T> {
    listing: Vec<T>,
    unread: BTreeSet<String>,
}

impl<T> Default for Intake<T> {
    fn default() -> Self {
        Self {
            listing: Vec::new(),
            unread: BTreeSet::new(),
        }
    }
}

impl<T: Resource<DynamicType = ()>> Intake<T> {
    fn take(
        &mut self,
        kind: &'static str,
        event: watcher::Event<DeserializeGuard<T>>,
    ) -> Option<Change<T>> {
        match event {
            watcher::Event::Init => *self = Self::default(),
            watcher::Event::InitApply(guarded) => {
                let name = guarded.name_any();
                match readable(kind, guarded) {
                    Some(object) => self.listing.push(object),
                    None => {
                        self.unread.insert(name);
                    }
                }
            }
            watcher::Event::InitDone => {
                let Self { listing, unread } = std::mem::take(self);
                debug!(kind, objects = listing.len(), "listed");
                return Some(Change::Replaced {
                    objects: listing,
                    unread,
                });
            }
            watcher::Event::Apply(guarded) => {
                return readable(kind, guarded).map(|it| Change::Applied(Box::new(it)));
            }
            watcher::Event::Delete(guarded) => return Some(deleted(guarded)),
        }
        None
    }
}

fn readable<T: Resource<DynamicType = ()>>(
    kind: &'static str,
    guarded: DeserializeGuard<T>,
) -> Option<T> {
    let name = guarded.name_any();
    match guarded.0 {
        Ok(object) => Some(object),
        Err(unreadable) => {
            warn!(kind, name, %unreadable, "object left as it is known: this release cannot read it");
            None
        }
    }
}

/// What is gone needs not be read: its name and identity say all.
fn deleted<T>(guarded: DeserializeGuard<T>) -> Change<T> {
    match guarded.0 {
        Ok(object) => Change::Deleted(Box::new(object)),
        Err(unreadable) => Change::Vanished(Box::new(unreadable.metadata)),
    }
}

#[cfg(test)]
mod tests {
    use anabranch_crds::Shard;
    use serde_json::{Value, json};

    use super::super::objects::Objects;
    use super::*;

    fn shard(name: &str, phase: &str) -> DeserializeGuard<Shard> {
        let object: Value = json!({
            "apiVersion": "anabranch.dev/v1alpha1",
            "kind": "Shard",
            "metadata": { "name": name, "uid": name, "resourceVersion": "7" },
            "spec": {
                "stream": "a", "streamName": "a", "streamUid": "0", "shardId": "shardId-000000000000",
                "uid": "0", "created": "2023-11-14T22:13:20.000Z", "epoch": 0, "parents": [],
                "pool": "shared", "hashKeyRange": { "start": "0", "end": "9" },
            },
            "status": { "phase": phase },
        });
        serde_json::from_value(object).expect("guarded")
    }

    #[test]
    fn an_object_of_a_later_release_hides_no_other_and_stays_as_it_is_known() {
        let mut intake = Intake::default();
        let mut objects = Objects::default();
        let events = [
            watcher::Event::Init,
            watcher::Event::InitApply(shard("a-0", "Open")),
            watcher::Event::InitApply(shard("a-1", "Open")),
            watcher::Event::InitDone,
            watcher::Event::Apply(shard("a-0", "Meandering")),
            // The connection was lost, and everything is listed again.
            watcher::Event::Init,
            watcher::Event::InitApply(shard("a-0", "Meandering")),
            watcher::Event::InitApply(shard("a-1", "Open")),
            watcher::Event::InitApply(shard("a-2", "Meandering")),
            watcher::Event::InitDone,
        ];
        for event in events {
            if let Some(change) = intake.take("Shard", event) {
                objects.take(Event::Shard(change));
            }
        }
        let names = |objects: &Objects| -> Vec<_> {
            objects.shards_of("a").map(ResourceExt::name_any).collect()
        };
        assert_eq!(names(&objects), ["a-0", "a-1"]);
        let gone = watcher::Event::Delete(shard("a-0", "Meandering"));
        let gone = intake.take("Shard", gone).expect("a change");
        assert_eq!(objects.take(Event::Shard(gone)).len(), 1);
        assert_eq!(names(&objects), ["a-1"]);
    }
}
