//! The story of a `DataStream`: its pool, what it needs, what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anabranch::catalog::Catalog as _;
use anabranch::catalog::kubernetes::KubernetesCatalog;
use anabranch::entropy::Entropy;
use anabranch::resharding::{Member, ShardLogs as _};
use anabranch::serving::RemoteShards;
use anabranch_crds::condition::{ConditionStatus, ConditionType, Reason, find, record};
use anabranch_crds::data_stream::AutoscalingStatus;
use anabranch_crds::{DataStream, ShardPool, ShardPoolSpec, Time, labels};
use anabranch_domain::Timestamp;
use anabranch_domain::catalog::{ScaleStream, Snapshot, Stream};
use futures_util::stream::{self, StreamExt as _};
use kube::api::{Patch, PatchParams};
use kube::{Resource as _, ResourceExt as _};
use serde_json::{Value, json};
use tokio::time::timeout;
use tracing::{info, warn};

use super::adoption::{Seen, Verdict, said, verdict};
use super::observe::{Said, ask, evidence, too_few};
use super::plan::{Need, need};
use super::status::{Evidence, conditions};
use crate::applied::Applied;
use crate::autoscaling::Board;
use crate::disks::Disks;
use crate::events::{Announcement, Announcer, Severity, of_conditions, of_verdict};
use crate::pools::Conditions;
use crate::resources::selector_text;

/// Streams that are seen to at a time.
const AT_ONCE: usize = 8;
/// A pod that does not answer for this long is waited for.
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
    /// The pods.
    pub pods: Arc<RemoteShards>,
    /// What is on their disks.
    pub disks: Arc<Disks>,
    /// Identities.
    pub entropy: Arc<dyn Entropy>,
    /// What the autoscaler has to say.
    pub board: Arc<Board>,
    /// Where it is told what changed.
    pub announcer: Announcer,
    /// What was applied lately.
    pub applied: Applied,
}

/// Where a stream's shards live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The pool.
    pub pool: String,
    /// How many of its pods hold each shard.
    pub factor: u32,
}

impl Home {
    /// Where the shards of this stream live.
    pub fn of(object: &DataStream) -> Self {
        Self {
            pool: pool(object),
            factor: object.spec.replication.factor,
        }
    }
}

/// What was done in one look at all streams, and is to be told.
pub struct Round {
    /// Where each stream lives.
    pub homes: BTreeMap<String, Home>,
    needs: Vec<(String, Need)>,
}

/// One look at all streams: what they need is done. `pools` is what was said of the pools last, if they could be read.
pub async fn reconcile(streams: &Streams, pools: Option<&Conditions>) -> Round {
    let (objects, pending) = streams.catalog.wishes();
    for reshard in pending {
        match streams.catalog.accept(&reshard).await {
            Ok(None) => {}
            Ok(Some(refusal)) => {
                if let Some(object) = streams.catalog.reshard_reference(&reshard) {
                    streams.announcer.tell(&object, of_verdict(&refusal));
                }
            }
            Err(failure) => warn!(reshard, %failure, "reshard not accepted yet"),
        }
    }
    // Collected first: a closure that is kept would keep the whole from moving between threads.
    let looked_at = objects.iter().map(|object| async {
        let name = object.name_any();
        match one(streams, object, pools).await {
            Ok(need) => need.map(|need| (name, need)),
            Err(failure) => {
                warn!(stream = name, %failure, "stream not reconciled");
                None
            }
        }
    });
    let looked_at: Vec<_> = looked_at.collect();
    let needs = stream::iter(looked_at).buffer_unordered(AT_ONCE);
    let needs: Vec<_> = needs.collect().await;
    let homes = objects.iter().map(|object| {
        let name = object.spec.stream_name.clone();
        (name.unwrap_or_else(|| object.name_any()), Home::of(object))
    });
    Round {
        homes: homes.collect(),
        needs: needs.into_iter().flatten().collect(),
    }
}

/// Says of all streams how they are. After everything was done that could be: a pod that does not answer takes its time.
pub async fn tell(streams: &Streams, round: Round, pools: Option<&Conditions>) {
    let look = streams.disks.look().await;
    let before = &*look.before;
    let said = &ask(&streams.pods, before, look.disks.clone()).await;
    let told = round.needs.iter().map(|(name, need)| async move {
        if let Err(failure) = tell_one(streams, name, need, pools, before, said).await {
            warn!(stream = name, %failure, "stream's status not written");
        }
    });
    let told = stream::iter(told.collect::<Vec<_>>());
    told.buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// The pool that a stream lives in.
fn pool(object: &DataStream) -> String {
    object
        .spec
        .pool
        .clone()
        .unwrap_or_else(|| object.name_any())
}

async fn one(
    streams: &Streams,
    object: &DataStream,
    pools: Option<&Conditions>,
) -> anyhow::Result<Option<Need>> {
    let name = object.name_any();
    let catalog = &streams.catalog;
    let stream = catalog.stream_of(&name);
    let mut need = need(object, catalog.has_its_name(&name), stream.as_deref());
    if object.spec.pool.is_none() && object.metadata.deletion_timestamp.is_none() {
        let is_there = pools.is_some_and(|all| all.contains_key(&name));
        if let Some(refusal) = own_pool(streams, object, is_there).await? {
            need = Need::Refused(format!("spec.podTemplate: {refusal}"));
        }
    }
    if need == Need::Found {
        need = match (&object.spec.pool, pools) {
            // Whether it is there is known in the next round.
            (Some(_), None) => Need::Nothing,
            (Some(pool), Some(all)) if !all.contains_key(pool) => Need::Missing(format!(
                "there is no ShardPool {pool}: apply one of that name, or leave pool out for shard pods of the stream's own"
            )),
            _ => found(streams, object).await?,
        };
    }
    match &need {
        Need::Release => {
            catalog.release(&name).await?;
            info!(stream = name, "let go");
            return Ok(None);
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
        Need::Nothing
        | Need::Found
        | Need::NoteShards(_)
        | Need::Missing(_)
        | Need::Adopt(_)
        | Need::Unadoptable(_)
        | Need::Refused(_)
        | Need::Duplicate => {}
    }
    catalog.bury_stillborn(&name).await?;
    Ok(Some(need))
}

async fn tell_one(
    streams: &Streams,
    name: &str,
    need: &Need,
    pools: Option<&Conditions>,
    before: &Snapshot,
    said_of_logs: &Said,
) -> anyhow::Result<()> {
    // What was done changed the object, and what is said of it is said of what it is now.
    let Some(object) = &streams.catalog.object(name) else {
        return Ok(());
    };
    let stream = streams.catalog.stream_of(name);
    let was = stream.as_ref().and_then(|it| before.streams.get(&it.name));
    let mut evidence = match (was, &stream) {
        (Some(was), Some(now)) => evidence(was, now, said_of_logs, time_now()?),
        _ => Evidence::default(),
    };
    if let Some(stream) = &stream {
        let voters = streams.catalog.noted_voters(&stream.name);
        evidence.too_few = too_few(stream, object.spec.replication.factor, &voters);
    }
    let of_pool = pools.and_then(|all| all.get(&pool(object)));
    let trouble = of_pool.and_then(|it| find(it, ConditionType::Degraded));
    evidence.pool_trouble = trouble
        .filter(|it| it.status == ConditionStatus::True)
        .map(|it| {
            (
                it.reason,
                format!("ShardPool {}: {}", pool(object), it.message),
            )
        });
    let moves = of_pool.and_then(|it| find(it, ConditionType::Progressing));
    let moves = moves.filter(|it| {
        it.status == ConditionStatus::True
            && it.reason == Reason::MovingReplicas
            && object.spec.pool.is_none()
    });
    evidence.moves = moves.map(|it| it.message.clone());
    report(streams, object, stream.as_deref(), need, &evidence).await
}

fn time_now() -> anyhow::Result<Timestamp> {
    let now = jiff::Timestamp::now().as_millisecond();
    Ok(Timestamp::from_millis(u64::try_from(now)?))
}

/// Makes the object a stream: a new one, or the one whose records were kept. Gives back what is left to do.
async fn found(streams: &Streams, object: &DataStream) -> anyhow::Result<Need> {
    let (catalog, name) = (&streams.catalog, object.name_any());
    let retained = catalog.retained(&name)?;
    if retained.is_empty() {
        catalog.found(&name, &*streams.entropy).await?;
        return Ok(Need::Found);
    }
    let looked_for = retained.into_iter().map(|retained| async move {
        let member = Member {
            stream: &retained.stream,
            shard: &retained.shard,
        };
        let asked = timeout(ANSWER_MAX, streams.pods.facts(member)).await;
        let seen = match asked {
            Ok(Ok(Some(_))) => Seen::Here,
            Ok(Ok(None)) => Seen::NotThere,
            Ok(Err(_)) | Err(_) => Seen::Unknown,
        };
        (retained, seen)
    });
    let retained: Vec<_> = stream::iter(looked_for).buffered(AT_ONCE).collect().await;
    let stream = object.spec.stream_name.as_deref().unwrap_or(&name);
    match verdict(&name, stream, &pool(object), &retained) {
        Verdict::Waits(text) => Ok(Need::Adopt(text)),
        Verdict::Refused(text) => Ok(Need::Unadoptable(text)),
        Verdict::Fits => {
            let seen = retained.iter().map(|(it, _)| it.shard.uid).collect();
            match catalog.adopt(&name, &seen).await {
                Ok(()) => {
                    let told = Announcement {
                        severity: Severity::Normal,
                        reason: "Adopted".to_owned(),
                        action: "Adopt".to_owned(),
                        text: said(&retained),
                    };
                    streams.announcer.tell(&object.object_ref(&()), told);
                    Ok(Need::Nothing)
                }
                Err(failure) => Ok(Need::Adopt(failure.to_string())),
            }
        }
    }
}

async fn report(
    streams: &Streams,
    object: &DataStream,
    stream: Option<&Stream>,
    need: &Need,
    evidence: &Evidence,
) -> anyhow::Result<()> {
    let now = Time::from_millis(time_now()?.as_millis())?;
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
    if known.durability != object.spec.durability {
        status["durability"] = json!(object.spec.durability);
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
        let reference = object.object_ref(&());
        for announcement in of_conditions(&known.conditions, &conditions) {
            streams.announcer.tell(&reference, announcement);
        }
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

/// A stream that names no pool has one of its own, made from its `podTemplate`, that goes with it. Its disks stay. Gives back
/// what the API server has against it, if anything: that is for a person.
async fn own_pool(
    streams: &Streams,
    object: &DataStream,
    is_there: bool,
) -> anyhow::Result<Option<String>> {
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
    if is_there && !streams.applied.is_due(&name, &pool, None) {
        return Ok(None);
    }
    let params = PatchParams::apply(FIELD_MANAGER).force();
    match api.patch(&name, &params, &Patch::Apply(&pool)).await {
        Ok(_) => streams.applied.note(&name, &pool, None),
        Err(kube::Error::Api(status)) if status.code == 422 => {
            return Ok(Some(status.message.clone()));
        }
        Err(failure) => return Err(failure.into()),
    }
    Ok(None)
}
