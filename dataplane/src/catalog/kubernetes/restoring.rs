//! `Shard` objects that went although their stream needs them, deleted by hand or by a tool that prunes what it does not know: made
//! again from what was shown last. Their records never left the pods' disks.
//!
//! **Invariant:** nothing is made again of a stream that is being deleted, or that is another one than was shown.

use std::sync::Arc;

use anabranch_domain::StreamName;
use anabranch_domain::catalog::{ObjectKey, Shard, Snapshot};
use tracing::warn;

use super::client::Planned;
use super::writes::{Role, shard_object, writes};
use super::{KnownNames, KubernetesCatalog, View};
use crate::catalog::{Catalog as _, CatalogError};

/// What was made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The `DataStream` object.
    pub stream: String,
    /// The `Shard` objects.
    pub shards: Vec<String>,
}

impl KubernetesCatalog {
    /// Makes again the `Shard` objects without which a stream makes no whole, as they were shown last.
    pub async fn restore_shards(&self) -> Result<Vec<Restored>, CatalogError> {
        // Nearly always: nobody's writes are waited for then.
        if self.shared.view().behind.is_empty() {
            return Ok(Vec::new());
        }
        let _turn = self.shared.writing.lock().await;
        let (planned, restored) = {
            let view = self.shared.view();
            let shown = self.snapshot();
            let names = KnownNames::of(&view, &self.shared.place);
            let new = &self.shared.place.new_streams;
            let mut all = Vec::new();
            let mut restored = Vec::new();
            for name in &view.behind {
                let Some((stream, lost)) = lost(&view, name, &shown) else {
                    continue;
                };
                let before = shown.without_stream(name);
                let touched = lost.iter().map(|shard| shard.id);
                let touched: Vec<_> = touched
                    .map(|id| ObjectKey::Shard(name.clone(), id))
                    .collect();
                let role = Role::Operator;
                all.extend(writes(&before, &shown, &touched, role, &names, new));
                let shards = lost.iter().map(|shard| shard_object(&stream, shard));
                let shards = shards.collect();
                restored.push(Restored { stream, shards });
            }
            (Planned::on(&view.objects, all), restored)
        };
        for it in &restored {
            warn!(stream = it.stream, shards = ?it.shards, "Shard objects were deleted and are made again");
        }
        Self::settle(self.shared.carry_out(planned).await)?;
        Ok(restored)
    }
}

/// The object of a stream, and the shards of it as it was shown that have no object any more. None where there are none, or
/// where that is as it should be.
fn lost(view: &View, name: &StreamName, shown: &Snapshot) -> Option<(String, Vec<Arc<Shard>>)> {
    let shown = shown.streams.get(name)?;
    let object = view.winner(name)?;
    let data_stream = view.objects.streams.get(&object)?;
    let uid = data_stream.status.as_ref()?.stream_uid.as_ref()?;
    let is_same = *uid == shown.uid.to_string();
    if !is_same || data_stream.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let is_lost = |shard: &&Arc<Shard>| view.shard(name, shard.id).is_none();
    let lost: Vec<_> = shown.shards.values().filter(is_lost).cloned().collect();
    (!lost.is_empty()).then_some((object, lost))
}
