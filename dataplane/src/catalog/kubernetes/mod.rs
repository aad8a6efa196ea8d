//! The catalog as custom resources of one namespace (ADR 2): a snapshot by projection of a watch, changes by writes of objects.
//!
//! ```text
//!  watch ─► Objects ─► projection ─► Snapshot ─► readers
//!              ▲                        │
//!              └── API server ◄── writes ◄── Change
//! ```
//!
//! Owns the only use of `kube` in the node. **Invariant:** a snapshot only ever shows what the API server has stored, and a
//! stream whose shards do not tile yet stays as it was shown last.

mod account;
mod adopting;
mod client;
mod founding;
mod merge_patch;
mod object_name;
mod objects;
mod pod_addresses;
mod projection;
mod recalled;
mod rendering;
mod restoring;
mod secrets;
mod shard_limits;
mod watching;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anabranch_crds::data_stream::DeletionPolicy;
use anabranch_domain::catalog::{Account, Change, ObjectKey, Snapshot, Stream};
use anabranch_domain::quota::Limits;
use anabranch_domain::{PodName, ShardId, StreamName};
use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use kube::ResourceExt;
use tokio::sync::watch;
use tracing::{debug, warn};

use self::client::{Api, Planned, WriteError};
use self::objects::{Event, Objects};
use self::writes::{Names, Verb, Write};
use super::{Catalog, CatalogError};
use crate::clock::Clock;

pub use adopting::{PoolShard, Retained};
pub use kube::Client;
pub use pod_addresses::follow_pod_addresses;
pub use recalled::CatalogObjects;
pub use restoring::Restored;
pub use secrets::{LabelledSecret, follow_secrets};
pub use watching::follow_all;
pub use writes::Role;

/// A `Reshard` that the API or the operator made says its number in this annotation; one that a user made gets a number in
/// its status when the operator accepts it.
const NUMBER_ANNOTATION: &str = "anabranch.dev/reshard-number";

/// How often a change is begun anew because objects changed under it. Each time somebody else got on.
const CONFLICTS_MAX: u32 = 8;

/// A client of the API server that this process is to use: the pod's own, or the one of a `KUBECONFIG`.
pub async fn connect() -> Result<kube::Client, Box<dyn std::error::Error + Send + Sync>> {
    // Two crates may bring a provider each; this process has one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(kube::Client::try_default().await?)
}

/// Where the catalog is, and as what this process writes it.
#[derive(Debug, Clone)]
pub struct Place {
    /// The namespace: one AWS account and region.
    pub namespace: String,
    /// What this process may write.
    pub role: Role,
    /// What streams get that the API makes.
    pub new_streams: NewStreams,
}

/// What the Kinesis API cannot say of a new stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStreams {
    /// Its `ShardPool`; none: it gets pods of its own.
    pub pool: Option<String>,
    /// Copies of each of its shards.
    pub replication_factor: u32,
}

impl Default for NewStreams {
    fn default() -> Self {
        Self {
            pool: None,
            replication_factor: 1,
        }
    }
}

/// The catalog in a Kubernetes namespace.
pub struct KubernetesCatalog {
    shared: Arc<Shared>,
}

struct Shared {
    api: Api,
    place: Place,
    clock: Arc<dyn Clock>,
    view: Mutex<View>,
    newest: ArcSwap<Snapshot>,
    version: watch::Sender<u64>,
    /// Whether there is a catalog.
    synced: watch::Sender<bool>,
    /// Held while a change is decided and written.
    writing: tokio::sync::Mutex<()>,
}

/// The objects, and which of them is which stream.
#[derive(Default)]
struct View {
    objects: Objects,
    /// The kinds that were not listed yet.
    unlisted: BTreeSet<&'static str>,
    /// When a watch failed last.
    failed_at: Option<std::time::Instant>,
    /// The `DataStream` objects that wish for a stream's name: one of them is the stream.
    objects_of: BTreeMap<StreamName, BTreeSet<String>>,
    name_of: BTreeMap<String, StreamName>,
    /// Streams whose objects say more than the snapshot shows: nothing is decided on what is shown of them.
    behind: BTreeSet<StreamName>,
}

impl KubernetesCatalog {
    /// A catalog that knows nothing yet; [`Self::follow`] fills it.
    pub fn new(
        client: kube::Client,
        place: Place,
        clock: Arc<dyn Clock>,
        account: Account,
        limits: Limits,
    ) -> Self {
        let snapshot = Snapshot::new(account, limits);
        let view = View {
            unlisted: watching::kinds(place.role).iter().copied().collect(),
            ..View::default()
        };
        let shared = Shared {
            api: Api::new(client, &place.namespace),
            place,
            clock,
            view: Mutex::new(view),
            version: watch::Sender::new(snapshot.version),
            newest: ArcSwap::from_pointee(snapshot),
            synced: watch::Sender::new(false),
            writing: tokio::sync::Mutex::new(()),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Watches the namespace until dropped. A lost connection is made again; meanwhile the last snapshot stands.
    pub async fn follow(&self) {
        watching::follow(&self.shared).await;
    }

    /// Waits until there is a catalog, `patience` at most. Says whether there is.
    pub async fn is_synced_within(&self, patience: Duration) -> bool {
        let mut synced = self.shared.synced.subscribe();
        let waited = tokio::time::timeout(patience, synced.wait_for(|synced| *synced));
        matches!(waited.await, Ok(Ok(_)))
    }

    /// Whether what is known is what the API server listed, and not what was begun with.
    pub fn is_listed(&self) -> bool {
        self.shared.view().unlisted.is_empty()
    }

    /// Whether there is a catalog: every kind was listed once, or it was begun with one.
    pub fn is_synced(&self) -> bool {
        *self.shared.synced.borrow()
    }

    /// The name of the `DataStream` object that is this stream.
    pub fn object_of(&self, stream: &StreamName) -> Option<String> {
        self.shared.view().winner(stream)
    }

    /// Whether the `DataStream` object is the one that has its stream's name: of several the oldest.
    pub fn has_its_name(&self, object: &str) -> bool {
        let view = self.shared.view();
        let name = view.name_of.get(object);
        name.and_then(|name| view.winner(name)).as_deref() == Some(object)
    }

    /// The stream of a `DataStream` object; none where another object has its name, or it cannot be read.
    pub fn stream_of(&self, object: &str) -> Option<Arc<Stream>> {
        let name = {
            let view = self.shared.view();
            let name = view.name_of.get(object)?.clone();
            (view.winner(&name).as_deref() == Some(object)).then_some(name)?
        };
        self.shared.newest.load().streams.get(&name).cloned()
    }
}

impl View {
    /// The one object that is the stream of this name: the oldest.
    fn winner(&self, name: &StreamName) -> Option<String> {
        let objects = self.objects_of.get(name)?;
        let age = |object: &&String| {
            let created = self.objects.streams.get(*object)?.creation_timestamp()?;
            Some(created.0)
        };
        objects
            .iter()
            .min_by_key(|object| (age(object), (*object).clone()))
            .cloned()
    }

    /// The object of the stream of this name, and that of one of its shards.
    fn shard(
        &self,
        stream: &StreamName,
        shard: ShardId,
    ) -> Option<(String, &anabranch_crds::Shard)> {
        let object = self.winner(stream)?;
        let known = self
            .objects
            .shards
            .get(&format!("{object}-{}", shard.index()))?;
        Some((object, known))
    }

    /// Whether the object's stream has an identity and shards.
    fn is_founded(&self, object: &str) -> bool {
        let status = self
            .objects
            .streams
            .get(object)
            .and_then(|it| it.status.as_ref());
        status.is_some_and(|status| status.stream_uid.is_some())
    }

    /// Notes which stream an object wishes for. Gives back the names whose stream may be another now.
    fn name(&mut self, object: &str) -> BTreeSet<StreamName> {
        let mut names = BTreeSet::new();
        if let Some(before) = self.name_of.remove(object) {
            if let Some(objects) = self.objects_of.get_mut(&before) {
                objects.remove(object);
            }
            names.insert(before);
        }
        // One that leaves its records behind is no stream any more: nothing of it is to be done.
        let wished = self.objects.streams.get(object).filter(|object| {
            object.metadata.deletion_timestamp.is_none()
                || object.spec.deletion_policy == DeletionPolicy::Delete
        });
        if let Some(name) = wished.and_then(projection::stream_name) {
            let objects = self.objects_of.entry(name.clone()).or_default();
            objects.insert(object.to_owned());
            self.name_of.insert(object.to_owned(), name.clone());
            names.insert(name);
        }
        names
    }
}

impl Shared {
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what happened to an object and shows what follows from it.
    fn take(&self, event: Event) {
        let mut view = self.view();
        if matches!(event, Event::Account(_)) {
            view.objects.take(event);
            return self.show_account(&view);
        }
        let touched = view.objects.take(event);
        let mut names = BTreeSet::new();
        for object in &touched {
            names.extend(view.name(object));
        }
        self.show(&mut view, &names);
    }

    /// A kind was listed for the first time.
    fn listed(&self, kind: &'static str) {
        let mut view = self.view();
        if view.unlisted.remove(kind) && view.unlisted.is_empty() {
            let names = view.objects_of.keys().cloned().collect();
            self.show(&mut view, &names);
            self.synced.send_replace(true);
        }
    }

    /// Shows the account as it is kept.
    fn show_account(&self, view: &View) {
        let snapshot = self.newest.load();
        let account = account::of(&view.objects, &snapshot.account);
        if account != *snapshot.account {
            let next = snapshot.with_account(account);
            let version = next.version;
            self.newest.store(Arc::new(next));
            self.version.send_replace(version);
        }
    }

    /// Projects these streams anew. Under the view's lock, so that no older projection follows a newer one.
    fn show(&self, view: &mut View, names: &BTreeSet<StreamName>) {
        if names.is_empty() || !view.unlisted.is_empty() {
            return;
        }
        let mut snapshot = Snapshot::clone(&self.newest.load());
        for name in names {
            let next = match view.winner(name) {
                None => Some(snapshot.without_stream(name)),
                // A stream without identity and shards is shown to those who ask for it, and is nothing to work on.
                Some(object) if self.place.role == Role::Operator && !view.is_founded(&object) => {
                    Some(snapshot.without_stream(name))
                }
                Some(object) => projected(view, &object, &snapshot),
            };
            if let Some(next) = next {
                snapshot = next;
                view.behind.remove(name);
            } else {
                view.behind.insert(name.clone());
            }
        }
        let version = snapshot.version;
        self.newest.store(Arc::new(snapshot));
        self.version.send_replace(version);
    }

    async fn change(&self, change: Change) -> Result<Arc<Snapshot>, CatalogError> {
        let _turn = self.writing.lock().await;
        for _ in 0..CONFLICTS_MAX {
            let planned = self.plan(&change)?;
            match self.carry_out(planned).await {
                Ok(()) => return Ok(self.newest.load_full()),
                Err(WriteError::Conflict) => debug!("objects changed under a change, begun anew"),
                Err(WriteError::Failed(failure)) => return Err(CatalogError::Unavailable(failure)),
            }
        }
        let text = format!("objects changed {CONFLICTS_MAX} times under one change");
        Err(CatalogError::Unavailable(text))
    }

    /// What the change asks to be written. In one piece, so that each write is fenced by the version that was decided on.
    fn plan(&self, change: &Change) -> Result<Planned, CatalogError> {
        let view = self.view();
        let before = self.newest.load();
        let (after, touched) = before.apply(change, self.clock.now())?;
        let (role, new) = (self.place.role, &self.place.new_streams);
        let mut streams = touched.iter().filter_map(ObjectKey::stream);
        // A gateway's wish is judged again by the operator; a fact is not judged by anybody.
        if let Some(behind) = streams.find(|name| view.behind.contains(*name))
            && role == Role::Operator
        {
            let text = format!("the objects of stream {behind} make no whole at the moment");
            return Err(CatalogError::Unavailable(text));
        }
        let names = KnownNames::of(&view, &self.place);
        let writes = writes::writes(&before, &after, &touched, role, &names, new);
        Ok(Planned::on(&view.objects, writes))
    }

    /// Carries out writes one after the other; what the API server answers is taken in at once.
    async fn carry_out(&self, planned: Planned) -> Result<(), WriteError> {
        let Planned {
            writes,
            mut versions,
        } = planned;
        for write in writes {
            let owner = {
                let view = self.view();
                view.objects.streams.get(&write.stream).cloned()
            };
            let event = self
                .api
                .write(&write, owner.as_ref(), &mut versions)
                .await?;
            if let Some(event) = event {
                self.take(event);
            }
        }
        Ok(())
    }
}

fn projected(view: &View, object: &str, snapshot: &Snapshot) -> Option<Snapshot> {
    let stream = match projection::stream(&view.objects, object) {
        Ok(stream) => stream,
        Err(unreadable) => {
            warn!(%unreadable, "object left as it was shown last");
            return None;
        }
    };
    match snapshot.with_stream(stream) {
        Ok(next) => Some(next),
        // Between two writes of one stream's founding: the next event shows more.
        Err(broken) => {
            debug!(object, %broken, "stream left as it was shown last");
            None
        }
    }
}

/// The number of a `Reshard` that was accepted, or that comes from whom accepts.
fn accepted_number(object: &anabranch_crds::Reshard) -> Option<u64> {
    let number = object.status.as_ref().and_then(|status| status.number);
    number.or_else(|| object.annotations().get(NUMBER_ANNOTATION)?.parse().ok())
}

/// The objects' names as they are while a change is decided.
struct KnownNames<'a> {
    view: &'a View,
    pool: Option<&'a str>,
}

impl<'a> KnownNames<'a> {
    fn of(view: &'a View, place: &'a Place) -> Self {
        Self {
            view,
            pool: place.new_streams.pool.as_deref(),
        }
    }
}

impl Names for KnownNames<'_> {
    fn stream(&self, name: &StreamName) -> String {
        let known = self.view.winner(name);
        known.unwrap_or_else(|| object_name::object_name(name.as_str()))
    }

    fn shards(&self, stream: &str) -> Vec<String> {
        let shards = self.view.objects.shards_of(stream);
        shards.map(ResourceExt::name_any).collect()
    }

    fn reshard(&self, stream: &str, number: u64) -> String {
        let mut reshards = self.view.objects.reshards_of(stream);
        let known = reshards.find(|reshard| accepted_number(reshard) == Some(number));
        known.map_or_else(|| format!("{stream}-{number}"), ResourceExt::name_any)
    }

    fn consumer(&self, stream: &str, consumer: &str) -> String {
        let known = self.view.objects.consumers_of(stream).find(|object| {
            let name = object.spec.consumer_name.clone();
            name.unwrap_or_else(|| object.name_any()) == consumer
        });
        known.map_or_else(
            || writes::consumer_object(stream, consumer),
            ResourceExt::name_any,
        )
    }

    fn has_account(&self) -> bool {
        self.view.objects.account.contains_key(account::OBJECT)
    }

    fn pool(&self, stream: &str) -> String {
        let object = self.view.objects.streams.get(stream);
        let named = object.and_then(|object| object.spec.pool.as_deref());
        named
            .or_else(|| self.pool.filter(|_| object.is_none()))
            .unwrap_or(stream)
            .to_owned()
    }
}

impl KubernetesCatalog {
    /// Says which pods lead and vote in a shard, if that is not what is said already.
    pub async fn note_replicas(
        &self,
        stream: &StreamName,
        shard: ShardId,
        leader: &PodName,
        voters: &[PodName],
    ) -> Result<(), CatalogError> {
        let is_news = |known: &anabranch_crds::Shard| {
            known.status.as_ref().is_none_or(|status| {
                status.leader.as_deref() != Some(leader.as_str()) || !names(&status.voters, voters)
            })
        };
        let has_news = {
            let view = self.shared.view();
            let shard = view.shard(stream, shard);
            shard.is_some_and(|(_, known)| is_news(known))
        };
        // Said already, nearly always: that is no reason to wait for whoever writes.
        if !has_news {
            return Ok(());
        }
        let voters: Vec<_> = voters.iter().map(PodName::as_str).collect();
        let status = serde_json::json!({ "leader": leader.as_str(), "voters": voters });
        let verb = Verb::PatchStatus(serde_json::json!({ "status": status }));
        self.write_shard(stream, shard, is_news, verb).await
    }

    /// The pods that vote in each shard of a stream, as was noted last.
    pub fn noted_voters(&self, stream: &StreamName) -> BTreeMap<ShardId, Vec<PodName>> {
        let view = self.shared.view();
        let Some(object) = view.winner(stream) else {
            return BTreeMap::new();
        };
        let voters = view.objects.shards_of(&object).filter_map(|it| {
            let voters = &it.status.as_ref()?.voters;
            let voters = voters.iter().filter_map(|pod| pod.parse().ok());
            Some((it.spec.shard_id.parse().ok()?, voters.collect()))
        });
        voters.collect()
    }

    /// Says on which pods a shard's replicas are wanted, where until now they are wanted on `from`.
    pub async fn place(
        &self,
        stream: &StreamName,
        shard: ShardId,
        from: &[PodName],
        pods: &[PodName],
    ) -> Result<(), CatalogError> {
        let is_there = |known: &anabranch_crds::Shard| names(&known.spec.replicas, from);
        let pods: Vec<_> = pods.iter().map(PodName::as_str).collect();
        let verb = Verb::Patch(serde_json::json!({ "spec": { "replicas": pods } }));
        self.write_shard(stream, shard, is_there, verb).await
    }

    /// Changes one shard's object, if it is still as `applies` says.
    async fn write_shard(
        &self,
        stream: &StreamName,
        shard: ShardId,
        applies: impl Fn(&anabranch_crds::Shard) -> bool,
        verb: Verb,
    ) -> Result<(), CatalogError> {
        let _turn = self.shared.writing.lock().await;
        let planned = {
            let view = self.shared.view();
            let Some((object, known)) = view.shard(stream, shard) else {
                return Ok(());
            };
            if !applies(known) {
                return Ok(());
            }
            let write = Write {
                kind: writes::Kind::Shard,
                name: known.name_any(),
                stream: object,
                verb,
            };
            Planned::on(&view.objects, vec![write])
        };
        Self::settle(self.shared.carry_out(planned).await)
    }
}

/// Whether `texts` are the names of `pods`.
fn names(texts: &[String], pods: &[PodName]) -> bool {
    let texts = texts.iter().map(String::as_str);
    texts.eq(pods.iter().map(PodName::as_str))
}

impl Catalog for KubernetesCatalog {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.newest.load_full()
    }

    /// A change that was begun is ended, also when its caller goes away: half of its writes would be worse than all.
    fn commit(&self, change: Change) -> BoxFuture<'_, Result<Arc<Snapshot>, CatalogError>> {
        let shared = Arc::clone(&self.shared);
        let changing = tokio::spawn(async move { shared.change(change).await });
        Box::pin(async move {
            match changing.await {
                Ok(outcome) => outcome,
                Err(failure) if failure.is_panic() => {
                    std::panic::resume_unwind(failure.into_panic())
                }
                Err(_) => Err(CatalogError::Unavailable("the process stops".to_owned())),
            }
        })
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.version.subscribe()
    }

    fn is_current(&self) -> bool {
        self.shared.is_watching()
    }
}

#[cfg(test)]
mod catalog_test;
#[cfg(test)]
mod projection_test;
