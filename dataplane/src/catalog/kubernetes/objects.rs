//! The objects of one namespace as this process knows them: what was listed and watched, and what it wrote itself.
//!
//! Owns "newest wins": an object that a writer got back from the API server is not replaced by an older one that a watch
//! still brings, and one that a watch said is gone does not come back with the late answer of a writer. Knows nothing of what
//! the objects mean.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anabranch_crds::{DataStream, Reshard, Shard, StreamConsumer};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;

/// One kind's objects, by name.
pub(super) type Kind<T> = BTreeMap<String, T>;

/// Every object that the catalog is made of.
#[derive(Debug, Clone, Default)]
pub(super) struct Objects {
    pub(super) streams: Kind<DataStream>,
    pub(super) shards: Members<Shard>,
    pub(super) reshards: Members<Reshard>,
    pub(super) consumers: Members<StreamConsumer>,
    /// What is kept of the account: one object, if there is any.
    pub(super) account: Kind<ConfigMap>,
    gone: Gone,
}

/// Deletions that are remembered: an answer that was under way when its object went comes within seconds.
const GONE_MAX: usize = 1024;

/// The identities of objects that went last. None is ever used again.
#[derive(Debug, Clone, Default)]
struct Gone(VecDeque<String>);

impl Gone {
    /// Whether the change is of an object that went before. Remembers one that goes.
    fn is_late<T: kube::Resource<DynamicType = ()>>(&mut self, change: &Change<T>) -> bool {
        let goes = match change {
            Change::Applied(object) => {
                let uid = object.meta().uid.as_ref();
                return uid.is_some_and(|uid| self.0.contains(uid));
            }
            Change::Deleted(object) => object.meta().uid.as_ref(),
            Change::Vanished(meta) => meta.uid.as_ref(),
            Change::Replaced { .. } => None,
        };
        if let Some(uid) = goes {
            self.0.push_back(uid.clone());
            if self.0.len() > GONE_MAX {
                self.0.pop_front();
            }
        }
        false
    }
}

/// One kind's objects that belong to `DataStream`s.
#[derive(Debug, Clone)]
pub(super) struct Members<T> {
    all: Kind<T>,
    /// Their names by `DataStream` object, so that a change of one stream looks at no other.
    of: BTreeMap<String, BTreeSet<String>>,
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self {
            all: Kind::new(),
            of: BTreeMap::new(),
        }
    }
}

/// A change of one object.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Stream(Change<DataStream>),
    Shard(Change<Shard>),
    Reshard(Change<Reshard>),
    Consumer(Change<StreamConsumer>),
    Account(Change<ConfigMap>),
}

/// What happened to it.
#[derive(Debug, Clone)]
pub(super) enum Change<T> {
    /// It is so now.
    Applied(Box<T>),
    /// It is gone; this is how it was last.
    Deleted(Box<T>),
    /// It is gone, and could not be read any more: its name and identity.
    Vanished(Box<ObjectMeta>),
    /// These are all of the kind: others are gone.
    Replaced {
        objects: Vec<T>,
        /// Names of those that are there and cannot be read: they stay as they are known.
        unread: BTreeSet<String>,
    },
}

impl Objects {
    /// Takes a change in, and says which `DataStream` objects' streams may be others now.
    pub(super) fn take(&mut self, event: Event) -> BTreeSet<String> {
        let is_late = match &event {
            Event::Stream(change) => self.gone.is_late(change),
            Event::Shard(change) => self.gone.is_late(change),
            Event::Reshard(change) => self.gone.is_late(change),
            Event::Consumer(change) => self.gone.is_late(change),
            Event::Account(change) => self.gone.is_late(change),
        };
        if is_late {
            return BTreeSet::new();
        }
        match event {
            Event::Stream(change) => take(&mut self.streams, change, ResourceExt::name_any),
            Event::Shard(change) => self.shards.take(change, |shard| &shard.spec.stream),
            Event::Reshard(change) => self.reshards.take(change, |reshard| &reshard.spec.stream),
            Event::Consumer(change) => self.consumers.take(change, |it| &it.spec.stream),
            Event::Account(change) => {
                take(&mut self.account, change, |_| String::new());
                // It is of no stream.
                BTreeSet::new()
            }
        }
    }

    /// The shards of a `DataStream` object.
    pub(super) fn shards_of(&self, stream: &str) -> impl Iterator<Item = &Shard> {
        self.shards.of(stream)
    }

    /// The reshards of a `DataStream` object.
    pub(super) fn reshards_of(&self, stream: &str) -> impl Iterator<Item = &Reshard> {
        self.reshards.of(stream)
    }

    /// The consumers of a `DataStream` object.
    pub(super) fn consumers_of(&self, stream: &str) -> impl Iterator<Item = &StreamConsumer> {
        self.consumers.of(stream)
    }
}

impl<T: kube::Resource<DynamicType = ()>> Members<T> {
    /// Takes a change in. What was touched is looked at before and after, so that the index costs what the change does.
    fn take(&mut self, change: Change<T>, stream_of: fn(&T) -> &String) -> BTreeSet<String> {
        let names: Vec<_> = match &change {
            Change::Applied(object) | Change::Deleted(object) => vec![object.name_any()],
            Change::Vanished(meta) => meta.name.iter().cloned().collect(),
            Change::Replaced { .. } => Vec::new(),
        };
        for name in &names {
            if let Some(before) = self.all.get(name)
                && let Some(members) = self.of.get_mut(stream_of(before))
            {
                members.remove(name);
                if members.is_empty() {
                    self.of.remove(stream_of(before));
                }
            }
        }
        let is_whole = matches!(change, Change::Replaced { .. });
        let touched = take(&mut self.all, change, |object| stream_of(object).clone());
        if is_whole {
            self.of.clear();
            for (name, object) in &self.all {
                let members = self.of.entry(stream_of(object).clone()).or_default();
                members.insert(name.clone());
            }
        }
        for name in names {
            if let Some(object) = self.all.get(&name) {
                let members = self.of.entry(stream_of(object).clone()).or_default();
                members.insert(name);
            }
        }
        touched
    }

    /// Those of one `DataStream` object.
    fn of(&self, stream: &str) -> impl Iterator<Item = &T> {
        let names = self.of.get(stream).into_iter().flatten();
        names.filter_map(|name| self.all.get(name))
    }

    /// The object of this name.
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.all.get(name)
    }

    /// All of them, by name.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.all.values()
    }
}

fn take<T: kube::Resource<DynamicType = ()>>(
    kind: &mut Kind<T>,
    change: Change<T>,
    stream_of: impl Fn(&T) -> String,
) -> BTreeSet<String> {
    let mut touched = BTreeSet::new();
    match change {
        Change::Applied(object) => {
            let name = object.name_any();
            if kind
                .get(&name)
                .is_none_or(|known| is_newer(&*object, known))
            {
                touched.insert(stream_of(&object));
                if let Some(before) = kind.insert(name, *object) {
                    touched.insert(stream_of(&before));
                }
            }
        }
        Change::Deleted(object) => {
            touched.extend(remove(kind, object.meta()).map(|gone| stream_of(&gone)));
        }
        Change::Vanished(meta) => {
            touched.extend(remove(kind, &meta).map(|gone| stream_of(&gone)));
        }
        Change::Replaced { objects, unread } => {
            touched.extend(kind.values().map(&stream_of));
            touched.extend(objects.iter().map(&stream_of));
            let mut all = Kind::new();
            for name in unread {
                if let Some(known) = kind.remove(&name) {
                    all.insert(name, known);
                }
            }
            for object in objects {
                let name = object.name_any();
                // What was written after the list was made stays as it was written.
                let newest = match kind.remove(&name) {
                    Some(known) if !is_newer(&object, &known) => known,
                    _ => object,
                };
                all.insert(name, newest);
            }
            *kind = all;
        }
    }
    touched
}

/// Removes what `meta` names. A later object of the same name stays.
fn remove<T: kube::Resource<DynamicType = ()>>(kind: &mut Kind<T>, meta: &ObjectMeta) -> Option<T> {
    let name = meta.name.as_ref()?;
    let known = kind.get(name).filter(|known| known.uid() == meta.uid);
    known?;
    kind.remove(name)
}

/// Whether `object` was written later than `known`. Resource versions are numbers that grow (KEP-5504); of two objects of
/// one name that are not the same, the one that comes now is the later.
fn is_newer<T: kube::Resource<DynamicType = ()>>(object: &T, known: &T) -> bool {
    if object.uid() != known.uid() {
        return true;
    }
    match (version(object), version(known)) {
        (Some(version), Some(known)) => version > known,
        _ => true,
    }
}

fn version<T: kube::Resource<DynamicType = ()>>(object: &T) -> Option<u64> {
    object.resource_version()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(name: &str, uid: &str, version: u64) -> DataStream {
        let mut stream = DataStream::new(name, serde_json::from_str("{}").expect("a spec"));
        stream.metadata.uid = Some(uid.to_owned());
        stream.metadata.resource_version = Some(version.to_string());
        stream
    }

    fn replaced<T>(objects: Vec<T>) -> Change<T> {
        let unread = BTreeSet::new();
        Change::Replaced { objects, unread }
    }

    fn version_of(objects: &Objects, name: &str) -> Option<u64> {
        objects.streams.get(name).and_then(version)
    }

    #[test]
    fn what_is_gone_does_not_come_back_with_the_late_answer_of_a_writer() {
        let mut objects = Objects::default();
        let mut take = |change| {
            let touched = objects.take(Event::Stream(change));
            (touched.len(), version_of(&objects, "a"))
        };
        let applied = |uid, version| Change::Applied(Box::new(stream("a", uid, version)));
        assert_eq!(take(applied("1", 7)), (1, Some(7)));
        assert_eq!(
            take(Change::Deleted(Box::new(stream("a", "1", 9)))),
            (1, None)
        );
        assert_eq!(take(applied("1", 8)), (0, None), "a writer's answer");
        assert_eq!(take(applied("2", 10)), (1, Some(10)), "made again");
        let vanished = Change::Vanished(Box::new(stream("a", "2", 11).metadata));
        assert_eq!(take(vanished), (1, None));
        assert_eq!(take(applied("2", 10)), (0, None));
    }

    #[test]
    fn what_was_written_is_not_undone_by_an_older_watch_event() {
        let mut objects = Objects::default();
        let apply = |objects: &mut Objects, stream| {
            objects.take(Event::Stream(Change::Applied(Box::new(stream))))
        };
        assert_eq!(apply(&mut objects, stream("a", "1", 7)).len(), 1);
        assert!(apply(&mut objects, stream("a", "1", 5)).is_empty());
        assert_eq!(version_of(&objects, "a"), Some(7));
        let list = vec![stream("a", "1", 6), stream("b", "2", 3)];
        objects.take(Event::Stream(replaced(list)));
        assert_eq!(version_of(&objects, "a"), Some(7));
        assert_eq!(version_of(&objects, "b"), Some(3));
        objects.take(Event::Stream(Change::Replaced {
            objects: Vec::new(),
            unread: BTreeSet::from(["b".to_owned(), "c".to_owned()]),
        }));
        assert_eq!(version_of(&objects, "a"), None);
        assert_eq!(
            version_of(&objects, "b"),
            Some(3),
            "there, but not readable now"
        );
    }

    fn shard(name: &str, stream: &str, version: u64) -> Shard {
        let spec = serde_json::json!({
            "stream": stream, "streamName": stream, "streamUid": "0", "shardId": "shardId-000000000000",
            "uid": "0", "created": "2023-11-14T22:13:20.000Z", "epoch": 0, "parents": [], "pool": "shared",
            "hashKeyRange": { "start": "0", "end": "9" },
        });
        let mut shard = Shard::new(name, serde_json::from_value(spec).expect("a spec"));
        shard.metadata.uid = Some(name.to_owned());
        shard.metadata.resource_version = Some(version.to_string());
        shard
    }

    fn names(objects: &Objects, stream: &str) -> Vec<String> {
        objects
            .shards_of(stream)
            .map(ResourceExt::name_any)
            .collect()
    }

    #[test]
    fn members_are_found_by_their_stream_whatever_happened_to_them() {
        let mut objects = Objects::default();
        let mut take = |change| objects.take(Event::Shard(change));
        take(replaced(vec![shard("a-0", "a", 1), shard("b-0", "b", 1)]));
        take(Change::Applied(Box::new(shard("a-1", "a", 2))));
        // One that is older than what is known changes nothing.
        take(Change::Applied(Box::new(shard("a-1", "b", 1))));
        take(Change::Deleted(Box::new(shard("b-0", "b", 3))));
        // No release of ours moves a shard to another stream; an index must not believe that.
        take(Change::Applied(Box::new(shard("a-0", "c", 4))));
        assert_eq!(names(&objects, "a"), ["a-1"]);
        assert_eq!(names(&objects, "b"), Vec::<String>::new());
        assert_eq!(names(&objects, "c"), ["a-0"]);
        objects.take(Event::Shard(replaced(vec![shard("b-1", "b", 9)])));
        assert_eq!(names(&objects, "c"), Vec::<String>::new());
        assert_eq!(names(&objects, "b"), ["b-1"]);
    }

    #[test]
    fn a_deletion_takes_only_the_object_that_it_names() {
        let mut objects = Objects::default();
        objects.take(Event::Stream(Change::Applied(Box::new(stream(
            "a", "2", 9,
        )))));
        objects.take(Event::Stream(Change::Deleted(Box::new(stream(
            "a", "1", 8,
        )))));
        assert_eq!(version_of(&objects, "a"), Some(9));
        objects.take(Event::Stream(Change::Deleted(Box::new(stream(
            "a", "2", 10,
        )))));
        assert_eq!(version_of(&objects, "a"), None);
    }
}
