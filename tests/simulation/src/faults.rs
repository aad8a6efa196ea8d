//! What goes wrong, drawn from the seed: crashes, lost disks, cut and slow links, sick disks, wrong clocks, and the changes that
//! operators make meanwhile. Each fault ends by itself; healing ends all of them.

use std::sync::Arc;
use std::time::Duration;

use anabranch_domain::catalog::{Change, MergeShards, ShardStatus, SplitShard};
use anabranch_domain::{HashKey, PodName};
use turmoil::Sim;

use crate::catalog::CatalogView;
use crate::clock::{self, MachineClock};
use crate::dice::Dice;
use crate::disk::{Condition, Platter};
use crate::gateway::GatewaySeat;
use crate::pod::Seat;
use crate::stage::Stage;
use crate::trace;
use crate::witness::LogWitness;

/// The operator's host.
pub(crate) const OPERATOR: &str = "operator";

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Crash,
    CrashAll,
    GracefulStop,
    LoseDisk,
    Partition,
    PartitionOneWay,
    Hold,
    Freeze,
    SlowNetwork,
    SlowDisk,
    SyncFailure,
    FullDisk,
    Clock,
    CrashGateway,
    CrashOperator,
    MoveReplica,
    ChangeFactor,
    BitFlip,
    Split,
    Merge,
    PassDays,
    CatalogAway,
}

impl Kind {
    /// Every kind, as often as it is wanted among the others.
    const ALL: &[Self] = &[
        Self::Crash,
        Self::Crash,
        Self::Crash,
        Self::CrashAll,
        Self::GracefulStop,
        Self::LoseDisk,
        Self::Partition,
        Self::PartitionOneWay,
        Self::Hold,
        Self::Freeze,
        Self::SlowNetwork,
        Self::SlowDisk,
        Self::SyncFailure,
        Self::FullDisk,
        Self::Clock,
        Self::CrashGateway,
        Self::CrashOperator,
        Self::MoveReplica,
        Self::Split,
        Self::Merge,
    ];
}

/// How a fault ends.
enum Undo {
    Start(String),
    Restart(usize),
    Repair(String, String),
    RepairOneWay(String, String),
    Release(String, String),
    Condition(usize),
    Clock(Arc<MachineClock>),
    Network,
    Catalog(Vec<Arc<CatalogView>>),
}

/// The faults of one simulation.
pub(crate) struct Faults {
    stage: Arc<Stage>,
    seats: Vec<Arc<Seat>>,
    gateways: Vec<GatewaySeat>,
    /// The catalog as those see it that are more than a shard's pod.
    views: Vec<Arc<CatalogView>>,
    witness: Arc<LogWitness>,
    dice: Dice,
    /// What this seed may do: few kinds at a time make for deeper trouble than all of them.
    kinds: Vec<Kind>,
    /// Between two faults.
    pace_ms_max: u64,
    latency_ms_max: u64,
    next_at: Duration,
    under_way: Vec<(Duration, Undo)>,
    disks_drawn: u32,
}

impl Faults {
    pub(crate) fn new(
        stage: Arc<Stage>,
        seats: Vec<Arc<Seat>>,
        gateways: Vec<GatewaySeat>,
        views: Vec<Arc<CatalogView>>,
        witness: Arc<LogWitness>,
        latency_ms_max: u64,
        are_all_allowed: bool,
    ) -> Self {
        let dice = Dice::of(stage.seed, "faults");
        let kinds = Kind::ALL.iter().filter(|_| dice.one_of_a_thousand(400));
        let mut kinds: Vec<_> = kinds.copied().collect();
        // Drawn apart: it came later, and what other seeds do stays as it was.
        if Dice::of(stage.seed, "factor").one_of_a_thousand(250) {
            kinds.push(Kind::ChangeFactor);
        }
        if Dice::of(stage.seed, "retention").one_of_a_thousand(250) {
            kinds.push(Kind::PassDays);
        }
        if Dice::of(stage.seed, "catalog away").one_of_a_thousand(250) {
            kinds.push(Kind::CatalogAway);
        }
        // Of three copies that become one, the one that stays may be the damaged one: nobody promises that it is looked at first.
        let may_flip = Dice::of(stage.seed, "bits").one_of_a_thousand(250);
        if are_all_allowed || (may_flip && !kinds.contains(&Kind::ChangeFactor)) {
            kinds.push(Kind::BitFlip);
        }
        trace::note(|| format!("faults: {kinds:?}"));
        Self {
            pace_ms_max: dice.within(300..=4_000),
            stage,
            seats,
            gateways,
            views,
            witness,
            dice,
            kinds,
            latency_ms_max,
            next_at: Duration::ZERO,
            under_way: Vec::new(),
            disks_drawn: 0,
        }
    }

    /// Begins and ends what is due at `now`.
    pub(crate) fn step(&mut self, sim: &mut Sim<'_>, now: Duration) {
        self.end_due(sim, now);
        if now < self.next_at || self.kinds.is_empty() {
            return;
        }
        self.next_at = now + self.dice.millis(50..=self.pace_ms_max);
        let kind = *self.dice.pick(&self.kinds);
        self.begin(sim, now, kind);
    }

    /// Ends every fault.
    pub(crate) fn heal(&mut self, sim: &mut Sim<'_>) {
        trace::note(|| "faults stop".to_owned());
        for (_, undo) in std::mem::take(&mut self.under_way) {
            self.undo(sim, undo);
        }
    }

    /// Starts every process that does not run: one that was told to stop may have ended after the faults did.
    pub(crate) fn start_all(&self, sim: &mut Sim<'_>) {
        let gateways = self.gateways.iter().map(|gateway| gateway.name.clone());
        for host in self
            .pods()
            .into_iter()
            .chain(gateways)
            .chain([OPERATOR.to_owned()])
        {
            if !sim.is_host_running(host.as_str()) {
                trace::note(|| format!("{host} is started"));
                sim.bounce(host.as_str());
            }
        }
    }

    fn end_due(&mut self, sim: &mut Sim<'_>, now: Duration) {
        let mut due = Vec::new();
        let mut at = 0;
        while at < self.under_way.len() {
            if self.under_way[at].0 <= now {
                due.push(self.under_way.swap_remove(at).1);
            } else {
                at += 1;
            }
        }
        for undo in due {
            self.undo(sim, undo);
        }
    }

    fn undo(&mut self, sim: &mut Sim<'_>, undo: Undo) {
        match undo {
            Undo::Start(host) => {
                if !sim.is_host_running(host.as_str()) {
                    trace::note(|| format!("{host} is started"));
                    sim.bounce(host.as_str());
                }
            }
            Undo::Restart(seat) => {
                let host = self.seats[seat].name.to_string();
                self.seats[seat]
                    .platter()
                    .set_condition(Condition::default());
                trace::note(|| format!("{host} is restarted"));
                sim.crash(host.as_str());
                sim.bounce(host.as_str());
            }
            Undo::Repair(one, other) => {
                trace::note(|| format!("{one} and {other} are connected again"));
                sim.repair(one.as_str(), other.as_str());
            }
            Undo::RepairOneWay(from, to) => {
                trace::note(|| format!("{from} reaches {to} again"));
                sim.repair_oneway(from.as_str(), to.as_str());
            }
            Undo::Release(one, other) => sim.release(one.as_str(), other.as_str()),
            Undo::Condition(seat) => {
                self.seats[seat]
                    .platter()
                    .set_condition(Condition::default());
            }
            Undo::Clock(clock) => clock.set_off_by_ms(0),
            Undo::Catalog(views) => {
                trace::note(|| "the catalog is back".to_owned());
                for view in views {
                    view.come_back();
                }
            }
            Undo::Network => {
                sim.set_max_message_latency(Duration::from_millis(self.latency_ms_max));
            }
        }
    }

    fn until(&mut self, now: Duration, millis: std::ops::RangeInclusive<u64>, undo: Undo) {
        self.under_way.push((now + self.dice.millis(millis), undo));
    }

    fn begin(&mut self, sim: &mut Sim<'_>, now: Duration, kind: Kind) {
        let seat = self.dice.below(self.seats.len());
        let pod = self.seats[seat].name.to_string();
        match kind {
            Kind::Crash => self.crash(sim, now, &pod),
            Kind::CrashAll => {
                for pod in self.pods() {
                    self.crash(sim, now, &pod);
                }
            }
            Kind::GracefulStop => {
                if sim.is_host_running(pod.as_str()) {
                    trace::note(|| format!("fault: {pod} is told to stop"));
                    self.seats[seat].stop();
                    self.until(now, 3_500..=6_000, Undo::Start(pod));
                }
            }
            Kind::LoseDisk => self.lose_disk(sim, now, seat),
            Kind::Partition => self.cut(sim, now, &pod),
            Kind::PartitionOneWay => {
                let other = self.another_host(&pod);
                let (from, to) = if self.dice.below(2) == 0 {
                    (pod, other)
                } else {
                    (other, pod)
                };
                trace::note(|| format!("fault: {from} does not reach {to}"));
                sim.partition_oneway(from.as_str(), to.as_str());
                self.until(now, 100..=6_000, Undo::RepairOneWay(from, to));
            }
            Kind::Hold => {
                let other = self.another_host(&pod);
                trace::note(|| format!("fault: messages between {pod} and {other} are held"));
                sim.hold(pod.as_str(), other.as_str());
                self.until(now, 50..=4_000, Undo::Release(pod, other));
            }
            Kind::Freeze => self.freeze(sim, now, seat),
            Kind::SlowNetwork => {
                let latency = self.dice.millis(20..=400);
                trace::note(|| format!("fault: messages take up to {latency:?}"));
                sim.set_max_message_latency(latency);
                self.until(now, 500..=4_000, Undo::Network);
            }
            Kind::SlowDisk => {
                let slower_by_ms = self.dice.within(10..=1_500);
                self.sicken(
                    now,
                    seat,
                    Condition {
                        slower_by_ms,
                        ..Condition::default()
                    },
                );
            }
            Kind::SyncFailure => {
                trace::note(|| format!("fault: syncs fail on {pod}"));
                let condition = Condition {
                    sync_failures: 300,
                    ..Condition::default()
                };
                self.seats[seat].platter().set_condition(condition);
                self.until(now, 100..=2_000, Undo::Restart(seat));
            }
            Kind::FullDisk => {
                self.sicken(
                    now,
                    seat,
                    Condition {
                        is_full: true,
                        ..Condition::default()
                    },
                );
            }
            Kind::Clock => self.jump(now, seat),
            Kind::CrashGateway => {
                let gateway = self.dice.pick(&self.gateways).name.clone();
                self.crash(sim, now, &gateway);
            }
            Kind::CrashOperator => self.crash(sim, now, OPERATOR),
            Kind::MoveReplica => self.move_replica(),
            Kind::ChangeFactor => self.change_factor(),
            // With one copy there is nobody to ask for the damaged entry.
            Kind::BitFlip if !self.has_three_of_all() => {}
            Kind::BitFlip => {
                let flipped = self.seats[seat].platter().flip_a_bit();
                trace::note(|| format!("fault: a bit of {flipped:?} on {pod} is turned over"));
            }
            Kind::Split => self.split(),
            Kind::Merge => self.merge(),
            Kind::PassDays => self.pass_days(),
            Kind::CatalogAway => self.lose_catalog(now),
        }
    }

    fn pods(&self) -> Vec<String> {
        self.seats
            .iter()
            .map(|seat| seat.name.to_string())
            .collect()
    }

    /// A host that `pod` speaks to.
    fn another_host(&self, pod: &str) -> String {
        let gateways = self.gateways.iter().map(|gateway| gateway.name.clone());
        let others = self.pods().into_iter().filter(|other| other != pod);
        let hosts: Vec<_> = others
            .chain(gateways)
            .chain([OPERATOR.to_owned()])
            .collect();
        self.dice.pick(&hosts).clone()
    }

    fn crash(&mut self, sim: &mut Sim<'_>, now: Duration, host: &str) {
        if sim.is_host_running(host) {
            trace::note(|| format!("fault: {host} crashes"));
            sim.crash(host);
            self.until(now, 1..=5_000, Undo::Start(host.to_owned()));
        }
    }

    /// Whether every shard has three copies, all of them whole.
    fn has_three_of_all(&self) -> bool {
        let has_three = self.stage.catalog.stream().is_some_and(|stream| {
            let mut shards = stream.shards.values();
            shards.all(|shard| shard.replicas.len() >= 3)
        });
        has_three && self.stage.are_replicas_settled()
    }

    /// Only while all others have everything: two of three disks lost lose records, and nobody promises anything else.
    fn lose_disk(&mut self, sim: &mut Sim<'_>, now: Duration, seat: usize) {
        if !self.has_three_of_all() {
            return;
        }
        self.stage.set_replicas_settled(false);
        let pod = self.seats[seat].name.to_string();
        trace::note(|| format!("fault: {pod} crashes and its disk is lost"));
        sim.crash(pod.as_str());
        self.disks_drawn += 1;
        let name = format!("disk-{seat}.{}", self.disks_drawn);
        let dice = Dice::of(self.stage.seed, &name);
        let platter = Platter::new(name, dice, Arc::clone(&self.witness) as _);
        self.seats[seat].replace_platter(platter);
        self.until(now, 1..=3_000, Undo::Start(pod));
    }

    /// Cuts a pod off from some or all of the others.
    fn cut(&mut self, sim: &mut Sim<'_>, now: Duration, pod: &str) {
        let until = self.dice.millis(100..=8_000);
        let all = self.dice.below(3) == 0;
        for other in self.pods().into_iter().filter(|other| other != pod) {
            if all || self.dice.below(2) == 0 {
                trace::note(|| format!("fault: {pod} and {other} are cut off from each other"));
                sim.partition(pod, other.as_str());
                self.under_way
                    .push((now + until, Undo::Repair(pod.to_owned(), other)));
            }
        }
    }

    /// Nothing comes from a pod and nothing reaches it, and its disk stands still: a process that is stopped, but for its
    /// timers.
    fn freeze(&mut self, sim: &mut Sim<'_>, now: Duration, seat: usize) {
        let pod = self.seats[seat].name.to_string();
        let millis = self.dice.within(300..=5_000);
        trace::note(|| format!("fault: {pod} stands still for {millis} ms"));
        let slower_by_ms = millis;
        let condition = Condition {
            slower_by_ms,
            ..Condition::default()
        };
        self.seats[seat].platter().set_condition(condition);
        let until = now + Duration::from_millis(millis);
        self.under_way.push((until, Undo::Condition(seat)));
        let gateways: Vec<_> = self
            .gateways
            .iter()
            .map(|gateway| gateway.name.clone())
            .collect();
        let others = self.pods().into_iter().filter(|other| *other != pod);
        for other in others.chain(gateways).chain([OPERATOR.to_owned()]) {
            sim.hold(pod.as_str(), other.as_str());
            self.under_way
                .push((until, Undo::Release(pod.clone(), other)));
        }
    }

    fn sicken(&mut self, now: Duration, seat: usize, condition: Condition) {
        trace::note(|| {
            format!(
                "fault: the disk of {}: {condition:?}",
                self.seats[seat].name
            )
        });
        self.seats[seat].platter().set_condition(condition);
        self.until(now, 200..=5_000, Undo::Condition(seat));
    }

    /// Sets one machine's clock hours off, less than the retention.
    fn jump(&mut self, now: Duration, seat: usize) {
        let gateway = self.dice.below(self.gateways.len() * 2);
        let (host, clock) = match self.gateways.get(gateway) {
            Some(gateway) => (gateway.name.clone(), Arc::clone(&gateway.clock)),
            None => (
                self.seats[seat].name.to_string(),
                Arc::clone(&self.seats[seat].clock),
            ),
        };
        let hours_ms = i64::try_from(self.dice.within(0..=20 * 3_600_000)).unwrap_or(0);
        let off_by_ms = hours_ms - 10 * 3_600_000;
        trace::note(|| format!("fault: the clock of {host} is {off_by_ms} ms off"));
        clock.set_off_by_ms(off_by_ms);
        self.until(now, 100..=6_000, Undo::Clock(clock));
    }

    /// One machine, or all of them, no longer reach the catalog, and go on with what they last saw.
    fn lose_catalog(&mut self, now: Duration) {
        let views = match self.views.get(self.dice.below(2 * self.views.len())) {
            Some(one) => vec![Arc::clone(one)],
            None => self.views.clone(),
        };
        trace::note(|| format!("fault: the catalog is away for {} machines", views.len()));
        for view in &views {
            view.go_away();
        }
        self.until(now, 100..=10_000, Undo::Catalog(views));
    }

    /// More time passes than records are kept and clocks are off together: whatever was put before has expired.
    fn pass_days(&self) {
        let hours = 24 + 2 * 10 + u32::try_from(self.dice.below(24)).unwrap_or(0);
        trace::note(|| format!("fault: {hours} hours pass"));
        clock::leap(hours);
        self.stage.recorder.lock().expired_before = trace::moment();
    }

    /// Wants one replica of one shard somewhere else.
    fn move_replica(&mut self) {
        let Some(stream) = self.stage.catalog.stream() else {
            return;
        };
        if !self.stage.are_replicas_settled() {
            return;
        }
        let shards: Vec<_> = stream.shards.values().cloned().collect();
        let shard = self.dice.pick(&shards);
        let count = shard.replicas.len();
        let mut kept = shard.replicas.clone();
        kept.swap_remove(self.dice.below(count));
        let pods = self.stage.catalog.some_pods(&kept, count);
        self.want(shard.id, pods);
    }

    /// Wants as many replicas of every shard as it has not now: one or three.
    fn change_factor(&mut self) {
        let Some(stream) = self.stage.catalog.stream() else {
            return;
        };
        if !self.stage.are_replicas_settled() {
            return;
        }
        let is_one = stream
            .shards
            .values()
            .any(|shard| shard.replicas.len() == 1);
        let factor = if is_one { 3 } else { 1 };
        trace::note(|| format!("fault: {factor} replicas are wanted"));
        self.stage.catalog.set_factor(factor);
        for shard in stream.shards.values() {
            let pods = self.stage.catalog.some_pods(&shard.replicas, factor);
            self.want(shard.id, pods);
        }
    }

    fn want(&self, shard: anabranch_domain::ShardId, pods: Vec<PodName>) {
        self.stage.set_replicas_settled(false);
        self.stage.catalog.place(shard, pods);
    }

    fn split(&mut self) {
        let Some(stream) = self
            .stage
            .catalog
            .stream()
            .filter(|stream| stream.open_shard_count() < 5)
        else {
            return;
        };
        let open = stream
            .shards
            .values()
            .filter(|shard| shard.status == ShardStatus::Open);
        let open: Vec<_> = open.cloned().collect();
        if open.is_empty() {
            return;
        }
        let shard = self.dice.pick(&open);
        let middle = shard.range.start().value() + shard.range.span() / 2;
        self.change(&Change::from(SplitShard {
            stream: stream.name.clone(),
            shard: shard.id,
            new_starting_hash_key: HashKey::new(middle),
            reason: "the simulation".to_owned(),
        }));
    }

    fn merge(&mut self) {
        let Some(stream) = self.stage.catalog.stream() else {
            return;
        };
        let open = stream
            .shards
            .values()
            .filter(|shard| shard.status == ShardStatus::Open);
        let mut open: Vec<_> = open.cloned().collect();
        open.sort_by_key(|shard| shard.range.start().value());
        let pairs: Vec<_> = open
            .windows(2)
            .filter(|pair| pair[0].range.is_directly_before(pair[1].range))
            .collect();
        if pairs.is_empty() {
            return;
        }
        let pair = self.dice.pick(&pairs);
        self.change(&Change::from(MergeShards {
            stream: stream.name.clone(),
            shard: pair[0].id,
            adjacent: pair[1].id,
            reason: "the simulation".to_owned(),
        }));
    }

    /// What a user asks of the catalog, which may refuse it.
    fn change(&self, change: &Change) {
        self.stage.set_replicas_settled(false);
        match self.stage.catalog.commit_now(change) {
            Ok(()) => trace::note(|| format!("fault: {change:?}")),
            Err(refused) => trace::note(|| format!("refused: {refused}")),
        }
    }
}
