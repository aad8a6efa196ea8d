//! Watches: of the kinds, into the shared view, and of lists that are told whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _, join};
use kube::core::{DeserializeGuard, NamespaceResourceScope};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::utils::{Backoff, ResetTimerBackoff};
use kube::runtime::watcher::{self, Config, watcher};
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tracing::{debug, warn};

use super::objects::{Change, Event};
use super::writes::Role;
use super::{Shared, account};

const KINDS: [&str; 5] = [
    "DataStream",
    "Shard",
    "Reshard",
    "StreamConsumer",
    "ConfigMap",
];

/// Every kind that must be listed before there is a catalog. The account is asked of gateways only.
pub(super) fn kinds(role: Role) -> &'static [&'static str] {
    match role {
        Role::Gateway => &KINDS,
        Role::Operator | Role::ShardPod => &KINDS[..4],
    }
}

/// How soon a watch that failed is made again. An API server that is back is to be heard of within seconds, however long it was
/// away: until then this process shows what was.
const AGAIN_MIN: Duration = Duration::from_millis(250);
const AGAIN_MAX: Duration = Duration::from_secs(4);
/// A watch that held so long begins with the shortest pause again.
const STEADY: Duration = Duration::from_secs(30);

/// Whether `next` says that the API server no longer has what came after the last list: it is there, and is to be asked for another one. To be
/// told so is no reason for a pause like that after a failure.
fn is_outdated<T>(next: &Result<watcher::Event<T>, watcher::Error>) -> bool {
    matches!(next, Err(watcher::Error::WatchError(status)) if status.code == 410)
}

/// The pauses between attempts to watch.
fn pauses() -> impl Backoff {
    ResetTimerBackoff::new(Pauses(AGAIN_MIN), STEADY)
}

/// Each pause is twice the one before it.
struct Pauses(Duration);

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let next = (self.0 * 2).min(AGAIN_MAX);
        Some(std::mem::replace(&mut self.0, next))
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.0 = AGAIN_MIN;
    }
}

/// What is seen of what `which` selects, for ever.
fn watched<T>(
    api: kube::Api<T>,
    which: Config,
) -> impl Stream<Item = Result<watcher::Event<T>, watcher::Error>>
where
    T: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let events = watcher(api, which).filter_map(|next| async {
        if is_outdated(&next) {
            tokio::time::sleep(AGAIN_MIN).await;
            return None;
        }
        Some(next)
    });
    Box::pin(events).backoff(pauses())
}

/// Watches what `which` selects until dropped, and tells all of it, by `key` and as `read`, whenever any of it changes. What was
/// told stands until there is a whole list.
pub async fn follow_all<T, V>(
    api: kube::Api<T>,
    which: Config,
    what: &'static str,
    key: impl Fn(&T) -> String,
    read: impl Fn(&T) -> V,
    tell: impl Fn(&BTreeMap<String, V>),
) where
    T: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut events = pin!(watched(api, which));
    let mut all = BTreeMap::new();
    let mut listing = BTreeMap::new();
    while let Some(next) = events.next().await {
        match next {
            Ok(watcher::Event::Init) => {
                listing.clear();
                continue;
            }
            Ok(watcher::Event::InitApply(object)) => {
                listing.insert(key(&object), read(&object));
                continue;
            }
            Ok(watcher::Event::InitDone) => all = std::mem::take(&mut listing),
            Ok(watcher::Event::Apply(object)) => {
                all.insert(key(&object), read(&object));
            }
            Ok(watcher::Event::Delete(object)) => {
                all.remove(&key(&object));
            }
            Err(failure) => {
                warn!(%failure, "watch of {what} failed, made again");
                continue;
            }
        }
        tell(&all);
    }
}

impl Shared {
    /// Whether no watch failed lately. One that holds again says nothing of it; one that does not fails again within [`AGAIN_MAX`].
    pub(super) fn is_watching(&self) -> bool {
        let failed_at = self.view().failed_at;
        failed_at.is_none_or(|at| at.elapsed() > AGAIN_MAX + Duration::from_secs(1))
    }
}

/// Watches until dropped.
pub(super) async fn follow(shared: &Arc<Shared>) {
    let [streams, shards, reshards, consumers, account] = KINDS;
    let every = Config::default();
    let one = Config::default().fields(&format!("metadata.name={}", account::OBJECT));
    let account = async {
        if shared.place.role == Role::Gateway {
            kind(shared, account, one, Event::Account).await;
        }
    };
    join!(
        kind(shared, streams, every.clone(), Event::Stream),
        kind(shared, shards, every.clone(), Event::Shard),
        kind(shared, reshards, every.clone(), Event::Reshard),
        kind(shared, consumers, every, Event::Consumer),
        account,
    );
}

async fn kind<T>(
    shared: &Shared,
    name: &'static str,
    which: Config,
    event: impl Fn(Change<T>) -> Event,
) where
    T: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let api: kube::Api<DeserializeGuard<T>> = shared.api.guarded();
    let mut events = pin!(watched(api, which));
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
            Err(failure) => {
                shared.view().failed_at = Some(Instant::now());
                warn!(kind = name, %failure, "watch failed, made again");
            }
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
