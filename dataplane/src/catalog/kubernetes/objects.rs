//! The objects of one namespace as this process knows them: what was listed and watched, and what it wrote itself.
//!
//! Owns "newest wins": an object that a writer got back from the API server is not replaced by an older one that a watch
//! still brings. Knows nothing of what the objects mean.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_crds::{DataStream, Reshard, Shard, StreamConsumer};
use kube::ResourceExt;

/// One kind's objects, by name.
pub(super) type Kind<T> = BTreeMap<String, T>;

/// Every object that the catalog is made of.
#[derive(Debug, Clone, Default)]
pub(super) struct Objects {
    pub(super) streams: Kind<DataStream>,
    pub(super) shards: Kind<Shard>,
    pub(super) reshards: Kind<Reshard>,
    pub(super) consumers: Kind<StreamConsumer>,
    /// Names of the members of each `DataStream` object, so that a change of one stream looks at no other.
    members: BTreeMap<String, Members>,
}

/// The names of what belongs to one `DataStream`.
#[derive(Debug, Clone, Default)]
struct Members {
    shards: BTreeSet<String>,
    reshards: BTreeSet<String>,
    consumers: BTreeSet<String>,
}

/// A change of one object.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Stream(Change<DataStream>),
    Shard(Change<Shard>),
    Reshard(Change<Reshard>),
    Consumer(Change<StreamConsumer>),
}

/// What happened to it.
#[derive(Debug, Clone)]
pub(super) enum Change<T> {
    /// It is so now.
    Applied(Box<T>),
    /// It is gone; this is how it was last.
    Deleted(Box<T>),
    /// These are all of the kind: others are gone.
    Replaced(Vec<T>),
}

impl Objects {
    /// Takes a change in, and says which `DataStream` objects' streams may be others now.
    pub(super) fn take(&mut self, event: Event) -> BTreeSet<String> {
        let touched = match event {
            Event::Stream(change) => take(&mut self.streams, change, ResourceExt::name_any),
            Event::Shard(change) => {
                take(&mut self.shards, change, |shard| shard.spec.stream.clone())
            }
            Event::Reshard(change) => take(&mut self.reshards, change, |reshard| {
                reshard.spec.stream.clone()
            }),
            Event::Consumer(change) => take(&mut self.consumers, change, |consumer| {
                consumer.spec.stream.clone()
            }),
        };
        self.index(&touched);
        touched
    }

    /// Finds the members of these streams anew.
    fn index(&mut self, streams: &BTreeSet<String>) {
        if streams.is_empty() {
            return;
        }
        for stream in streams {
            self.members.remove(stream);
        }
        for (name, shard) in &self.shards {
            if streams.contains(&shard.spec.stream) {
                let members = self.members.entry(shard.spec.stream.clone()).or_default();
                members.shards.insert(name.clone());
            }
        }
        for (name, reshard) in &self.reshards {
            if streams.contains(&reshard.spec.stream) {
                let members = self.members.entry(reshard.spec.stream.clone()).or_default();
                members.reshards.insert(name.clone());
            }
        }
        for (name, consumer) in &self.consumers {
            if streams.contains(&consumer.spec.stream) {
                let members = self
                    .members
                    .entry(consumer.spec.stream.clone())
                    .or_default();
                members.consumers.insert(name.clone());
            }
        }
    }

    /// The shards of a `DataStream` object.
    pub(super) fn shards_of(&self, stream: &str) -> impl Iterator<Item = &Shard> {
        let names = self.members.get(stream).map(|members| &members.shards);
        names
            .into_iter()
            .flatten()
            .filter_map(|name| self.shards.get(name))
    }

    /// The reshards of a `DataStream` object.
    pub(super) fn reshards_of(&self, stream: &str) -> impl Iterator<Item = &Reshard> {
        let names = self.members.get(stream).map(|members| &members.reshards);
        names
            .into_iter()
            .flatten()
            .filter_map(|name| self.reshards.get(name))
    }

    /// The consumers of a `DataStream` object.
    pub(super) fn consumers_of(&self, stream: &str) -> impl Iterator<Item = &StreamConsumer> {
        let names = self.members.get(stream).map(|members| &members.consumers);
        names
            .into_iter()
            .flatten()
            .filter_map(|name| self.consumers.get(name))
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
            let name = object.name_any();
            // A later object of the same name stays.
            if kind
                .get(&name)
                .is_some_and(|known| known.uid() == object.uid())
            {
                touched.insert(stream_of(&object));
                kind.remove(&name);
            }
        }
        Change::Replaced(objects) => {
            touched.extend(kind.values().map(&stream_of));
            touched.extend(objects.iter().map(&stream_of));
            let mut all = Kind::new();
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

    fn version_of(objects: &Objects, name: &str) -> Option<u64> {
        objects.streams.get(name).and_then(version)
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
        objects.take(Event::Stream(Change::Replaced(list)));
        assert_eq!(version_of(&objects, "a"), Some(7));
        assert_eq!(version_of(&objects, "b"), Some(3));
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
