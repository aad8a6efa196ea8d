//! Shards with three replicas: three processes over real sockets, each with a runtime of its own that can end without a
//! word, on stores that survive it.

use std::{
    future::Future,
    net::{SocketAddr, TcpListener},
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anabranch_domain::{
    PodName, ShardId, ShardPhase, ShardUid, Timestamp, shard_state::AppendToken,
};
use anabranch_store::{
    Family, MemoryStore, Order, Store, WriteSet,
    entry::KeyRing,
    keys::{LogKey, RaftItem, RaftKey},
};
use bytes::Bytes;
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;

use super::{
    handle_test::{everything, records, texts},
    *,
};
use crate::clock::{Clock, SystemClock};

pub(super) const SHARD: ShardUid = ShardUid::from_bits(42);
const BIRTH: Birth = Birth::open(Timestamp::from_millis(1_000));
const REPLICAS: usize = 3;
/// Far longer than anything here takes on a busy machine: what is waited for comes, or the test fails.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

static INCARNATION: AtomicU64 = AtomicU64::new(1);

/// One process.
pub(super) struct Process {
    runtime: Runtime,
    pub(super) registry: Arc<ShardRegistry>,
    peers: Arc<Peers>,
}

/// Three places where a process may run.
pub(super) struct Cluster {
    pub(super) stores: Vec<Arc<dyn Store>>,
    addresses: Vec<SocketAddr>,
    pub(super) processes: Vec<Option<Process>>,
    limits: ShardLimits,
    /// The number of the disk at each place.
    disks: Vec<u64>,
    /// The places whose disks began the shard.
    founders: Vec<usize>,
    /// What a disk that joins is told of the shard's birth.
    birth: Birth,
}

pub(super) fn pod(place: usize) -> PodName {
    format!("pool-{place}").parse().expect("a pod's name")
}

/// A number for a new disk.
fn new_disk() -> u64 {
    static DISK: AtomicU64 = AtomicU64::new(100);
    DISK.fetch_add(1, Ordering::Relaxed)
}

impl Cluster {
    pub(super) fn new() -> Self {
        Self::founded_by(REPLICAS, ShardLimits::default())
    }

    pub(super) fn founded_by(founders: usize, limits: ShardLimits) -> Self {
        let stores = (0..REPLICAS).map(|_| Arc::new(MemoryStore::new()) as _);
        Self::on_disks(stores.collect(), founders, limits)
    }

    /// The first of three places begin the shard.
    pub(super) fn on_disks(
        stores: Vec<Arc<dyn Store>>,
        founders: usize,
        limits: ShardLimits,
    ) -> Self {
        let listeners = (0..REPLICAS).map(|_| TcpListener::bind("127.0.0.1:0").expect("bound"));
        let listeners: Vec<_> = listeners.collect();
        let address = |listener: &TcpListener| listener.local_addr().expect("bound");
        let mut cluster = Self {
            stores,
            addresses: listeners.iter().map(address).collect(),
            processes: (0..REPLICAS).map(|_| None).collect(),
            limits,
            disks: (0..REPLICAS).map(|_| new_disk()).collect(),
            founders: (0..founders).collect(),
            birth: BIRTH,
        };
        drop(listeners);
        for place in 0..REPLICAS {
            cluster.start(place);
        }
        cluster
    }

    pub(super) fn start(&mut self, place: usize) {
        let runtime = Runtime::new().expect("a runtime");
        let addresses = self.addresses.clone();
        let locate = Box::new(move |pod: &PodName| {
            let address = addresses[usize::try_from(pod.ordinal()).expect("small")];
            Some(format!("http://{address}"))
        });
        let incarnation = INCARNATION.fetch_add(1, Ordering::Relaxed);
        let (store, limits, address) = (
            self.stores[place].clone(),
            self.limits,
            self.addresses[place],
        );
        let (birth, founding) = if self.founders.contains(&place) {
            let founders = self.founders.iter().map(|place| self.replica(*place));
            (BIRTH, Founding::Together(founders.collect()))
        } else {
            (self.birth, Founding::Joining)
        };
        let disk = self.disks[place];
        let (registry, peers) = runtime.block_on(async move {
            let peers = Peers::new(pod(place), disk, incarnation, locate);
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let registry =
                ShardRegistry::replicated(store, limits, KeyRing::new(), clock, peers.clone());
            let registry = Arc::new(registry);
            registry.found(SHARD, birth, founding);
            let service =
                RaftServer::new(peers.clone(), registry.clone(), CancellationToken::new())
                    .into_service();
            let listener = loop {
                // The process that was here before lets go of it in its own time.
                match tokio::net::TcpListener::bind(address).await {
                    Ok(listener) => break listener,
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            };
            tokio::spawn(async move {
                let serving = tonic::transport::Server::builder()
                    .add_service(service)
                    .serve_with_incoming(TcpIncoming::from(listener));
                serving.await.expect("served");
            });
            tokio::spawn(registry.clone().keep_led());
            (registry, peers)
        });
        self.processes[place] = Some(Process {
            runtime,
            registry,
            peers,
        });
    }

    pub(super) fn replica(&self, place: usize) -> ReplicaId {
        ReplicaId {
            node: self.disks[place],
            pod: pod(place),
        }
    }

    /// Takes the disk of a place where no process runs, and puts an empty one there.
    pub(super) fn lose_disk(&mut self, place: usize) {
        self.stores[place] = Arc::new(MemoryStore::new());
        self.disks[place] = new_disk();
        self.founders.retain(|founder| *founder != place);
    }

    /// Changes the replicas to those at `places`, as the operator does: asking the leader until it is done.
    pub(super) fn change_replicas(&self, places: &[usize]) {
        let wanted: Vec<_> = places.iter().map(|place| self.replica(*place)).collect();
        let begun = Instant::now();
        let mut place = 0;
        loop {
            assert!(begun.elapsed() < PATIENCE, "the replicas were not changed");
            if self.processes[place].is_none() {
                place = (place + 1) % REPLICAS;
                continue;
            }
            let wanted = wanted.clone();
            let changed = self.run(place, |shard| async move {
                shard.change_replicas(&wanted).await
            });
            match changed {
                Ok(true) => return,
                Ok(false) => {}
                Err(_) => place = (place + 1) % REPLICAS,
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Removes what the process at a place has of the shard.
    fn destroy(&self, place: usize) -> Result<(), LogError> {
        let process = self.processes[place].as_ref().expect("it runs");
        process.runtime.block_on(process.registry.destroy(SHARD))
    }

    /// Ends a process where it stands.
    pub(super) fn kill(&mut self, place: usize) {
        if let Some(process) = self.processes[place].take() {
            drop(process.registry);
            process.runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }

    /// Ends a process as SIGTERM would.
    pub(super) fn stop(&mut self, place: usize) {
        if let Some(process) = self.processes[place].take() {
            let (registry, peers) = (process.registry, process.peers);
            process.runtime.block_on(async move {
                peers.leave().await;
                registry.hand_over().await;
                registry.stop().await;
            });
            process.runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }

    pub(super) fn run<T, F>(&self, place: usize, work: impl FnOnce(Arc<ShardHandle>) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let process = self.processes[place].as_ref().expect("it runs");
        let done = self.begin(place, work);
        process.runtime.block_on(done).expect("no panic")
    }

    /// Like [`Self::run`], and does not wait for the end.
    pub(super) fn begin<T, F>(
        &self,
        place: usize,
        work: impl FnOnce(Arc<ShardHandle>) -> F,
    ) -> JoinHandle<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let process = self.processes[place].as_ref().expect("it runs");
        let shard = process.registry.shard(SHARD, BIRTH);
        process.runtime.spawn(work(shard))
    }

    pub(super) fn try_append(&self, place: usize, append: Append) -> Result<Appended, AppendError> {
        self.run(place, |shard| async move { shard.append(append).await })
    }

    /// Appends as a gateway does: where the leader is said to be, else at the next, and again with the same token.
    pub(super) fn append(&self, text: &str) -> (u64, String) {
        static TOKEN: AtomicU64 = AtomicU64::new(1);
        let token = AppendToken::from_bits(u128::from(TOKEN.fetch_add(1, Ordering::Relaxed)));
        self.append_with(token, text)
    }

    pub(super) fn append_with(&self, token: AppendToken, text: &str) -> (u64, String) {
        let begun = Instant::now();
        let mut place = 0;
        loop {
            assert!(begun.elapsed() < PATIENCE, "{text} was not appended");
            if self.processes[place].is_none() {
                place = (place + 1) % REPLICAS;
                continue;
            }
            let append = Append {
                token: Some(token),
                ..records(&[text])
            };
            match self.try_append(place, append) {
                Ok(appended) => return (appended.first_ordinal, text.to_owned()),
                Err(AppendError::NotLeader {
                    leader: Some(leader),
                }) if self.processes[usize::try_from(leader.ordinal()).expect("small")]
                    .is_some() =>
                {
                    place = usize::try_from(leader.ordinal()).expect("small");
                }
                Err(AppendError::NotLeader { .. } | AppendError::Unclear | AppendError::Log(_)) => {
                    place = (place + 1) % REPLICAS;
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(error) => panic!("{text}: {error}"),
            }
        }
    }

    fn read(&self, place: usize) -> Vec<(u64, String)> {
        self.run(place, |shard| async move {
            let batch = shard.read(ReadFrom::TrimHorizon, everything()).await;
            batch.map(|batch| texts(&batch)).unwrap_or_default()
        })
    }

    /// Waits until a replica has exactly these records.
    pub(super) fn wait_for(&self, place: usize, records: &[(u64, String)]) {
        let begun = Instant::now();
        while self.read(place) != records {
            assert!(
                begun.elapsed() < PATIENCE,
                "replica {place} has {:?}",
                self.read(place)
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn wait_for_all(&self, records: &[(u64, String)]) {
        for place in 0..REPLICAS {
            if self.processes[place].is_some() {
                self.wait_for(place, records);
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for place in 0..REPLICAS {
            self.kill(place);
        }
    }
}

fn numbered(first: u64, texts: &[&str]) -> Vec<(u64, String)> {
    (first..)
        .zip(texts.iter().map(|&text| text.to_owned()))
        .collect()
}

/// The shard's log on a disk, and what its entries made of it so far.
fn log_on(store: &dyn Store) -> Vec<(Family, Vec<u8>, Bytes)> {
    let snapshot = RaftKey::new(SHARD, RaftItem::Snapshot).encode();
    let facts = store.get(Family::Raft, &snapshot).expect("it reads");
    let facts = facts.expect("a group of one is born with them");
    let mut found = vec![(Family::Raft, snapshot.to_vec(), facts)];
    let range = LogKey::all(SHARD);
    let scanned = store.scan(Family::Log, &range, Order::Forward, &mut |key, entry| {
        found.push((Family::Log, key.to_vec(), entry));
        ControlFlow::Continue(())
    });
    scanned.expect("it reads");
    found
}

#[test]
fn a_replica_that_comes_back_is_not_its_own_majority_while_it_has_only_the_time_when_it_was() {
    let mut cluster = Cluster::founded_by(1, ShardLimits::default());
    let mut appended: Vec<_> = (0..50)
        .map(|number| cluster.append(&number.to_string()))
        .collect();
    let alone = log_on(&*cluster.stores[0]);
    cluster.change_replicas(&[0, 1]);
    let heir = cluster.disks[1];
    cluster
        .run(
            0,
            move |shard| async move { shard.hand_over_to(heir).await },
        )
        .expect("handed over");
    cluster.change_replicas(&[1]);
    // As the operator lets go of it, and asks it to join once more.
    cluster.founders.clear();
    let registry = cluster.processes[0]
        .as_ref()
        .expect("it runs")
        .registry
        .clone();
    cluster
        .run(0, move |_| async move { registry.destroy(SHARD).await })
        .expect("gone");
    cluster.kill(0);
    appended.push(cluster.append("without it"));
    cluster.kill(1);
    cluster.start(0);
    let refused = cluster.try_append(0, records(&["lost"]));
    assert!(
        matches!(&refused, Err(AppendError::NotLeader { .. })),
        "{refused:?}"
    );
    cluster.stop(0);
    // The leader had sent it so much.
    let mut set = WriteSet::new();
    for (family, key, value) in alone {
        set.put_critical(family, key, value);
    }
    cluster.stores[0].submit(set, Box::new(|done| done.expect("written")));
    cluster.start(0);
    for _ in 0..3 {
        let refused = cluster.try_append(0, records(&["lost"]));
        assert!(
            matches!(&refused, Err(AppendError::NotLeader { .. })),
            "{refused:?}"
        );
    }
    cluster.start(1);
    cluster.change_replicas(&[0, 1]);
    appended.push(cluster.append("with it"));
    cluster.wait_for(0, &appended);
    cluster.wait_for(1, &appended);
    // Now it is one of them, also after a start.
    let heir = cluster.disks[0];
    cluster
        .run(
            1,
            move |shard| async move { shard.hand_over_to(heir).await },
        )
        .expect("handed over");
    cluster.change_replicas(&[0]);
    cluster.kill(1);
    cluster.kill(0);
    cluster.start(0);
    appended.push(cluster.append("alone"));
    cluster.wait_for(0, &appended);
}

#[test]
fn what_is_acknowledged_comes_to_every_replica_under_its_number() {
    let cluster = Cluster::new();
    let appended: Vec<_> = ["a", "b", "c"].map(|text| cluster.append(text)).to_vec();
    assert_eq!(appended, numbered(0, &["a", "b", "c"]));
    cluster.wait_for_all(&appended);
}

#[test]
fn the_first_replica_leads_without_an_election_and_the_others_say_so() {
    let cluster = Cluster::new();
    for place in [1, 2] {
        let refused = cluster.try_append(place, records(&["a"]));
        assert!(
            matches!(&refused, Err(AppendError::NotLeader { leader: Some(leader) }) if *leader == pod(0)),
            "{refused:?}"
        );
    }
    cluster.try_append(0, records(&["a"])).expect("it leads");
}

#[test]
fn a_group_that_never_ran_says_who_will_vote_and_lead() {
    let mut cluster = Cluster::new();
    let roles = |cluster: &Cluster, place| {
        cluster.run(place, |shard| async move {
            shard.settled().await.expect("it was formed");
            let roles = shard.group().roles();
            let mut voters: Vec<_> = roles.voters.into_iter().map(|it| it.pod).collect();
            voters.sort_unstable();
            (roles.leader, voters)
        })
    };
    let all = (0..REPLICAS).map(pod).collect::<Vec<_>>();
    assert_eq!(roles(&cluster, 0), (Some(pod(0)), all.clone()));
    assert_eq!(roles(&cluster, 1), (None, all.clone()));
    // So it can be moved before anything was put.
    cluster.kill(2);
    cluster.lose_disk(2);
    cluster.start(2);
    cluster.change_replicas(&[0, 1]);
    assert_eq!(roles(&cluster, 0), (Some(pod(0)), vec![pod(0), pod(1)]));
    assert_eq!(roles(&cluster, 2), (None, Vec::new()));
}

#[test]
fn a_leader_that_dies_is_replaced_and_nothing_acknowledged_is_lost() {
    let mut cluster = Cluster::new();
    let mut appended = Vec::new();
    for round in 0..6 {
        for number in 0..5 {
            appended.push(cluster.append(&format!("{round}/{number}")));
        }
        let place = round % REPLICAS;
        cluster.kill(place);
        for number in 5..10 {
            appended.push(cluster.append(&format!("{round}/{number}")));
        }
        cluster.start(place);
    }
    let ordinals: Vec<_> = appended.iter().map(|(ordinal, _)| *ordinal).collect();
    assert_eq!(ordinals, (0..60).collect::<Vec<u64>>());
    cluster.wait_for_all(&appended);
}

#[test]
fn a_process_that_stops_hands_its_leadership_over() {
    let mut cluster = Cluster::new();
    let mut appended = vec![cluster.append("a")];
    cluster.stop(0);
    appended.push(cluster.append("b"));
    cluster.start(0);
    appended.push(cluster.append("c"));
    assert_eq!(appended, numbered(0, &["a", "b", "c"]));
    cluster.wait_for_all(&appended);
}

#[test]
fn all_processes_die_at_once_and_every_record_is_there_again() {
    let mut cluster = Cluster::new();
    let mut appended: Vec<_> = (0..20)
        .map(|number| cluster.append(&number.to_string()))
        .collect();
    for place in 0..REPLICAS {
        cluster.kill(place);
    }
    for place in 0..REPLICAS {
        cluster.start(place);
    }
    // Also what was not yet known to be committed where it lies: somebody leads without being asked to.
    cluster.wait_for_all(&appended);
    appended.push(cluster.append("after"));
    cluster.wait_for_all(&appended);
}

#[test]
fn without_a_majority_nothing_is_acknowledged_and_with_it_the_attempt_is_finished_once() {
    let mut cluster = Cluster::new();
    let mut appended = vec![cluster.append("a")];
    cluster.kill(1);
    cluster.kill(2);
    let token = AppendToken::from_bits(1 << 100);
    let append = move || Append {
        token: Some(token),
        ..records(&["b"])
    };
    let unanswered = cluster.run(0, move |shard| async move {
        tokio::time::timeout(Duration::from_millis(500), shard.append(append())).await
    });
    assert!(unanswered.is_err(), "{unanswered:?}");
    assert_eq!(cluster.read(0), appended);
    cluster.start(1);
    cluster.start(2);
    let begun = Instant::now();
    let again = loop {
        assert!(begun.elapsed() < PATIENCE);
        let places = (0..REPLICAS).map(|place| cluster.try_append(place, append()));
        if let Some(Ok(again)) = places.into_iter().find(Result::is_ok) {
            break again;
        }
    };
    appended.push((again.first_ordinal, "b".to_owned()));
    assert_eq!(appended, numbered(0, &["a", "b"]));
    appended.push(cluster.append("c"));
    cluster.wait_for_all(&appended);
}

#[test]
fn a_replica_that_was_away_longer_than_the_log_reaches_back_gets_what_is_left() {
    let mut cluster = Cluster::new();
    let first: Vec<_> = ["a", "b"].map(|text| cluster.append(text)).to_vec();
    cluster.wait_for_all(&first);
    cluster.kill(2);
    for text in ["c", "d", "e"] {
        cluster.append(text);
    }
    std::thread::sleep(Duration::from_millis(20));
    let horizon = SystemClock.now();
    std::thread::sleep(Duration::from_millis(20));
    let left: Vec<_> = ["f", "g"].map(|text| cluster.append(text)).to_vec();
    cluster.wait_for(
        1,
        &[numbered(0, &["a", "b", "c", "d", "e"]), left.clone()].concat(),
    );
    for place in [0, 1] {
        let begun = Instant::now();
        while cluster.read(place) != left {
            assert!(begun.elapsed() < PATIENCE, "{:?}", cluster.read(place));
            cluster.run(place, move |shard| async move {
                shard.trim(horizon, 4_096).await.map(drop).expect("trimmed");
            });
        }
    }
    cluster.start(2);
    cluster.wait_for(2, &left);
    // And it is a full replica: the others may go.
    let last = cluster.append("h");
    cluster.wait_for_all(&[left, vec![last]].concat());
}

#[test]
fn a_seal_is_known_to_every_replica_and_final() {
    let mut cluster = Cluster::new();
    let appended = vec![cluster.append("a")];
    let children: Vec<_> = [1, 2].map(|id| ShardId::new(id).expect("small")).to_vec();
    let said = children.clone();
    let sealed = cluster.run(0, move |shard| async move { shard.seal(7, said).await });
    let sealed = sealed.expect("sealed");
    assert_eq!((sealed.phase, sealed.next_ordinal), (ShardPhase::Sealed, 1));
    cluster.kill(0);
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < PATIENCE);
        match cluster.try_append(1, records(&["b"])) {
            Err(AppendError::Sealed { children: named }) => {
                assert_eq!(named, children);
                break;
            }
            Err(AppendError::NotLeader { .. } | AppendError::Unclear) => {
                // Somebody else may have been elected.
                if let Err(AppendError::Sealed { .. }) = cluster.try_append(2, records(&["b"])) {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    cluster.start(0);
    cluster.wait_for_all(&appended);
}

#[test]
fn an_idle_group_rests_everywhere_and_goes_on_without_an_election() {
    let limits = ShardLimits {
        idle_after: Duration::from_millis(100),
        ..ShardLimits::default()
    };
    let cluster = Cluster::founded_by(REPLICAS, limits);
    let mut appended = vec![cluster.append("a")];
    cluster.wait_for_all(&appended);
    let is_running = |place: usize| {
        let process = cluster.processes[place].as_ref().expect("it runs");
        process.registry.shard(SHARD, BIRTH).group().is_running()
    };
    let begun = Instant::now();
    while (0..REPLICAS).any(is_running) {
        assert!(begun.elapsed() < PATIENCE, "a group does not rest");
        std::thread::sleep(Duration::from_millis(10));
    }
    // The same one leads at once: an election would let it be anybody.
    cluster
        .try_append(0, records(&["b"]))
        .expect("it leads still");
    appended.push((1, "b".to_owned()));
    cluster.wait_for_all(&appended);
}

#[test]
fn a_disk_that_is_lost_is_filled_again_and_its_old_self_is_forgotten() {
    let mut cluster = Cluster::new();
    let mut appended: Vec<_> = (0..30)
        .map(|number| cluster.append(&number.to_string()))
        .collect();
    cluster.kill(2);
    cluster.lose_disk(2);
    appended.push(cluster.append("without it"));
    cluster.start(2);
    cluster.change_replicas(&[0, 1, 2]);
    cluster.wait_for(2, &appended);
    // It counts: without another one there still is a majority.
    cluster.kill(0);
    appended.push(cluster.append("with it"));
    cluster.start(0);
    cluster.wait_for_all(&appended);
}

#[test]
fn a_disk_that_is_filled_at_a_small_rate_holds_no_put_up() {
    let limits = ShardLimits {
        tail_cache_bytes_max: 0,
        catch_up_bytes_per_sec: Some(64 << 10),
        ..ShardLimits::default()
    };
    let mut cluster = Cluster::founded_by(REPLICAS, limits);
    let large = "0".repeat(10_000);
    let mut appended: Vec<_> = (0..30).map(|_| cluster.append(&large)).collect();
    cluster.kill(2);
    cluster.lose_disk(2);
    cluster.start(2);
    let is_filled = AtomicBool::new(false);
    let meanwhile = std::thread::scope(|scope| {
        let putting = scope.spawn(|| {
            let mut appended = Vec::new();
            while appended.is_empty() || !is_filled.load(Ordering::Relaxed) {
                appended.push(cluster.append("meanwhile"));
                std::thread::sleep(Duration::from_millis(10));
            }
            appended
        });
        cluster.change_replicas(&[0, 1, 2]);
        is_filled.store(true, Ordering::Relaxed);
        putting.join().expect("no panic")
    });
    appended.extend(meanwhile);
    cluster.wait_for_all(&appended);
    let sent = cluster.processes.iter().flatten();
    let sent = sent.map(|process| process.registry.catch_up().take_sent_bytes());
    let sent: u64 = sent.sum();
    assert!(sent >= 200_000, "{sent}");
}

#[test]
fn one_copy_becomes_three_and_one_again_elsewhere() {
    let mut cluster = Cluster::founded_by(1, ShardLimits::default());
    let mut appended: Vec<_> = (0..30)
        .map(|number| cluster.append(&number.to_string()))
        .collect();
    cluster.change_replicas(&[0, 1, 2]);
    cluster.wait_for_all(&appended);
    cluster.kill(0);
    appended.push(cluster.append("on two"));
    cluster.change_replicas(&[1]);
    appended.push(cluster.append("on one"));
    cluster.kill(2);
    appended.push(cluster.append("alone"));
    cluster.wait_for(1, &appended);
    cluster.kill(1);
    cluster.start(1);
    appended.push(cluster.append("after a restart"));
    cluster.wait_for(1, &appended);
}

#[test]
fn one_copy_that_is_trimmed_while_it_runs_becomes_three_whole_ones() {
    let mut cluster = Cluster::founded_by(1, ShardLimits::default());
    for text in ["a", "b", "c"] {
        cluster.append(text);
    }
    std::thread::sleep(Duration::from_millis(20));
    let horizon = SystemClock.now();
    std::thread::sleep(Duration::from_millis(20));
    let mut left = vec![cluster.append("d")];
    cluster.run(0, move |shard| async move {
        shard.trim(horizon, 4_096).await.map(drop).expect("trimmed");
    });
    assert_eq!(cluster.read(0), left);
    cluster.change_replicas(&[0, 1, 2]);
    cluster.wait_for_all(&left);
    // And what was trimmed did not take along that the shard is open.
    cluster.kill(0);
    left.push(cluster.append("e"));
    cluster.wait_for(1, &left);
    cluster.wait_for(2, &left);
}

#[test]
fn one_copy_moves_to_another_pod_and_its_leadership_goes_first() {
    let mut cluster = Cluster::founded_by(1, ShardLimits::default());
    let mut appended: Vec<_> = (0..30)
        .map(|number| cluster.append(&number.to_string()))
        .collect();
    cluster.change_replicas(&[0, 1]);
    let heir = cluster.disks[1];
    let handed = cluster.run(
        0,
        move |shard| async move { shard.hand_over_to(heir).await },
    );
    handed.expect("it was taken");
    appended.push(cluster.append("led elsewhere"));
    let refused = cluster.try_append(0, records(&["where it was"]));
    assert!(
        matches!(&refused, Err(AppendError::NotLeader { leader: Some(leader) }) if *leader == pod(1)),
        "{refused:?}"
    );
    cluster.change_replicas(&[1]);
    cluster.kill(0);
    appended.push(cluster.append("alone"));
    cluster.wait_for(1, &appended);
}

#[test]
fn a_leader_that_is_wanted_no_longer_hands_over_before_it_is_let_go() {
    let mut cluster = Cluster::new();
    let mut appended: Vec<_> = (0..30)
        .map(|number| cluster.append(&number.to_string()))
        .collect();
    cluster.change_replicas(&[1]);
    // Its log is removed, and it lives on.
    let removed = cluster.destroy(0);
    assert!(removed.is_ok(), "{removed:?}");
    cluster.kill(2);
    cluster.kill(0);
    cluster.founders.clear();
    cluster.start(0);
    appended.push(cluster.append("alone"));
    cluster.wait_for(1, &appended);
}

#[test]
fn the_only_copy_is_wanted_elsewhere_and_goes_there() {
    let mut cluster = Cluster::founded_by(1, ShardLimits::default());
    let mut appended: Vec<_> = (0..30)
        .map(|number| cluster.append(&number.to_string()))
        .collect();
    cluster.change_replicas(&[2]);
    cluster.kill(0);
    appended.push(cluster.append("alone"));
    cluster.wait_for(2, &appended);
}

#[test]
fn whoever_joins_writes_the_first_entry_as_the_founders_did() {
    let mut cluster = Cluster::new();
    let appended = [cluster.append("a")];
    cluster.wait_for_all(&appended);
    cluster.kill(2);
    cluster.lose_disk(2);
    cluster.birth = Birth::open(Timestamp::from_millis(1_000_000));
    cluster.start(2);
    cluster.change_replicas(&[0, 1, 2]);
    cluster.wait_for(2, &appended);
    let first = LogKey::new(SHARD, 0).encode();
    let first = |place: usize| {
        cluster.stores[place]
            .get(Family::Log, &first)
            .expect("read")
    };
    assert!(first(0).is_some());
    assert_eq!(first(2), first(0));
}

#[test]
fn a_leadership_that_is_not_taken_stays_where_it_is() {
    let mut cluster = Cluster::new();
    let mut appended = vec![cluster.append("before")];
    cluster.kill(2);
    let gone = cluster.disks[2];
    let handed = cluster.run(
        0,
        move |shard| async move { shard.hand_over_to(gone).await },
    );
    assert!(handed.is_err());
    appended.push(cluster.append("after"));
    let nobody = cluster.run(0, move |shard| async move { shard.hand_over_to(7).await });
    assert!(nobody.is_err());
    appended.push(cluster.append("still"));
    cluster.wait_for_all(&appended);
}

/// A small generator, the same on every machine: what happens follows from the seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn place(&mut self) -> usize {
        usize::try_from(self.roll(REPLICAS as u64)).expect("small")
    }
}

/// One producer, and faults in an order that the seed decides: never more at a time than a majority survives.
fn faults(seed: u64) {
    let mut dice = Dice(seed);
    let mut cluster = Cluster::new();
    let mut appended = Vec::new();
    for step in 0..12 {
        for number in 0..=dice.roll(6) {
            appended.push(cluster.append(&format!("{seed}/{step}/{number}")));
        }
        let place = dice.place();
        let is_whole = cluster.processes.iter().all(Option::is_some);
        match (dice.roll(5), is_whole) {
            (0 | 1, true) => cluster.kill(place),
            (2, true) => cluster.stop(place),
            // All at once: nothing is lost that was acknowledged.
            (3, true) => {
                (0..REPLICAS).for_each(|place| cluster.kill(place));
                (0..REPLICAS).for_each(|place| cluster.start(place));
            }
            (_, true) => {
                // A disk may go only while the two others have everything.
                cluster.wait_for_all(&appended);
                cluster.kill(place);
                cluster.lose_disk(place);
                cluster.start(place);
                cluster.change_replicas(&[0, 1, 2]);
            }
            (_, false) => {
                for place in 0..REPLICAS {
                    if cluster.processes[place].is_none() {
                        cluster.start(place);
                    }
                }
            }
        }
    }
    for place in 0..REPLICAS {
        if cluster.processes[place].is_none() {
            cluster.start(place);
        }
    }
    let ordinals: Vec<_> = appended.iter().map(|(ordinal, _)| *ordinal).collect();
    assert_eq!(
        ordinals,
        (0..appended.len() as u64).collect::<Vec<_>>(),
        "seed {seed}"
    );
    cluster.wait_for_all(&appended);
}

/// `ANABRANCH_SEEDS=100..200` runs others than the two of every day.
#[test]
fn what_is_acknowledged_survives_faults_in_any_order() {
    let seeds = std::env::var("ANABRANCH_SEEDS").unwrap_or_else(|_| "1..3".to_owned());
    let (first, end) = seeds.split_once("..").expect("first..end");
    let bound = |text: &str| text.parse::<u64>().expect("a number");
    for seed in bound(first)..bound(end) {
        faults(seed);
    }
}
