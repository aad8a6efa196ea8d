//! The catalog's objects as they were seen last, to be written down and to be begun with again.

use serde::{Deserialize, Serialize};
use tracing::info;

use anabranch_crds::{DataStream, Reshard, Shard, StreamConsumer};

use super::objects::{Change, Event};
use super::{KubernetesCatalog, watching};

/// Every object that the catalog is made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CatalogObjects {
    streams: Vec<DataStream>,
    shards: Vec<Shard>,
    reshards: Vec<Reshard>,
    consumers: Vec<StreamConsumer>,
}

impl KubernetesCatalog {
    /// The objects as they are known.
    pub fn objects(&self) -> CatalogObjects {
        let view = self.shared.view();
        let objects = &view.objects;
        CatalogObjects {
            streams: objects.streams.values().cloned().collect(),
            shards: objects.shards.values().cloned().collect(),
            reshards: objects.reshards.values().cloned().collect(),
            consumers: objects.consumers.values().cloned().collect(),
        }
    }

    /// Begins with objects of an earlier process, if nothing was listed yet: until the API server answers, they stand.
    pub fn begin_with(&self, objects: CatalogObjects) {
        fn all<T>(objects: Vec<T>) -> Change<T> {
            let unread = std::collections::BTreeSet::new();
            Change::Replaced { objects, unread }
        }
        let mut view = self.shared.view();
        if view.unlisted.len() < watching::kinds(self.shared.place.role).len() {
            return;
        }
        let (streams, shards) = (objects.streams.len(), objects.shards.len());
        let unlisted = std::mem::take(&mut view.unlisted);
        let touched = view.objects.take(Event::Stream(all(objects.streams)));
        view.objects.take(Event::Shard(all(objects.shards)));
        view.objects.take(Event::Reshard(all(objects.reshards)));
        view.objects.take(Event::Consumer(all(objects.consumers)));
        let mut names = std::collections::BTreeSet::new();
        for object in &touched {
            names.extend(view.name(object));
        }
        self.shared.show(&mut view, &names);
        // What the API server lists replaces all of it, kind by kind, and is shown when it is whole.
        view.unlisted = unlisted;
        self.shared.synced.send_replace(true);
        info!(streams, shards, "began with the catalog that was seen last");
    }
}
