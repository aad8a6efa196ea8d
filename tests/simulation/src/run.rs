//! One simulation from its seed to its verdict: the cluster is put together, faults come and stop, it must heal, and what is
//! there at the end is compared with what clients were told.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use anabranch::clock::Clock;
use anabranch_domain::PodName;
use turmoil::Sim;

use crate::catalog::{CatalogView, SimulatedCatalog};
use crate::clock::MachineClock;
use crate::dice::Dice;
use crate::disk::Platter;
use crate::faults::{Faults, OPERATOR};
use crate::gateway::{Gateway, GatewaySeat};
use crate::pod::Seat;
use crate::stage::{Act, Stage};
use crate::witness::LogWitness;
use crate::{clients, fan_out, invariants, operator, trace};

/// The stream is made within this time, where nothing fails.
const OPENING_MAX: Duration = Duration::from_secs(20);
/// After the faults every shard takes records again within this time.
const HEALING_MAX: Duration = Duration::from_mins(1);
/// Everything is read within this time, where nothing fails.
const AUDIT_MAX: Duration = Duration::from_mins(1);

/// So many keys are put by then, at least: half of those of both gateways' producers.
const KEYS_MIN: usize = 8;

const GATEWAYS: usize = 2;
const PRODUCERS: usize = 2;

/// A cluster and what goes wrong in it.
struct Simulation<'a> {
    sim: Sim<'a>,
    stage: Arc<Stage>,
    faults: Faults,
    /// How long things go wrong.
    trouble: Duration,
}

/// Runs the simulation of `seed`; what it violates is in the trace.
pub(crate) fn run(seed: u64, are_all_faults_allowed: bool) {
    let mut simulation = Simulation::new(seed, are_all_faults_allowed);
    if let Err(failure) = simulation.play() {
        trace::violated("it heals", &failure);
    }
    if trace::is_violated() {
        return;
    }
    let history = simulation.stage.recorder.lock();
    let audit = simulation.stage.audit();
    invariants::check(&history, &audit);
    let acked = history
        .puts
        .iter()
        .filter(|put| put.place.is_some())
        .count();
    trace::note(|| {
        format!(
            "{acked} of {} records acknowledged, {} reads, {} shards",
            history.puts.len(),
            history.reads.len(),
            audit.shards.len()
        )
    });
}

impl Simulation<'_> {
    fn new(seed: u64, are_all_faults_allowed: bool) -> Self {
        let dice = Dice::of(seed, "cluster");
        let latency_ms_max = *dice.pick(&[2, 5, 20]);
        let mut sim = turmoil::Builder::new()
            .rng_seed(seed)
            .epoch(UNIX_EPOCH)
            .enable_random_order()
            .tick_duration(Duration::from_millis(1))
            .simulation_duration(Duration::from_hours(1))
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(latency_ms_max))
            .tcp_capacity(4_096)
            .build();
        let pods: Vec<PodName> = (0..3 + dice.below(2))
            .map(|ordinal| format!("pool-{ordinal}").parse().expect("a pod's name"))
            .collect();
        let factor = if dice.below(5) == 0 { 1 } else { 3 };
        let clock: Arc<dyn Clock> = Arc::<MachineClock>::default();
        let catalog_dice = Dice::of(seed, "catalog");
        let catalog = SimulatedCatalog::new(clock, catalog_dice, pods.clone(), factor);
        let stage = Stage::new(seed, catalog, pods.clone());
        let witness = Arc::new(LogWitness::default());
        let seats: Vec<_> = pods
            .iter()
            .map(|pod| {
                let name = format!("disk-{}.0", pod.ordinal());
                let dice = Dice::of(seed, &name);
                let platter = Platter::new(name, dice, Arc::clone(&witness) as _);
                let catalog = Arc::clone(&stage.catalog);
                Seat::new(pod.clone(), catalog, platter, Dice::of(seed, pod.as_str()))
            })
            .collect();
        for seat in &seats {
            let seat = Arc::clone(seat);
            sim.host(seat.name.to_string(), move || Arc::clone(&seat).run());
        }
        let gateways = gateways(&mut sim, &stage);
        let operators_view = CatalogView::of(&stage.catalog);
        host_operator(&mut sim, &stage, &operators_view, &dice);
        let views = gateways.iter().map(|gateway| Arc::clone(&gateway.view));
        let views = views.chain([operators_view]).collect();
        let faults = Faults::new(
            Arc::clone(&stage),
            seats,
            gateways,
            views,
            witness,
            latency_ms_max,
            are_all_faults_allowed,
        );
        Self {
            sim,
            stage,
            faults,
            trouble: dice.millis(5_000..=30_000),
        }
    }

    fn step(&mut self) -> Result<Duration, String> {
        let stepped = self.sim.step();
        let now = self.sim.elapsed();
        trace::set_now(now);
        stepped.map_err(|failure| format!("a process ended: {failure}"))?;
        if trace::is_violated() {
            return Err("an invariant does not hold".to_owned());
        }
        Ok(now)
    }

    /// Goes on until `is_so`, for `patience` at most.
    fn until(
        &mut self,
        patience: Duration,
        what: &str,
        is_so: impl Fn(&Stage) -> bool,
    ) -> Result<(), String> {
        let deadline = self.sim.elapsed() + patience;
        while !is_so(&self.stage) {
            let now = self.step()?;
            self.faults.start_all(&mut self.sim);
            if now > deadline {
                return Err(format!("not within {patience:?}: {what}"));
            }
        }
        Ok(())
    }

    fn play(&mut self) -> Result<(), String> {
        self.until(OPENING_MAX, "the stream is made", |stage| {
            stage
                .catalog
                .stream()
                .is_some_and(|stream| stream.is_serving())
        })?;
        self.stage.begin(Act::Load);
        let ends = self.sim.elapsed() + self.trouble;
        while self.sim.elapsed() < ends {
            let now = self.step()?;
            self.faults.step(&mut self.sim, now);
        }
        self.faults.heal(&mut self.sim);
        let healed_from = trace::moment();
        self.until(HEALING_MAX, "a record of every key is taken", |stage| {
            takes_records(stage, healed_from)
        })?;
        self.until(
            HEALING_MAX,
            "replicas are where they are wanted",
            Stage::are_replicas_settled,
        )?;
        trace::note(|| "healed".to_owned());
        self.stage.begin(Act::Audit);
        self.until(AUDIT_MAX, "everything is read", |stage| {
            stage.act() == Act::End
        })
    }
}

/// Whether every key that is put since `healed_from` was taken once, and no reshard is under way. Not every shard: its range
/// may have none of the keys.
fn takes_records(stage: &Stage, healed_from: u64) -> bool {
    let is_resharding = stage
        .catalog
        .stream()
        .is_none_or(|stream| stream.running_reshard().is_some());
    let history = stage.recorder.lock();
    let puts = history.puts.iter().rev();
    let since: Vec<_> = puts.take_while(|put| put.invoked > healed_from).collect();
    let keys: BTreeSet<&str> = since.iter().map(|put| put.key.as_str()).collect();
    let taken = since.iter().filter(|put| put.place.is_some());
    let taken: BTreeSet<&str> = taken.map(|put| put.key.as_str()).collect();
    !is_resharding && taken.len() >= KEYS_MIN && taken == keys
}

fn gateways(sim: &mut Sim<'_>, stage: &Arc<Stage>) -> Vec<GatewaySeat> {
    (0..GATEWAYS)
        .map(|ordinal| {
            let name = format!("gateway-{ordinal}");
            let clock = Arc::<MachineClock>::default();
            let view = CatalogView::of(&stage.catalog);
            let dice = Arc::new(Dice::of(stage.seed, &name));
            let starts = Arc::new(std::sync::atomic::AtomicU32::new(0));
            let (stage, its_clock, called) = (Arc::clone(stage), Arc::clone(&clock), name.clone());
            let its_view = Arc::clone(&view);
            sim.host(name.clone(), move || {
                let start = starts.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let called = format!("{called}.{start}");
                serve(
                    Arc::clone(&stage),
                    called,
                    Arc::clone(&its_view),
                    Arc::clone(&its_clock),
                    Arc::clone(&dice),
                )
            });
            GatewaySeat { name, clock, view }
        })
        .collect()
}

/// A gateway's process, with its clients in it: they go down together.
async fn serve(
    stage: Arc<Stage>,
    name: String,
    catalog: Arc<CatalogView>,
    clock: Arc<MachineClock>,
    dice: Arc<Dice>,
) -> turmoil::Result {
    let gateway = Arc::new(Gateway::new(
        catalog,
        &stage.pods,
        clock,
        Arc::clone(&dice),
    )?);
    for producer in 0..PRODUCERS {
        let name = format!("{name}.p{producer}");
        let (stage, gateway, dice) = (Arc::clone(&stage), Arc::clone(&gateway), Arc::clone(&dice));
        tokio::spawn(clients::produce(stage, gateway, name, dice));
    }
    let consumer = format!("{name}.c");
    let (of, through) = (Arc::clone(&stage), Arc::clone(&gateway));
    tokio::spawn(clients::consume(of, through, consumer, Arc::clone(&dice)));
    let (of, through) = (Arc::clone(&stage), Arc::clone(&gateway));
    tokio::spawn(fan_out::follow(of, through, format!("{name}.f"), dice));
    if name.starts_with("gateway-0") {
        tokio::spawn(clients::audit(stage, gateway));
    }
    std::future::pending().await
}

fn host_operator(sim: &mut Sim<'_>, stage: &Arc<Stage>, view: &Arc<CatalogView>, dice: &Dice) {
    let shards = u32::try_from(1 + dice.below(3)).expect("a small number");
    let shards = NonZeroU32::new(shards).expect("one at least");
    let clock = Arc::<MachineClock>::default();
    let dice = Arc::new(Dice::of(stage.seed, OPERATOR));
    let (stage, view) = (Arc::clone(stage), Arc::clone(view));
    sim.host(OPERATOR, move || {
        let (stage, clock, dice) = (Arc::clone(&stage), Arc::clone(&clock), Arc::clone(&dice));
        let view = Arc::clone(&view);
        async move {
            if stage.catalog.stream().is_none() {
                operator::create_stream(&stage, shards, &dice).await?;
            }
            operator::run(stage, view, clock, dice).await
        }
    });
}
