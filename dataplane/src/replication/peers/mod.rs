//! The other processes that hold replicas of this one's shards: one connection to each, and which of them are alive.
//!
//! Owns *whether a pod is there*, for all its shards at once: a thousand idle groups cost one small message a pod and
//! tick, and not a thousand heartbeats. Knows no log.
//! A pod that is alive says which shards it cannot lead all the same, for it cannot read their logs.
//! **Invariant:** silence is the only proof of death here, and it proves nothing about the log: who takes a leadership over is
//! decided by votes.

mod health;
mod link;
mod messages;
mod service;

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anabranch_domain::{PodName, ShardUid};
use anabranch_proto::raft::{self as pb, request::Call, response::Answer};
use tokio::time::{Instant, sleep, timeout};

use crate::dial::{Dial, Tcp};

pub use service::{Directory, RaftServer};

use health::Health;
pub(super) use link::{Link, Lost};
pub(super) use messages::{
    append_to, appended_from, confirm_to, installed_from, poll_to, snapshot_to, transfer_to,
    vote_to, voted_from,
};

/// Between two messages that only say "I am here".
const PING: Duration = Duration::from_millis(250);
/// A pod that said nothing for this long is taken for dead. Four pings, and longer than a busy disk keeps a process.
pub(super) const SILENCE_MAX: Duration = Duration::from_millis(1_200);

/// Logs that are said to be unreadable: a disk with more is not worth naming.
const UNREADABLE_MAX: usize = 256;

/// Where a pod answers, as a URL; nothing while that is not known.
pub type Locate = Box<dyn Fn(&PodName) -> Option<String> + Send + Sync>;

/// The other processes.
pub struct Peers {
    pod: PodName,
    node: u64,
    incarnation: u64,
    is_leaving: AtomicBool,
    /// Logs of this process that cannot be read.
    unreadable: Mutex<BTreeSet<ShardUid>>,
    locate: Locate,
    dial: Arc<dyn Dial>,
    others: Mutex<HashMap<PodName, Arc<Peer>>>,
    this: Weak<Self>,
}

/// One of them.
struct Peer {
    link: Link,
    health: Mutex<Health>,
}

impl Peers {
    /// This process: `pod`, whose disk has the number `node`; `incarnation` is drawn anew at every start.
    pub fn new(pod: PodName, node: u64, incarnation: u64, locate: Locate) -> Arc<Self> {
        Self::over(Arc::new(Tcp), pod, node, incarnation, locate)
    }

    /// The same, over another network than the machine's.
    pub fn over(
        dial: Arc<dyn Dial>,
        pod: PodName,
        node: u64,
        incarnation: u64,
        locate: Locate,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            pod,
            node,
            incarnation,
            is_leaving: AtomicBool::new(false),
            unreadable: Mutex::default(),
            locate,
            dial,
            others: Mutex::default(),
            this: this.clone(),
        })
    }

    /// The number of this process's disk.
    pub fn node(&self) -> u64 {
        self.node
    }

    /// The pod that this process is.
    pub fn pod(&self) -> &PodName {
        &self.pod
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PodName, Arc<Peer>>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an eye on `pod` from now on.
    pub(super) fn watch(&self, pod: &PodName) {
        self.peer(pod);
    }

    fn peer(&self, pod: &PodName) -> Arc<Peer> {
        let mut peers = self.lock();
        if let Some(peer) = peers.get(pod) {
            return peer.clone();
        }
        let link = Link::new(pod.clone(), self.this.clone());
        let peer = Arc::new(Peer {
            link,
            health: Mutex::new(Health::unknown(Instant::now())),
        });
        peers.insert(pod.clone(), peer.clone());
        if pod != &self.pod {
            tokio::spawn(ping(self.this.clone(), pod.clone(), Arc::downgrade(&peer)));
        }
        peer
    }

    /// The connection to `pod`.
    pub(super) fn link(&self, pod: &PodName) -> Link {
        self.peer(pod).link.clone()
    }

    fn dial(&self) -> Arc<dyn Dial> {
        self.dial.clone()
    }

    /// The other processes that said who they are.
    pub(super) fn known(&self) -> Vec<(u64, PodName)> {
        let peers = self.lock();
        let known = peers.iter().filter_map(|(pod, peer)| {
            let health = peer.health.lock().unwrap_or_else(PoisonError::into_inner);
            Some((health.node()?, pod.clone()))
        });
        known.collect()
    }

    fn url(&self, pod: &PodName) -> Option<String> {
        (self.locate)(pod)
    }

    /// Whether the disk with the number `node` is served by `pod` now, as far as is known.
    pub(super) fn is_alive(&self, pod: &PodName, node: u64) -> bool {
        if pod == &self.pod {
            return node == self.node;
        }
        let peer = self.peer(pod);
        let health = peer.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.is_alive(node, Instant::now())
    }

    /// Whether the disk with the number `node` is served by `pod` now and can lead `shard`, as far as is known.
    pub(super) fn may_lead(&self, pod: &PodName, node: u64, shard: ShardUid) -> bool {
        if !self.is_alive(pod, node) {
            return false;
        }
        if pod == &self.pod {
            return !self.unreadable().contains(&shard);
        }
        let peer = self.peer(pod);
        let health = peer.health.lock().unwrap_or_else(PoisonError::into_inner);
        !health.lacks(shard)
    }

    fn unreadable(&self) -> MutexGuard<'_, BTreeSet<ShardUid>> {
        self.unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether the log of `shard` can be read here. The others hear it with the next ping.
    pub(super) fn note_readable(&self, shard: ShardUid, is_readable: bool) {
        let mut unreadable = self.unreadable();
        if is_readable {
            unreadable.remove(&shard);
        } else if unreadable.len() < UNREADABLE_MAX {
            unreadable.insert(shard);
        }
    }

    /// Something came from `pod`.
    fn heard_from(&self, pod: &PodName, about: Option<pb::Pong>) {
        let peer = self.peer(pod);
        let mut health = peer.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.heard(about, Instant::now());
    }

    /// What this process says of itself.
    fn about(&self) -> pb::Pong {
        let unreadable = self.unreadable();
        let unreadable = unreadable.iter();
        pb::Pong {
            unreadable: unreadable
                .map(|shard| shard.to_bytes().to_vec().into())
                .collect(),
            node: self.node,
            incarnation: self.incarnation,
            is_leaving: self.is_leaving.load(Ordering::Acquire),
        }
    }

    fn hello(&self) -> pb::Request {
        pb::Request {
            call: Some(Call::Ping(pb::Ping {
                pod: self.pod.as_str().to_owned(),
                about: Some(self.about()),
            })),
            ..pb::Request::default()
        }
    }

    /// Tells all others that this process is about to stop: they take its leaderships over at once.
    pub async fn leave(&self) {
        self.is_leaving.store(true, Ordering::Release);
        let peers: Vec<_> = self.lock().values().cloned().collect();
        let told = peers.iter().map(|peer| peer.link.call(self.hello()));
        // Who does not hear it finds out by the silence.
        let _ = timeout(PING, futures_util::future::join_all(told)).await;
    }

    /// Whether this process is about to stop.
    pub(super) fn is_leaving(&self) -> bool {
        self.is_leaving.load(Ordering::Acquire)
    }
}

/// Says "I am here" to one pod, and hears the same, for as long as both objects live.
async fn ping(peers: Weak<Peers>, pod: PodName, peer: Weak<Peer>) {
    loop {
        let (Some(all), Some(peer)) = (peers.upgrade(), peer.upgrade()) else {
            return;
        };
        let (hello, link) = (all.hello(), peer.link.clone());
        drop((all, peer));
        let answer = timeout(SILENCE_MAX, link.call(hello)).await;
        if let (Ok(Ok(Answer::Pong(about))), Some(all)) = (answer, peers.upgrade()) {
            all.heard_from(&pod, Some(about));
        }
        sleep(PING).await;
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers")
            .field("pod", &self.pod)
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}
