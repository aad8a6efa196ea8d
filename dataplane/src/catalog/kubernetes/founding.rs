//! A `DataStream` that is wished for becomes a stream: identity, shards, facts. And a `Reshard` that a user made becomes one
//! that runs. Both are the operator's.

use std::collections::BTreeMap;

use anabranch_crds::reshard::ReshardPhase;
use anabranch_crds::{DataStream, DesiredStream, Reshard, labels};
use anabranch_domain::catalog::{
    Account, Change, CreateStream, MergeShards, ObjectKey, RecordDistribution, RecutStream,
    ReshardId, ReshardKind, ScaleStream, Snapshot, SplitShard, StreamMode,
};
use anabranch_domain::quota::Limits;
use anabranch_domain::{ShardUid, StreamName, StreamUid};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{Resource as _, ResourceExt};
use serde_json::{Value, json};
use tracing::info;

use super::adopting::{is_made_for, retained_by};
use super::client::{Planned, WriteError};
use super::objects::{Change as ObjectChange, Event, Objects};
use super::writes::{Kind, Role, Verb, Write, writes};
use super::{KnownNames, KubernetesCatalog, View, projection, rendering};
use crate::catalog::{Catalog as _, CatalogError};
use crate::entropy::Entropy;

impl KubernetesCatalog {
    /// Gives the `DataStream` object called `object` its identity and its shards, if it has none. What was begun before is gone
    /// on with: shards that are there already stay.
    pub async fn found(&self, object: &str, entropy: &dyn Entropy) -> Result<(), CatalogError> {
        let _turn = self.shared.writing.lock().await;
        let Some(planned) = self.plan_founding(object, entropy)? else {
            return Ok(());
        };
        let shards = planned.writes.iter().filter(|it| it.kind == Kind::Shard);
        let shards = shards.count();
        Self::settle(self.shared.carry_out(planned).await)?;
        info!(object, writes = shards, "stream founded");
        Ok(())
    }

    /// What makes the object a stream; nothing where it is one, or is gone.
    fn plan_founding(
        &self,
        object: &str,
        entropy: &dyn Entropy,
    ) -> Result<Option<Planned>, CatalogError> {
        let view = self.shared.view();
        let Some(data_stream) = view.objects.streams.get(object) else {
            return Ok(None);
        };
        if view.is_founded(object) {
            return Ok(None);
        }
        let wish = DesiredStream::of(data_stream)
            .map_err(|invalid| CatalogError::Unavailable(invalid.to_string()))?;
        let account = Account::clone(&self.shared.newest.load().account);
        if !retained_by(&view, data_stream).is_empty() {
            let text = "shards of an earlier life of the stream are in the way".to_owned();
            return Err(CatalogError::Unavailable(text));
        }
        let existing: BTreeMap<_, _> = view
            .objects
            .shards_of(object)
            .map(|shard| (shard.spec.shard_id.as_str(), &shard.spec))
            .collect();
        let uid = existing
            .values()
            .next()
            .and_then(|shard| shard.stream_uid.parse().ok());
        let uid = uid.unwrap_or_else(|| StreamUid::from_bits(entropy.random_u128()));
        let change = create(&wish, uid, entropy)?;
        let empty = Snapshot::new(account, Limits::unlimited());
        let (after, mut touched) = empty.apply(&change.into(), self.shared.clock.now())?;
        touched.retain(|key| match key {
            ObjectKey::Shard(_, id) => !existing.contains_key(id.to_string().as_str()),
            _ => true,
        });
        let names = KnownNames::of(&view, &self.shared.place);
        let mut all: Vec<_> = hold(data_stream).into_iter().collect();
        let role = Role::Operator;
        let new = &self.shared.place.new_streams;
        all.extend(writes(&empty, &after, &touched, role, &names, new));
        Ok(Some(Planned::on(&view.objects, all)))
    }

    /// Accepts or refuses the `Reshard` called `object` that a user made. Gives back why it was refused, if it was.
    pub async fn accept(&self, object: &str) -> Result<Option<String>, CatalogError> {
        let _turn = self.shared.writing.lock().await;
        let planned = {
            let view = self.shared.view();
            let Some(reshard) = view.objects.reshards.get(object).filter(|it| waits(it)) else {
                return Ok(None);
            };
            let stream = view.name_of.get(&reshard.spec.stream);
            let kind = projection::reshard_kind(reshard);
            let reason = reshard.spec.reason.clone();
            let verdict = match (stream, kind) {
                (None, _) => Err("there is no DataStream of that name".to_owned()),
                (_, None) => Err("the spec cannot be read".to_owned()),
                (Some(stream), Some(kind)) => self.judge(stream, kind, reason),
            };
            let (status, refusal) = match verdict {
                Ok(None) => return Ok(None),
                Ok(Some(accepted)) => (accepted, None),
                Err(message) => {
                    let status = json!({ "phase": "Failed", "message": message });
                    (status, Some(message))
                }
            };
            let write = Write {
                kind: Kind::Reshard,
                name: object.to_owned(),
                stream: reshard.spec.stream.clone(),
                verb: Verb::PatchStatus(json!({ "status": status })),
            };
            (Planned::on(&view.objects, vec![write]), refusal)
        };
        let (planned, refusal) = planned;
        Self::settle(self.shared.carry_out(planned).await)?;
        Ok(refusal)
    }

    /// The status of a user's reshard that may begin, or why it is refused; nothing where it has to wait for another.
    fn judge(
        &self,
        stream: &StreamName,
        kind: ReshardKind,
        reason: String,
    ) -> Result<Option<Value>, String> {
        let snapshot = self.snapshot();
        let is_busy = snapshot
            .streams
            .get(stream)
            .is_none_or(|stream| !stream.is_serving() || stream.running_reshard().is_some());
        if is_busy {
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
            ReshardKind::Boundaries { added, removed } => RecutStream {
                stream: stream.clone(),
                added,
                removed,
                decided_on: None,
                reason,
            }
            .into(),
        };
        let (after, _) = snapshot
            .apply(&change, self.shared.clock.now())
            .map_err(|refused| refused.to_string())?;
        let accepted = after.streams[stream].reshards.get_max();
        Ok(accepted.map(|(_, reshard)| rendering::reshard_status(reshard)))
    }

    /// Removes the objects of shards whose siblings were never made. Under the same lock as changes, so that none is half made.
    pub async fn bury_stillborn(&self, object: &str) -> Result<(), CatalogError> {
        let _turn = self.shared.writing.lock().await;
        let planned = {
            let view = self.shared.view();
            let stillborn = projection::stillborn(&view.objects, object);
            let writes = stillborn.into_iter().map(|name| Write {
                kind: Kind::Shard,
                name,
                stream: object.to_owned(),
                verb: Verb::Delete,
            });
            Planned::on(&view.objects, writes.collect())
        };
        Self::settle(self.shared.carry_out(planned).await)
    }

    /// Lets the `DataStream` object called `object` go.
    pub async fn release(&self, object: &str) -> Result<(), CatalogError> {
        let _turn = self.shared.writing.lock().await;
        let mut writes = {
            let view = self.shared.view();
            half_made(&view, object)
        };
        writes.push(Write {
            kind: Kind::Stream,
            name: object.to_owned(),
            stream: object.to_owned(),
            verb: Verb::Release,
        });
        // The API server is asked for what there is: whoever else holds the object is left alone.
        let planned = Planned::on(&Objects::default(), writes);
        Self::settle(self.shared.carry_out(planned).await)
    }

    /// Writes facts of a `DataStream` that are not the catalog's: conditions and what they are about. `object` is what they
    /// were worked out from: on another version of it nothing is written.
    pub async fn report(&self, object: &DataStream, status: Value) -> Result<(), CatalogError> {
        let _turn = self.shared.writing.lock().await;
        let name = object.name_any();
        let write = Write {
            kind: Kind::Stream,
            name: name.clone(),
            stream: name,
            verb: Verb::PatchStatus(json!({ "status": status })),
        };
        let mut known = Objects::default();
        known.take(Event::Stream(ObjectChange::Applied(Box::new(
            object.clone(),
        ))));
        let planned = Planned::on(&known, vec![write]);
        Self::settle(self.shared.carry_out(planned).await)
    }

    /// What a `Reshard` is referred to by: the one of this name.
    pub fn reshard_reference(&self, object: &str) -> Option<ObjectReference> {
        let view = self.shared.view();
        view.objects
            .reshards
            .get(object)
            .map(|reshard| reshard.object_ref(&()))
    }

    /// What a stream's `Reshard` of this number is referred to by.
    pub fn reshard_reference_of(
        &self,
        stream: &StreamName,
        id: ReshardId,
    ) -> Option<ObjectReference> {
        let view = self.shared.view();
        let object = view.winner(stream)?;
        let mut reshards = view.objects.reshards_of(&object);
        let reshard = reshards.find(|it| super::accepted_number(it) == Some(id.number()))?;
        Some(reshard.object_ref(&()))
    }

    /// The `DataStream` object of this name, as it is now.
    pub fn object(&self, name: &str) -> Option<DataStream> {
        let view = self.shared.view();
        view.objects.streams.get(name).cloned()
    }

    /// Every `DataStream` object, and every `Reshard` that waits to be accepted.
    pub fn wishes(&self) -> (Vec<DataStream>, Vec<String>) {
        let view = self.shared.view();
        let streams = view.objects.streams.values().cloned().collect();
        let pending = view.objects.reshards.values().filter(|it| waits(it));
        (streams, pending.map(ResourceExt::name_any).collect())
    }

    /// A conflict is no failure: what is written was decided on older objects, and is decided anew.
    pub(super) fn settle(written: Result<(), WriteError>) -> Result<(), CatalogError> {
        match written {
            Ok(()) | Err(WriteError::Conflict) => Ok(()),
            Err(WriteError::Failed(failure)) => Err(CatalogError::Unavailable(failure)),
        }
    }
}

/// Removes the shards that were begun for an object that never became a stream; nothing is on them.
fn half_made(view: &View, object: &str) -> Vec<Write> {
    let Some(data_stream) = view.objects.streams.get(object) else {
        return Vec::new();
    };
    if view.is_founded(object) {
        return Vec::new();
    }
    let ours = view.objects.shards_of(object);
    let ours = ours.filter(|shard| is_made_for(shard, data_stream));
    ours.map(|shard| Write {
        kind: Kind::Shard,
        name: shard.name_any(),
        stream: object.to_owned(),
        verb: Verb::Delete,
    })
    .collect()
}

/// Whether a user made the reshard, and it was neither accepted nor refused yet.
fn waits(reshard: &Reshard) -> bool {
    let phase = reshard.status.as_ref().map(|status| status.phase);
    super::accepted_number(reshard).is_none() && phase != Some(ReshardPhase::Failed)
}

/// Adds our finalizer to those that others may have set. On the version that they were read from.
pub(super) fn hold(object: &DataStream) -> Option<Write> {
    let name = object.name_any();
    let mut finalizers = object.finalizers().to_vec();
    if finalizers.iter().any(|it| it == labels::FINALIZER) {
        return None;
    }
    finalizers.push(labels::FINALIZER.to_owned());
    Some(Write {
        kind: Kind::Stream,
        name: name.clone(),
        stream: name,
        verb: Verb::Patch(json!({ "metadata": { "finalizers": finalizers } })),
    })
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
