//! A `DataStream` that is wished for becomes a stream: identity, shards, facts. And a `Reshard` that a user made becomes one
//! that runs. Both are the operator's.

use anabranch_crds::reshard::ReshardPhase;
use anabranch_crds::{DesiredStream, labels};
use anabranch_domain::catalog::{
    Account, Change, CreateStream, MergeShards, ObjectKey, RecordDistribution, ReshardKind,
    ScaleStream, Snapshot, SplitShard, StreamMode,
};
use anabranch_domain::quota::Limits;
use anabranch_domain::{ShardUid, StreamName, StreamUid};
use kube::ResourceExt;
use serde_json::json;
use tracing::info;

use super::client::WriteError;
use super::writes::{Kind, Role, Verb, Write, writes};
use super::{KnownNames, KubernetesCatalog, projection};
use crate::catalog::{Catalog as _, CatalogError};
use crate::entropy::Entropy;

impl KubernetesCatalog {
    /// Gives the `DataStream` object called `object` its identity and its shards, if it has none. What was begun before is gone
    /// on with: shards that are there already stay.
    pub async fn found(&self, object: &str, entropy: &dyn Entropy) -> Result<(), CatalogError> {
        let _turn = self.shared.writing.lock().await;
        let (wish, account, names, existing) = {
            let view = self.shared.view();
            let Some(data_stream) = view.objects.streams.get(object) else {
                return Ok(());
            };
            let status = data_stream.status.as_ref();
            if status.is_some_and(|status| status.stream_uid.is_some()) {
                return Ok(());
            }
            let wish = DesiredStream::of(data_stream)
                .map_err(|invalid| CatalogError::Unavailable(invalid.to_string()))?;
            let snapshot = self.shared.newest.load_full();
            let existing: Vec<_> = view.objects.shards_of(object).cloned().collect();
            (
                wish,
                Account::clone(&snapshot.account),
                KnownNames::of(&view, &self.shared.place),
                existing,
            )
        };
        let uid = existing
            .first()
            .and_then(|shard| shard.spec.stream_uid.parse().ok());
        let uid = uid.unwrap_or_else(|| StreamUid::from_bits(entropy.random_u128()));
        let change = create(&wish, uid, entropy)?;
        let name = change.name.clone();
        let empty = Snapshot::new(account, Limits::unlimited());
        let (after, mut touched) = empty.apply(&change.into(), self.shared.clock.now())?;
        touched.retain(|key| match key {
            ObjectKey::Shard(_, id) => {
                let id = id.to_string();
                !existing.iter().any(|shard| shard.spec.shard_id == id)
            }
            _ => true,
        });
        let mut all = vec![Write {
            kind: Kind::Stream,
            name: object.to_owned(),
            stream: object.to_owned(),
            verb: Verb::Patch(json!({ "metadata": { "finalizers": [labels::FINALIZER] } })),
        }];
        all.extend(writes(
            &empty,
            &after,
            &touched,
            Role::Operator,
            &names,
            None,
        ));
        Self::settle(self.shared.carry_out(all).await)?;
        info!(stream = %name, object, shards = after.streams[&name].shards.len(), "stream founded");
        Ok(())
    }

    /// Accepts or refuses the `Reshard` called `object` that a user made.
    pub async fn accept(&self, object: &str) -> Result<(), CatalogError> {
        let (stream, kind, reason) = {
            let view = self.shared.view();
            let Some(reshard) = view.objects.reshards.get(object) else {
                return Ok(());
            };
            if super::accepted_number(reshard).is_some() {
                return Ok(());
            }
            let phase = reshard.status.as_ref().map(|status| status.phase);
            if phase == Some(ReshardPhase::Failed) {
                return Ok(());
            }
            let stream = view.name_of.get(&reshard.spec.stream).cloned();
            (
                stream,
                projection::reshard_kind(reshard),
                reshard.spec.reason.clone(),
            )
        };
        let refusal = match (stream, kind) {
            (None, _) => Some("there is no DataStream of that name".to_owned()),
            (_, None) => Some("the spec cannot be read".to_owned()),
            (Some(stream), Some(kind)) => self.number(object, &stream, kind, reason).await?,
        };
        if let Some(message) = refusal {
            let status = json!({ "phase": "Failed", "message": message });
            self.reshard_status(object, status).await?;
        }
        Ok(())
    }

    /// Gives a user's reshard its number, or says why it is refused. One that has to wait for another is left pending.
    async fn number(
        &self,
        object: &str,
        stream: &StreamName,
        kind: ReshardKind,
        reason: String,
    ) -> Result<Option<String>, CatalogError> {
        let snapshot = self.snapshot();
        let running = snapshot
            .streams
            .get(stream)
            .is_none_or(|stream| !stream.is_serving() || stream.running_reshard().is_some());
        if running {
            return Ok(None);
        }
        let change: Change = match kind {
            ReshardKind::Split {
                shard,
                new_starting_hash_key,
            } => SplitShard {
                stream: stream.clone(),
                shard,
                new_starting_hash_key,
                reason,
            }
            .into(),
            ReshardKind::Merge { shard, adjacent } => MergeShards {
                stream: stream.clone(),
                shard,
                adjacent,
                reason,
            }
            .into(),
            ReshardKind::Uniform { target } => ScaleStream {
                stream: stream.clone(),
                target,
                reason,
            }
            .into(),
        };
        let after = match snapshot.apply(&change, self.shared.clock.now()) {
            Ok((after, _)) => after,
            Err(refused) => return Ok(Some(refused.to_string())),
        };
        let accepted = after.streams[stream].reshards.get_max();
        if let Some((_, reshard)) = accepted {
            let status = super::rendering::reshard_status(reshard);
            self.reshard_status(object, status).await?;
        }
        Ok(None)
    }

    async fn reshard_status(
        &self,
        object: &str,
        status: serde_json::Value,
    ) -> Result<(), CatalogError> {
        let stream = {
            let view = self.shared.view();
            let reshard = view.objects.reshards.get(object);
            reshard
                .map(|reshard| reshard.spec.stream.clone())
                .unwrap_or_default()
        };
        let write = Write {
            kind: Kind::Reshard,
            name: object.to_owned(),
            stream,
            verb: Verb::PatchStatus(json!({ "status": status })),
        };
        Self::settle(self.shared.carry_out(vec![write]).await)
    }

    /// Removes the objects of shards whose siblings were never made. Under the same lock as changes, so that none is half made.
    pub async fn bury_stillborn(&self, object: &str) -> Result<(), CatalogError> {
        let _turn = self.shared.writing.lock().await;
        let stillborn = {
            let view = self.shared.view();
            projection::stillborn(&view.objects, object)
        };
        let writes = stillborn.into_iter().map(|name| Write {
            kind: Kind::Shard,
            name,
            stream: object.to_owned(),
            verb: Verb::Delete,
        });
        Self::settle(self.shared.carry_out(writes.collect()).await)
    }

    /// Lets the `DataStream` object called `object` go.
    pub async fn release(&self, object: &str) -> Result<(), CatalogError> {
        let _turn = self.shared.writing.lock().await;
        let write = Write {
            kind: Kind::Stream,
            name: object.to_owned(),
            stream: object.to_owned(),
            verb: Verb::Release,
        };
        Self::settle(self.shared.carry_out(vec![write]).await)
    }

    /// Writes facts of a `DataStream` that are not the catalog's: conditions and what they are about.
    pub async fn report(
        &self,
        object: &str,
        status: serde_json::Value,
    ) -> Result<(), CatalogError> {
        let _turn = self.shared.writing.lock().await;
        let write = Write {
            kind: Kind::Stream,
            name: object.to_owned(),
            stream: object.to_owned(),
            verb: Verb::PatchStatus(json!({ "status": status })),
        };
        Self::settle(self.shared.carry_out(vec![write]).await)
    }

    /// Every `DataStream` object, and every `Reshard` that waits to be accepted.
    pub fn wishes(&self) -> (Vec<anabranch_crds::DataStream>, Vec<String>) {
        let view = self.shared.view();
        let streams = view.objects.streams.values().cloned().collect();
        let pending = view.objects.reshards.values().filter(|reshard| {
            let phase = reshard.status.as_ref().map(|status| status.phase);
            super::accepted_number(reshard).is_none() && phase != Some(ReshardPhase::Failed)
        });
        (streams, pending.map(ResourceExt::name_any).collect())
    }

    /// A conflict is no failure: what is written was decided on older objects, and is decided anew.
    fn settle(written: Result<(), WriteError>) -> Result<(), CatalogError> {
        match written {
            Ok(()) | Err(WriteError::Conflict) => Ok(()),
            Err(WriteError::Failed(failure)) => Err(CatalogError::Unavailable(failure)),
        }
    }
}

fn create(
    wish: &DesiredStream,
    uid: StreamUid,
    entropy: &dyn Entropy,
) -> Result<CreateStream, CatalogError> {
    let name = wish
        .stream_name
        .parse()
        .map_err(|_| CatalogError::Unavailable("no stream's name".to_owned()))?;
    let shards = 0..wish.shards_at_creation();
    Ok(CreateStream {
        name,
        uid,
        // Settings come from the spec whenever they are read; only the shards are founded.
        mode: StreamMode::Provisioned,
        shard_uids: shards
            .map(|_| ShardUid::from_bits(entropy.random_u128()))
            .collect(),
        tags: std::collections::BTreeMap::new(),
        max_record_size_kib: None,
        warm_throughput_mibps: None,
        record_distribution: None::<RecordDistribution>,
    })
}
