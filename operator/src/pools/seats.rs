//! A pool's pods as placement sees them: where they run, whether they answer, and which of them will not come back by
//! themselves. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anabranch::serving::Disk;
use anabranch_domain::PodName;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::ResourceExt as _;

use crate::placement::{Presence, Seat};

/// Kubernetes copies the label of a node to its pods, as of 1.35.
const ZONE: &str = "topology.kubernetes.io/zone";

/// What there is of a pool's pods.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) pods: &'a [Pod],
    pub(super) claims: &'a [PersistentVolumeClaim],
    /// How many there are to be, since the last look.
    pub(super) running: u32,
    /// The disks of those that answer.
    pub(super) disks: &'a BTreeMap<PodName, Disk>,
}

impl Sight<'_> {
    fn pod(&self, name: &PodName) -> Option<&Pod> {
        self.pods.iter().find(|pod| pod.name_any() == name.as_str())
    }

    fn claim(&self, name: &PodName) -> Option<&PersistentVolumeClaim> {
        let claim = format!("data-{name}");
        self.claims.iter().find(|it| it.name_any() == claim)
    }

    /// Whether the pod ever had a volume.
    fn had_volume(&self, name: &PodName) -> bool {
        let phase = self
            .claim(name)
            .and_then(|it| it.status.as_ref()?.phase.as_deref());
        matches!(phase, Some("Bound" | "Lost"))
    }

    /// Why a pod that does not answer will not come back by itself, if anything speaks for that. One that was never there
    /// cannot come back.
    fn loss(&self, name: &PodName) -> Option<&'static str> {
        if self.disks.contains_key(name) {
            return None;
        }
        let (pod, claim) = (self.pod(name), self.claim(name));
        let Some(claim) = claim else {
            // Neither: it was never made.
            return pod.map(|_| "its volume claim is gone");
        };
        let phase = claim.status.as_ref().and_then(|it| it.phase.as_deref());
        if phase == Some("Lost") {
            return Some("its volume is lost");
        }
        if phase != Some("Bound") {
            return None;
        }
        let Some(pod) = pod.filter(|_| name.ordinal() < self.running) else {
            return (name.ordinal() < self.running).then_some("it is not made again");
        };
        if pod.metadata.deletion_timestamp.is_some() {
            return Some("its node does not answer");
        }
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
        node.is_none()
            .then_some("no node can run it: where its volume is, there is none")
    }
}

/// Since when pods seem to be lost, and since when all of a pool have been as they are. Kept in memory: whoever leads next
/// begins to count anew, and is the more patient for it.
#[derive(Debug, Default)]
pub(super) struct Attendance {
    lost: BTreeMap<PodName, Instant>,
    quiet: BTreeMap<String, (Vec<Presence>, Instant)>,
}

impl Attendance {
    /// The seats of `pods` pods of `set`, and why those that are gone are. A pod is gone that has been lost for `patience`;
    /// none ever is without one.
    pub(super) fn seats(
        &mut self,
        set: &str,
        pods: u32,
        sight: &Sight<'_>,
        patience: Option<Duration>,
        now: Instant,
    ) -> (Vec<Seat>, Vec<(PodName, &'static str)>) {
        let mut gone = Vec::new();
        let names = (0..pods).map_while(|ordinal| format!("{set}-{ordinal}").parse().ok());
        let seats = names.map(|name: PodName| {
            let pod = sight.pod(&name);
            let disk = sight.disks.get(&name);
            let loss = sight.loss(&name);
            let presence = match (disk, loss) {
                (Some(_), _) => Presence::Up,
                (None, Some(why)) => {
                    let since = *self.lost.entry(name.clone()).or_insert(now);
                    let is_long = |it| now.saturating_duration_since(since) >= it;
                    if patience.is_some_and(is_long) {
                        gone.push((name.clone(), why));
                        Presence::Gone
                    } else {
                        Presence::Away
                    }
                }
                (None, None) => Presence::Away,
            };
            if loss.is_none() {
                self.lost.remove(&name);
            }
            Seat {
                node: pod.and_then(|pod| pod.spec.as_ref()?.node_name.clone()),
                zone: pod.and_then(|pod| pod.labels().get(ZONE).cloned()),
                may_hold: match presence {
                    Presence::Up => disk.is_some_and(|disk| !disk.shards.is_empty()),
                    // Nobody can look; where nothing is wanted there, nothing is missed.
                    Presence::Gone => false,
                    Presence::Away => sight.had_volume(&name),
                },
                pod: name,
                presence,
            }
        });
        (seats.collect(), gone)
    }

    /// Whether the pods of a pool have been as they are for `long`.
    pub(super) fn is_quiet(
        &mut self,
        pool: &str,
        seats: &[Seat],
        long: Duration,
        now: Instant,
    ) -> bool {
        let presences: Vec<_> = seats.iter().map(|seat| seat.presence).collect();
        let known = self.quiet.entry(pool.to_owned());
        let (before, since) = known.or_insert_with(|| (presences.clone(), now));
        if *before != presences {
            *before = presences;
            *since = now;
        }
        now.saturating_duration_since(*since) >= long
    }

    /// Forgets pools that are not there any more, and says which.
    pub(super) fn keep(&mut self, is_there: impl Fn(&str) -> bool) -> Vec<String> {
        let known = self.quiet.keys().filter(|pool| !is_there(pool));
        let forgotten: Vec<_> = known.cloned().collect();
        self.quiet.retain(|pool, _| is_there(pool));
        self.lost.retain(|pod, _| {
            let set = pod.stateful_set();
            is_there(set.strip_suffix("-shards").unwrap_or(set))
        });
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::{Value, json};

    use super::*;

    const LONG: Duration = Duration::from_mins(10);

    fn pod(spec: &Value, deleted: bool) -> Pod {
        let deleted = deleted.then_some("2026-01-01T00:00:00Z");
        let labels = json!({ ZONE: "west" });
        let metadata = json!({ "name": "p-0", "labels": labels, "deletionTimestamp": deleted });
        serde_json::from_value(json!({ "metadata": metadata, "spec": spec })).expect("a pod")
    }

    fn claim(phase: &str) -> PersistentVolumeClaim {
        let metadata = json!({ "name": "data-p-0" });
        serde_json::from_value(json!({ "metadata": metadata, "status": { "phase": phase } }))
            .expect("a claim")
    }

    /// The seat of pod 0 when it was first looked at, and `later`.
    fn later(
        pods: &[Pod],
        claims: &[PersistentVolumeClaim],
        disk: Option<Disk>,
        later: Duration,
    ) -> (Presence, Presence, bool) {
        let name: PodName = "p-0".parse().expect("a name");
        let disks = disk.into_iter().map(|disk| (name.clone(), disk)).collect();
        let sight = Sight {
            running: 1,
            pods,
            claims,
            disks: &disks,
        };
        let mut attendance = Attendance::default();
        let begun = Instant::now();
        let (first, _) = attendance.seats("p", 1, &sight, Some(LONG), begun);
        let (then, _) = attendance.seats("p", 1, &sight, Some(LONG), begun + later);
        (first[0].presence, then[0].presence, then[0].may_hold)
    }

    fn disk(shards: usize) -> Disk {
        let uid = anabranch_domain::ShardUid::from_bits(7);
        Disk {
            node: 1,
            shards: std::iter::repeat_n(uid, shards).collect::<HashSet<_>>(),
            is_storage_low: false,
        }
    }

    #[test]
    fn a_pod_is_gone_when_it_was_lost_for_long_and_not_when_it_is_only_away() {
        use Presence::{Away, Gone, Up};
        let running = json!({ "containers": [], "nodeName": "one" });
        let waiting = json!({ "containers": [] });
        let (here, bound) = (pod(&running, false), claim("Bound"));
        let after = |pods: &[Pod], claims: &[_], disk| later(pods, claims, disk, LONG);
        let (one, bound) = (std::slice::from_ref(&here), std::slice::from_ref(&bound));
        assert_eq!(after(one, bound, Some(disk(1))), (Up, Up, true));
        assert_eq!(after(one, bound, Some(disk(0))), (Up, Up, false));
        // It crashes, say: that is for a person, and its disk is where it was.
        assert_eq!(after(one, bound, None), (Away, Away, true));
        assert_eq!(after(&[pod(&running, true)], bound, None).1, Gone);
        assert_eq!(after(&[pod(&waiting, false)], bound, None).1, Gone);
        assert_eq!(after(&[], bound, None).1, Gone);
        assert_eq!(after(one, &[claim("Lost")], None).1, Gone);
        assert_eq!(after(one, &[], None).1, Gone);
        assert_eq!(after(&[], &[], None), (Away, Away, false), "never made");
        // It never had a volume: it is new, and the cluster is full.
        let new = after(&[pod(&waiting, false)], &[claim("Pending")], None);
        assert_eq!(new, (Away, Away, false));
        let soon = later(&[pod(&waiting, false)], bound, None, LONG / 2);
        assert_eq!(soon, (Away, Away, true));
    }

    #[test]
    fn where_a_pod_runs_is_known() {
        let pods = [pod(&json!({ "containers": [], "nodeName": "one" }), false)];
        let sight = Sight {
            running: 2,
            pods: &pods,
            claims: &[],
            disks: &BTreeMap::new(),
        };
        let (seats, _) = Attendance::default().seats("p", 2, &sight, None, Instant::now());
        assert_eq!(seats[0].node.as_deref(), Some("one"));
        assert_eq!(seats[0].zone.as_deref(), Some("west"));
        assert_eq!((seats[1].pod.as_str(), &seats[1].node), ("p-1", &None));
        assert_eq!(
            seats[1].presence,
            Presence::Away,
            "there is no patience to lose"
        );
    }

    #[test]
    fn quiet_begins_anew_with_every_pod_that_comes_or_goes() {
        let sight = Sight {
            running: 2,
            pods: &[],
            claims: &[],
            disks: &BTreeMap::new(),
        };
        let mut attendance = Attendance::default();
        let begun = Instant::now();
        let (mut seats, _) = attendance.seats("p", 2, &sight, None, begun);
        assert!(!attendance.is_quiet("p", &seats, LONG, begun));
        assert!(attendance.is_quiet("p", &seats, LONG, begun + LONG));
        seats[1].presence = Presence::Up;
        assert!(!attendance.is_quiet("p", &seats, LONG, begun + LONG));
        assert!(attendance.is_quiet("p", &seats, LONG, begun + LONG * 2));
    }
}
