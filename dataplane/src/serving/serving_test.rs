//! A gateway's side and a shard pod's side over a real socket: what is asked of a shard here and there is answered alike.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anabranch_domain::catalog::{
    Account, Change, CreateStream, Shard, Snapshot, Stream, StreamMode,
};
use anabranch_domain::quota::Limits;
use anabranch_domain::shard_state::AppendToken;
use anabranch_domain::{PodName, ShardId, ShardPhase, ShardUid, StreamUid, Timestamp};
use anabranch_proto::shard as pb;
use anabranch_store::{MemoryStore, Store};
use anabranch_wire::Text;
use bytes::Bytes;
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;
use tower::util::MapRequestLayer;

use super::{
    Attempt, FormedShards, NotAppended, PodAddresses, ReadRefused, Reader, RemoteShards,
    ServedShards, ShardServer, Shards, Vantage, Verdict, messages,
};
use crate::autoscaling::ShardSketches;
use crate::clock::Clock;
use crate::encryption::KeyFile;
use crate::entropy::SystemEntropy;
use crate::metrics::ShardMetrics;
use crate::resharding::{Member, ShardLogs};
use crate::shard::{
    Append, Appended, NewRecord, Peers, RaftServer, ReadBatch, ReadFrom, ReadLimits, ReplicaId,
    ShardLimits, ShardRegistry,
};
use crate::throttling::Throttles;

#[derive(Debug)]
struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// What comes to pods: which of their methods are asked.
#[derive(Default)]
struct Door {
    asked: Mutex<Vec<String>>,
    /// Whether the pods are of a release that takes no streams of appends.
    is_earlier: AtomicBool,
}

impl Door {
    fn pass<B>(&self, mut request: http::Request<B>) -> http::Request<B> {
        let method = request.uri().path().rsplit('/').next().unwrap_or_default();
        let is_known = method != "Appends" || !self.is_earlier.load(Ordering::Relaxed);
        self.asked.lock().expect("whole").push(method.to_owned());
        if !is_known {
            *request.uri_mut() = http::Uri::from_static("/anabranch.shard.v1.ShardService/New");
        }
        request
    }

    /// How often appends were called for, by method.
    fn appends(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("whole");
        let appends = asked.iter().filter(|method| method.starts_with("Append"));
        appends.cloned().collect()
    }
}

/// A pod, or some, and a gateway that knows where they are.
pub(super) struct Cluster {
    pub(super) shards: Shards,
    pub(super) logs: Arc<RemoteShards>,
    pub(super) stream: Arc<Stream>,
    processes: Vec<JoinHandle<()>>,
    /// The series of each pod.
    pub(super) registries: Vec<Registry>,
    keys: Arc<KeyFile>,
    door: Arc<Door>,
    _directory: tempfile::TempDir,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for process in &self.processes {
            process.abort();
        }
    }
}

async fn cluster(limits: Limits) -> Cluster {
    cluster_of(1, limits).await
}

/// Pods that do not know of each other, and a gateway that knows where they are.
async fn cluster_of(pods: u64, limits: Limits) -> Cluster {
    connected(pods, limits, |_, _| false).await
}

/// Pods of which one knows where another is if it `sees` that one, and a gateway that knows where they all are.
pub(super) async fn connected(pods: u64, limits: Limits, sees: fn(u64, u64) -> bool) -> Cluster {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("keys.yaml");
    let keys = KeyFile::read_or_create(&path, &SystemEntropy::new()).expect("keys");
    let keys = Arc::new(keys);
    let (mut addresses, mut listeners) = (Vec::new(), Vec::new());
    for ordinal in 0..pods {
        let name: PodName = format!("pool-{ordinal}").parse().expect("a pod's name");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("bound").to_string();
        addresses.push((name, address));
        listeners.push(listener);
    }
    let door = Arc::<Door>::default();
    let (mut processes, mut registries) = (Vec::new(), Vec::new());
    for (ordinal, listener) in (0..pods).zip(listeners) {
        let name: PodName = format!("pool-{ordinal}").parse().expect("a pod's name");
        let own = ReplicaId {
            node: 7 + ordinal,
            pod: name,
        };
        let others = PodAddresses::Listed(addresses.clone());
        let locate = move |pod: &PodName| {
            let url = others.url(pod);
            url.filter(|_| sees(ordinal, pod.ordinal().into()))
        };
        let peers = Peers::new(own.pod.clone(), own.node, 1, Box::new(locate));
        let registry = Registry::new();
        let metrics = ShardMetrics::register(&registry).expect("registered");
        registries.push(registry);
        let way_in = (listener, Arc::clone(&door));
        processes.push(pod(own, (&limits, &keys), peers, metrics, way_in).await);
    }
    let logs = RemoteShards::new(PodAddresses::Listed(addresses), keys.ring());
    let logs = Arc::new(logs);
    Cluster {
        shards: Shards::Remote(logs.clone()),
        logs,
        stream: Arc::new(stream()),
        processes,
        registries,
        keys,
        door,
        _directory: directory,
    }
}

async fn pod(
    own: ReplicaId,
    (limits, keys): (&Limits, &Arc<KeyFile>),
    peers: Arc<Peers>,
    metrics: ShardMetrics,
    (listener, door): (TcpListener, Arc<Door>),
) -> JoinHandle<()> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock: Arc<dyn Clock> = Arc::new(Ticking(AtomicU64::new(1_700_000_100_000)));
    let registry = ShardRegistry::replicated(
        store.clone(),
        ShardLimits::default(),
        keys.ring(),
        clock.clone(),
        peers.clone(),
    );
    let registry = Arc::new(registry);
    let replicas = RaftServer::new(peers, registry.clone(), CancellationToken::new());
    let served = ServedShards {
        registry,
        sketches: ShardSketches::new(&limits.shard),
        throttles: Throttles::new(limits.shard),
        metrics,
        clock,
    };
    let disk = FormedShards::open(store.clone(), own.node.into()).await;
    let service = ShardServer {
        served: Arc::new(served),
        formed: Arc::new(disk.expect("opened")),
        keys: keys.clone(),
        store,
        own,
        ending: CancellationToken::new(),
    };
    tokio::spawn(async move {
        let serving = tonic::transport::Server::builder()
            .layer(MapRequestLayer::new(move |request| door.pass(request)))
            .add_service(service.into_service())
            .add_service(replicas.into_service())
            .serve_with_incoming(TcpIncoming::from(listener));
        serving.await.expect("served");
    })
}

/// A stream of two shards, both placed on the pod.
fn stream() -> Stream {
    let account = Account::new(
        "000000000000".parse().expect("an account"),
        "us-east-1".parse().expect("a region"),
    );
    let create = CreateStream {
        name: "clicks".parse().expect("a name"),
        uid: StreamUid::from_bits(1),
        mode: StreamMode::Provisioned,
        shard_uids: vec![ShardUid::from_bits(10), ShardUid::from_bits(11)],
        tags: std::collections::BTreeMap::new(),
        max_record_size_kib: None,
        warm_throughput_mibps: None,
        record_distribution: None,
    };
    let now = Timestamp::from_secs(1_700_000_000);
    let (snapshot, _) = Snapshot::new(account, Limits::unlimited())
        .apply(&Change::from(create), now)
        .expect("accepted");
    let mut stream = Stream::clone(snapshot.stream("clicks").expect("there"));
    for id in 0..2 {
        let id = ShardId::new(id).expect("small");
        let placed = Shard {
            replicas: vec!["pool-0".parse().expect("a pod's name")],
            ..Shard::clone(&stream.shards[&id])
        };
        stream.shards.insert(id, Arc::new(placed));
    }
    stream
}

impl Cluster {
    pub(super) fn shard(&self, index: u32) -> Arc<Shard> {
        Arc::clone(&self.stream.shards[&ShardId::new(index).expect("small")])
    }

    pub(super) async fn form(&self, shard: &Shard) {
        let member = Member::of(&self.stream, shard);
        self.logs.form(member).await.expect("formed");
    }

    pub(super) async fn append(&self, shard: &Shard, texts: &[&str], token: u128) -> Verdict {
        let records = texts.iter().map(|text| NewRecord {
            partition_key: Some(Text::from_static("key")),
            explicit_hash_key: None,
            data: Bytes::copy_from_slice(text.as_bytes()),
        });
        let append = Append {
            records: records.collect(),
            token: Some(AppendToken::from_bits(token)),
            sealing: None,
        };
        self.shards
            .append(&self.stream, shard, append, Attempt::First)
            .await
    }

    async fn read(&self, shard: &Shard) -> Result<Vec<String>, ReadRefused> {
        let batch = self.poll(shard).await?;
        let texts = batch.records().map(|record| {
            let record = record.expect("whole");
            String::from_utf8(record.data.to_vec()).expect("text")
        });
        Ok(texts.collect())
    }

    /// Everything from the first record on, as a polling reader gets it.
    pub(super) async fn poll(&self, shard: &Shard) -> Result<ReadBatch, ReadRefused> {
        let limits = ReadLimits {
            records_max: 100,
            bytes_max: 1 << 20,
            horizon: Timestamp::EPOCH,
        };
        let read = self.shards.read(
            &self.stream,
            shard,
            ReadFrom::TrimHorizon,
            limits,
            Reader::Polling,
        );
        read.await
    }
}

pub(super) fn appended(verdict: Verdict) -> Appended {
    assert!(verdict.throttled.is_empty());
    verdict.outcome.expect("an outcome").expect("appended")
}

#[tokio::test]
async fn what_is_appended_on_a_pod_is_read_from_it_once_in_its_order() {
    let cluster = cluster(Limits::unlimited()).await;
    let shard = cluster.shard(0);
    cluster.form(&shard).await;
    let first = appended(cluster.append(&shard, &["a", "b"], 1).await);
    let repeated = appended(cluster.append(&shard, &["a", "b"], 1).await);
    assert_eq!(first, repeated, "a token is answered as the first time");
    let second = appended(cluster.append(&shard, &["c"], 2).await);
    assert_eq!((first.first_ordinal, second.first_ordinal), (0, 2));
    assert_eq!(cluster.read(&shard).await.expect("read"), ["a", "b", "c"]);
    let tip = cluster.shards.tip(&cluster.stream, &shard).await;
    assert_eq!(tip.expect("a tip").next_ordinal, 3);
}

#[tokio::test]
async fn small_appends_share_a_stream_and_a_large_one_is_a_call_of_its_own() {
    let cluster = cluster(Limits::unlimited()).await;
    let shard = cluster.shard(0);
    cluster.form(&shard).await;
    let large = "x".repeat(100_000);
    let large = [large.as_str()];
    let (first, second, third) = tokio::join!(
        cluster.append(&shard, &["a"], 1),
        cluster.append(&shard, &large, 2),
        cluster.append(&shard, &["b"], 3),
    );
    let ordinals = [first, second, third].map(|verdict| appended(verdict).first_ordinal);
    assert_eq!(ordinals.iter().sum::<u64>(), 3, "{ordinals:?}");
    let mut asked = cluster.door.appends();
    asked.sort();
    assert_eq!(asked, ["Append", "Appends"]);
}

#[tokio::test]
async fn a_pod_of_an_earlier_release_is_asked_one_append_at_a_time() {
    let cluster = cluster(Limits::unlimited()).await;
    cluster.door.is_earlier.store(true, Ordering::Relaxed);
    let shard = cluster.shard(0);
    cluster.form(&shard).await;
    appended(cluster.append(&shard, &["a"], 1).await);
    appended(cluster.append(&shard, &["b"], 2).await);
    assert_eq!(cluster.door.appends(), ["Appends", "Append", "Append"]);
    assert_eq!(cluster.read(&shard).await.expect("read"), ["a", "b"]);
}

#[tokio::test]
async fn sealed_records_travel_sealed_and_are_opened_by_the_gateway() {
    let mut cluster = cluster(Limits::unlimited()).await;
    let shard = cluster.shard(0);
    cluster.form(&shard).await;
    let key = "alias/any".parse().expect("a key id");
    assert!(cluster.keys.sealing_key(&key).is_some());
    Arc::make_mut(&mut cluster.stream).encryption = Some(key);
    appended(cluster.append(&shard, &["secret"], 1).await);
    assert_eq!(cluster.read(&shard).await.expect("read"), ["secret"]);
}

#[tokio::test]
async fn a_pod_answers_for_no_shard_that_was_not_formed_on_its_disk() {
    let cluster = cluster(Limits::unlimited()).await;
    let (formed, missing) = (cluster.shard(0), cluster.shard(1));
    cluster.form(&formed).await;
    let verdict = cluster.append(&missing, &["a"], 1).await;
    assert!(
        matches!(verdict.outcome, Some(Err(NotAppended::Later(_)))),
        "{verdict:?}"
    );
    assert!(cluster.read(&missing).await.is_err());
    let member = Member::of(&cluster.stream, &missing);
    assert_eq!(cluster.logs.facts(member).await.expect("asked"), None);
}

#[tokio::test]
async fn limits_are_kept_where_the_shard_is() {
    let mut limits = Limits::unlimited();
    limits.shard.write_records_per_sec = Some(2);
    let cluster = cluster(limits).await;
    let shard = cluster.shard(0);
    cluster.form(&shard).await;
    let verdict = cluster.append(&shard, &["a", "b", "c"], 1).await;
    assert_eq!(verdict.throttled, [2]);
    assert!(matches!(verdict.outcome, Some(Ok(_))), "{verdict:?}");
    let verdict = cluster.append(&shard, &["d"], 2).await;
    assert_eq!(verdict.throttled, [0]);
    assert!(verdict.outcome.is_none());
    assert_eq!(cluster.read(&shard).await.expect("read"), ["a", "b"]);
}

#[tokio::test]
async fn a_parent_is_sealed_and_destroyed_from_afar() {
    let cluster = cluster(Limits::unlimited()).await;
    let shard = cluster.shard(0);
    cluster.form(&shard).await;
    appended(cluster.append(&shard, &["a"], 1).await);
    let member = Member::of(&cluster.stream, &shard);
    let children = [
        ShardId::new(2).expect("small"),
        ShardId::new(3).expect("small"),
    ];
    for _ in 0..2 {
        cluster
            .logs
            .seal(member, 1, &children)
            .await
            .expect("sealed");
    }
    let facts = cluster.logs.facts(member).await.expect("asked");
    assert_eq!(facts.expect("a log").phase, ShardPhase::Sealed);
    let verdict = cluster.append(&shard, &["late"], 2).await;
    assert!(matches!(verdict.outcome, Some(Err(NotAppended::Sealed))));
    cluster.logs.destroy(member).await.expect("destroyed");
    assert_eq!(cluster.logs.facts(member).await.expect("asked"), None);
}

#[tokio::test]
async fn who_waits_at_the_tip_hears_of_the_next_record() {
    let cluster = cluster(Limits::unlimited()).await;
    let shard = cluster.shard(0);
    cluster.form(&shard).await;
    let tip = cluster.shards.tip(&cluster.stream, &shard).await;
    let end = tip.expect("a tip").end_index;
    let deadline = Instant::now() + Duration::from_mins(1);
    let leader = Vantage::among(&[], 0, end, Instant::now());
    let wait = cluster
        .shards
        .wait_past(&leader, &cluster.stream, &shard, end, deadline);
    let ((), verdict) = tokio::join!(wait, cluster.append(&shard, &["news"], 1));
    appended(verdict);
    assert!(Instant::now() < deadline);
}

#[tokio::test]
async fn an_append_to_a_pod_that_is_away_is_unclear_and_not_failed() {
    let cluster = cluster(Limits::unlimited()).await;
    let shard = cluster.shard(0);
    cluster.processes[0].abort();
    let verdict = cluster.append(&shard, &["a"], 1).await;
    assert!(
        matches!(
            verdict.outcome,
            Some(Err(NotAppended::Unclear(_) | NotAppended::Later(_)))
        ),
        "{verdict:?}"
    );
}

#[tokio::test]
async fn a_leader_that_has_no_address_is_not_asked_again_when_there_are_others() {
    let cluster = cluster(Limits::unlimited()).await;
    let shard = cluster.shard(0);
    cluster.form(&shard).await;
    let mut wanted = Shard::clone(&shard);
    let gone = "pool-9".parse().expect("a pod's name");
    wanted.replicas.insert(0, gone);
    let first = cluster.append(&wanted, &["a"], 1).await.outcome;
    assert!(
        matches!(&first, Some(Err(NotAppended::Later(_)))),
        "{first:?}"
    );
    appended(cluster.append(&wanted, &["a"], 1).await);
    assert_eq!(cluster.read(&wanted).await.expect("read"), ["a"]);
}

#[tokio::test]
async fn a_replica_that_has_nothing_yet_is_passed_over() {
    let cluster = cluster(Limits::unlimited()).await;
    let (shard, other) = (cluster.shard(0), cluster.shard(1));
    cluster.form(&shard).await;
    let elsewhere = "pool-9".parse().expect("a pod's name");
    let mut wanted = Shard::clone(&other);
    wanted.replicas.push(elsewhere);
    let pod = cluster.logs.leader_of(&wanted);
    assert_eq!(pod.as_ref(), other.replicas.first());
    assert!(cluster.read(&wanted).await.is_err(), "it has no such shard");
    assert_ne!(cluster.logs.leader_of(&wanted), pod, "the next is asked");
}

#[tokio::test]
async fn what_one_replica_cannot_read_is_asked_of_the_next_in_the_same_call() {
    let cluster = connected(3, Limits::unlimited(), |_, _| true).await;
    let pod = |ordinal: u32| -> PodName { format!("pool-{ordinal}").parse().expect("a name") };
    let mut shard = Shard::clone(&cluster.shard(0));
    shard.replicas = (0..3).map(pod).collect();
    cluster.form(&shard).await;
    appended(cluster.append(&shard, &["a"], 1).await);
    let member = Member::of(&cluster.stream, &shard);
    cluster.logs.remove(member, &pod(1)).await.expect("removed");
    let asked = cluster.logs.leader_of(&shard).expect("placed");
    cluster.logs.note_leader(&shard, &asked, Some(pod(1)));
    assert!(cluster.read(&shard).await.is_ok(), "another was asked");
    assert_ne!(cluster.logs.leader_of(&shard), Some(pod(1)));
}

#[tokio::test]
async fn whoever_is_named_as_the_leader_is_asked_though_it_is_not_wanted() {
    let cluster = cluster(Limits::unlimited()).await;
    let pod = |ordinal: u32| -> PodName { format!("pool-{ordinal}").parse().expect("a name") };
    for wanted in [vec![pod(0)], vec![pod(0), pod(1), pod(2)]] {
        let mut shard = Shard::clone(&cluster.shard(0));
        shard.replicas = wanted;
        let leader = || cluster.logs.leader_of(&shard);
        assert_eq!(leader(), Some(pod(0)));
        cluster.logs.note_leader(&shard, &pod(0), Some(pod(9)));
        assert_eq!(leader(), Some(pod(9)));
        cluster.logs.note_leader(&shard, &pod(9), None);
        assert_eq!(leader(), Some(pod(0)), "those that are wanted take turns");
    }
}

#[tokio::test]
async fn a_child_that_few_of_its_pods_heard_of_is_not_formed_yet() {
    let cluster = cluster_of(3, Limits::unlimited()).await;
    let mut child = Shard::clone(&cluster.shard(0));
    child.parent = Some(ShardId::new(1).expect("small"));
    let pod = |ordinal: u32| -> PodName { format!("pool-{ordinal}").parse().expect("a name") };
    child.replicas = (0..3).map(pod).collect();
    let founders = (0..3).map(|ordinal| pb::Replica {
        node: 7 + u64::from(ordinal),
        pod: pod(ordinal).to_string(),
    });
    let request = pb::FormRequest {
        shard: Some(pb::Shard {
            founders: founders.collect(),
            ..messages::shard_to(&cluster.stream.name, &child)
        }),
    };
    let member = Member::of(&cluster.stream, &child);
    let form_at = |ordinal| {
        let (client, request) = (cluster.logs.client(&pod(ordinal)), request.clone());
        async move {
            let answer = client.expect("a client").form(request).await;
            assert_eq!(answer.expect("asked").into_inner().refused, None);
        }
    };
    form_at(0).await;
    assert_eq!(cluster.logs.facts(member).await.expect("asked"), None);
    form_at(1).await;
    let facts = cluster.logs.facts(member).await.expect("asked");
    let phase = facts.expect("a majority has it").phase;
    assert_eq!(phase, ShardPhase::AwaitingActivation);
    cluster
        .logs
        .form(member)
        .await
        .expect("again, where it is too");
}
