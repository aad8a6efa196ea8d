//! The story of a `DataStream`: its pool, what it needs, what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anabranch::catalog::Catalog as _;
use anabranch::catalog::kubernetes::KubernetesCatalog;
use anabranch::entropy::Entropy;
use anabranch::resharding::{Member, ShardLogs};
use anabranch_crds::condition::record;
use anabranch_crds::data_stream::AutoscalingStatus;
use anabranch_crds::{DataStream, ShardPool, ShardPoolSpec, Time, labels};
use anabranch_domain::catalog::{ScaleStream, Shard, ShardStatus, Stream};
use futures_util::stream::{self, StreamExt as _};
use kube::api::{Patch, PatchParams};
use kube::{Resource as _, ResourceExt as _};
use serde_json::{Value, json};
use tracing::{info, warn};

use super::plan::{Need, need};
use super::status::{Evidence, conditions};
use crate::autoscaling::Board;
use crate::resources::selector_text;

/// Streams that are seen to at a time.
const AT_ONCE: usize = 8;
/// A pod that does not answer for this long is said to be away.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// The field manager of the pools that this controller makes.
const FIELD_MANAGER: &str = "anabranch-operator-streams";

/// What the controller works with.
pub struct Streams {
    /// The API server.
    pub client: kube::Client,
    /// The namespace.
    pub namespace: String,
    /// The catalog, as the operator.
    pub catalog: Arc<KubernetesCatalog>,
    /// What pods say of their shards.
    pub logs: Arc<dyn ShardLogs>,
    /// Identities.
    pub entropy: Arc<dyn Entropy>,
    /// What the autoscaler has to say.
    pub board: Arc<Board>,
}

/// Where a stream's shards live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The pool.
    pub pool: String,
    /// How many of its pods hold each shard.
    pub factor: u32,
}

/// One look at all streams. Gives back which stream lives in which pool.
pub async fn reconcile(streams: &Streams) -> BTreeMap<String, Home> {
    let (objects, pending) = streams.catalog.wishes();
    for reshard in pending {
        if let Err(failure) = streams.catalog.accept(&reshard).await {
            warn!(reshard, %failure, "reshard not accepted yet");
        }
    }
    let looked_at = stream::iter(objects.iter().map(|object| async {
        let name = object.name_any();
        if let Err(failure) = one(streams, object).await {
            warn!(stream = name, %failure, "stream not reconciled");
        }
    }));
    looked_at.buffer_unordered(AT_ONCE).collect::<()>().await;
    let pools = objects.iter().map(|object| {
        let name = object.spec.stream_name.clone();
        let home = Home {
            pool: pool(object),
            factor: object.spec.replication.factor,
        };
        (name.unwrap_or_else(|| object.name_any()), home)
    });
    pools.collect()
}

/// The pool that a stream lives in.
fn pool(object: &DataStream) -> String {
    object
        .spec
        .pool
        .clone()
        .unwrap_or_else(|| object.name_any())
}

async fn one(streams: &Streams, object: &DataStream) -> anyhow::Result<()> {
    let name = object.name_any();
    let catalog = &streams.catalog;
    let stream = catalog.stream_of(&name);
    let need = need(object, catalog.has_its_name(&name), stream.as_deref());
    if object.spec.pool.is_none() && object.metadata.deletion_timestamp.is_none() {
        own_pool(streams, object).await?;
    }
    match &need {
        Need::Found => catalog.found(&name, &*streams.entropy).await?,
        Need::Release => {
            catalog.release(&name).await?;
            info!(stream = name, "let go");
            return Ok(());
        }
        Need::Scale(target) => {
            if let Some(stream) = &stream {
                let change = ScaleStream {
                    stream: stream.name.clone(),
                    target: *target,
                    reason: format!("spec.shards is {target}"),
                };
                catalog.commit(change.into()).await?;
                info!(stream = name, target, "resharding to what the spec says");
            }
        }
        Need::Nothing | Need::NoteShards(_) | Need::Refused(_) | Need::Duplicate => {}
    }
    catalog.bury_stillborn(&name).await?;
    // What was done above changed the object, and what is said of it is said of what it is now.
    let Some(object) = &catalog.object(&name) else {
        return Ok(());
    };
    let stream = catalog.stream_of(&name);
    let evidence = match &stream {
        Some(stream) => evidence(streams, stream).await,
        None => Evidence::default(),
    };
    report(streams, object, stream.as_deref(), &need, &evidence).await
}

async fn report(
    streams: &Streams,
    object: &DataStream,
    stream: Option<&Stream>,
    need: &Need,
    evidence: &Evidence,
) -> anyhow::Result<()> {
    let now = Time::from_millis(u64::try_from(jiff::Timestamp::now().as_millisecond())?)?;
    let mut conditions = conditions(object, stream, need, evidence, now);
    let notice = streams.board.read(&object.name_any()).unwrap_or_default();
    for finding in notice.findings {
        record(&mut conditions, finding, object.metadata.generation, now);
    }
    let known = object.status.clone().unwrap_or_default();
    let pool = pool(object);
    let mut status = json!({});
    if conditions != known.conditions {
        status["conditions"] = json!(conditions);
    }
    if known.observed_generation != object.metadata.generation {
        status["observedGeneration"] = json!(object.metadata.generation);
    }
    if known.pool.as_ref() != Some(&pool) {
        status["pool"] = json!(pool);
        status["selector"] = json!(selector_text(&pool));
    }
    if let Some(said) = notice
        .status
        .filter(|said| Some(said) != known.autoscaling.as_ref())
    {
        status["autoscaling"] = autoscaling(&said);
    }
    let applied = match need {
        Need::Found => object.spec.shards,
        Need::NoteShards(shards) | Need::Scale(shards) => Some(*shards),
        _ => None,
    };
    if applied.is_some() && applied != known.applied_shards {
        status["appliedShards"] = json!(applied);
    }
    if status.as_object().is_some_and(|fields| !fields.is_empty()) {
        streams.catalog.report(object, status).await?;
    }
    Ok(())
}

/// `status.autoscaling` as a patch: what is no longer said is taken away.
fn autoscaling(status: &AutoscalingStatus) -> Value {
    let mut patch = json!({
        "load": null, "throttled": null, "lastDecision": null, "lastDecisionAt": null, "holding": null,
        "nextMergeAt": null, "memory": null,
    });
    if let (Some(fields), Value::Object(said)) = (patch.as_object_mut(), json!(status)) {
        fields.extend(said);
    }
    patch
}

/// What pods say of the shards that should be there.
async fn evidence(streams: &Streams, stream: &Stream) -> Evidence {
    if !stream.is_serving() {
        return Evidence::default();
    }
    let shards = stream
        .shards
        .values()
        .filter(|shard| shard.status != ShardStatus::Creating);
    let answers = stream::iter(shards.map(|shard| async move {
        let asked = streams.logs.facts(Member::of(stream, shard));
        (shard, tokio::time::timeout(ANSWER_MAX, asked).await)
    }));
    let answers: Vec<_> = answers.buffered(AT_ONCE).collect().await;
    let mut evidence = Evidence::default();
    for (shard, answer) in answers {
        match answer {
            Ok(Ok(Some(_))) => {}
            // Not placed: its pod has not been chosen yet.
            Ok(Ok(None)) if shard.replicas.is_empty() => {}
            Ok(Ok(None)) => evidence.lost.push(with_range(shard)),
            Ok(Err(_)) | Err(_) => evidence.unreachable.push(shard.id.to_string()),
        }
    }
    evidence
}

fn with_range(shard: &Shard) -> String {
    format!(
        "{} ({}…{})",
        shard.id,
        shard.range.start(),
        shard.range.end()
    )
}

/// A stream that names no pool has one of its own, made from its `podTemplate`, that goes with it. Its disks stay.
async fn own_pool(streams: &Streams, object: &DataStream) -> anyhow::Result<()> {
    let api: kube::Api<ShardPool> =
        kube::Api::namespaced(streams.client.clone(), &streams.namespace);
    let name = object.name_any();
    let spec = ShardPoolSpec {
        pods: object.spec.pod_template.clone().unwrap_or_default(),
        ..ShardPoolSpec::default()
    };
    let mut pool = serde_json::to_value(ShardPool::new(&name, spec))?;
    pool["metadata"]["ownerReferences"] = json!([object.controller_owner_ref(&())]);
    pool["metadata"]["labels"] = json!({
        "app.kubernetes.io/name": "anabranch",
        "app.kubernetes.io/managed-by": labels::MANAGED_BY,
        labels::STREAM: name,
    });
    if let Some(fields) = pool.as_object_mut() {
        fields.retain(|field, value| field != "status" && *value != Value::Null);
    }
    let params = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(&name, &params, &Patch::Apply(pool)).await?;
    Ok(())
}
