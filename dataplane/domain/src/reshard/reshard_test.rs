//! The protocol with everything going wrong that can: steps lost, repeated, half done, executors that die anywhere, while
//! records are put. No put may be lost or refused for good, and every key's numbers must grow.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::catalog::test_fixture::{Catalog, name};
use crate::catalog::{BeginOperations, FinishOperations, NewOperation, ShardStatus};
use crate::quota::{Limits, RESHARD_OPERATIONS_AT_ONCE_MAX};
use crate::shard_state::Applied;
use crate::{HashKey, SequenceNumber, ShardCommand, ShardPhase, ShardState, ShardUid};

/// A catalog, the shards' logs, and what was acknowledged for each key.
struct World {
    catalog: Catalog,
    logs: BTreeMap<ShardUid, ShardState>,
    acknowledged: BTreeMap<u128, Vec<SequenceNumber>>,
}

impl World {
    fn new(shard_count: u32) -> Self {
        let mut catalog = Catalog::with_limits(Limits::unlimited());
        catalog.create("s", shard_count);
        let shards = catalog.stream("s").shards.values();
        let logs = shards
            .map(|shard| (shard.uid, ShardState::new(ShardPhase::Open)))
            .collect();
        Self {
            catalog,
            logs,
            acknowledged: BTreeMap::new(),
        }
    }

    fn steps(&self) -> Vec<Step> {
        let stream = self.catalog.stream("s");
        let Some(reshard) = stream.running_reshard() else {
            return Vec::new();
        };
        next_steps(stream, reshard, |uid| {
            self.logs.get(&uid).map(|log| ShardFacts {
                phase: log.phase,
                last_arrival: log.last_arrival,
            })
        })
    }

    /// Does one step. Steps of an older plan may be refused, and must change nothing then.
    fn take(&mut self, step: &Step) {
        match step {
            Step::Begin(operations) => self.begin(operations),
            Step::Form { uid, .. } => {
                self.logs
                    .entry(*uid)
                    .or_insert_with(|| ShardState::new(ShardPhase::AwaitingActivation));
            }
            Step::Seal {
                uid,
                epoch,
                children,
                ..
            } => {
                let command = ShardCommand::Seal {
                    epoch: *epoch,
                    children: children.clone(),
                };
                let _ = self.logs.get_mut(uid).unwrap().apply(&command);
            }
            Step::Activate { uid, epoch, .. } => {
                let _ = self
                    .logs
                    .get_mut(uid)
                    .unwrap()
                    .apply(&ShardCommand::Activate { epoch: *epoch });
            }
            Step::Finish(finished) => {
                let stream = self.catalog.stream("s");
                let (uid, reshard) = (stream.uid, stream.reshards.get_max().unwrap().0);
                let finish = FinishOperations {
                    stream: name("s"),
                    uid,
                    reshard,
                    finished: finished.clone(),
                };
                let _ = self.catalog.apply(finish);
            }
        }
    }

    fn begin(&mut self, operations: &[Operation]) {
        let stream = self.catalog.stream("s");
        let (uid, reshard) = (stream.uid, stream.reshards.get_max().unwrap().0);
        let with_uids = operations.iter().map(|operation| NewOperation {
            operation: *operation,
            child_uids: self.catalog.uids(operation.child_count()),
        });
        let operations = with_uids.collect();
        let _ = self.catalog.apply(BeginOperations {
            stream: name("s"),
            uid,
            reshard,
            operations,
        });
    }

    /// Puts as a gateway does: to the shard that the catalog names; whether it was acknowledged or has to wait.
    fn put(&mut self, key: u128) -> bool {
        let stream = self.catalog.stream("s");
        let id = stream
            .open_shards
            .shard_of(HashKey::new(key))
            .expect("every key has a shard at every instant");
        let shard = stream.shards.get(&id).unwrap().clone();
        let log = self.logs.get_mut(&shard.uid).unwrap();
        let arrival = log.arrival_at(self.catalog.now);
        let first_ordinal = log.next_ordinal;
        let append = ShardCommand::Append {
            first_ordinal,
            arrival,
            record_count: 1,
            tokens: Vec::new(),
        };
        let is_appended = log.apply(&append) == Applied::Appended { first_ordinal };
        if is_appended {
            let number = SequenceNumber::record(shard.created, id, first_ordinal, arrival);
            self.acknowledged.entry(key).or_default().push(number);
        }
        is_appended
    }

    /// An executor that never dies, from whatever state another one left.
    fn heal(&mut self) {
        for _ in 0..1_000 {
            let steps = self.steps();
            if steps.is_empty() {
                return;
            }
            for step in steps {
                self.take(&step);
            }
        }
        panic!("the reshard does not end");
    }
}

/// One thing that happens while a reshard is under way.
#[derive(Clone, Debug)]
enum Event {
    /// An executor does one of the steps that it knows of; it learnt them so many events ago.
    Step {
        which: usize,
        plan_age: usize,
    },
    Put(u128),
    WaitMs(u64),
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (any::<usize>(), 0_usize..6).prop_map(|(which, plan_age)| Event::Step { which, plan_age }),
        3 => (0_u128..8).prop_map(|key| Event::Put(key * (u128::MAX / 7))),
        1 => (0_u64..1_500).prop_map(Event::WaitMs),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_reshard_ends_well_whatever_dies_on_the_way(
        shard_count in 1_u32..6, target in 1_u32..12, events in prop::collection::vec(any_event(), 0..80),
    ) {
        let mut world = World::new(shard_count);
        world.catalog.begin_scaling("s", target);
        let mut plans = vec![world.steps()];
        for event in events {
            match event {
                Event::Put(key) => { world.put(key); }
                Event::WaitMs(ms) => world.catalog.wait(Duration::from_millis(ms)),
                Event::Step { which, plan_age } => {
                    let plan = &plans[plans.len().saturating_sub(plan_age + 1)];
                    if let Some(step) = plan.get(which % plan.len().max(1)).cloned() {
                        world.take(&step);
                    }
                    plans.push(world.steps());
                }
            }
        }
        world.heal();
        let stream = world.catalog.stream("s");
        prop_assert_eq!(stream.open_shard_count(), target);
        for shard in stream.shards.values() {
            let phase = world.logs[&shard.uid].phase;
            let expected = if shard.status == ShardStatus::Open { ShardPhase::Open } else { ShardPhase::Sealed };
            prop_assert_eq!(phase, expected, "log and catalog agree in the end");
        }
        for key in 0..8 {
            prop_assert!(world.put(key * (u128::MAX / 7)), "puts are taken again");
        }
        for numbers in world.acknowledged.values() {
            prop_assert!(numbers.is_sorted_by(|earlier, later| earlier < later), "{:?}", numbers);
        }
    }
}

#[test]
fn the_steps_of_a_split_come_in_the_order_that_loses_nothing() {
    let mut world = World::new(1);
    world.catalog.begin_scaling("s", 2);
    let mut order = Vec::new();
    loop {
        let steps = world.steps();
        if steps.is_empty() {
            break;
        }
        let kind = |step: &Step| match step {
            Step::Begin(_) => "begin",
            Step::Form { .. } => "form",
            Step::Seal { .. } => "seal",
            Step::Activate { .. } => "activate",
            Step::Finish(_) => "finish",
        };
        order.push(steps.iter().map(kind).collect::<Vec<_>>());
        for step in steps {
            world.take(&step);
        }
    }
    assert_eq!(
        order,
        [
            vec!["begin"],
            vec!["form"; 2],
            vec!["seal"],
            vec!["activate"; 2],
            vec!["finish"]
        ]
    );
}

#[test]
fn asking_again_gives_the_same_steps_and_after_the_last_one_none() {
    let mut world = World::new(3);
    world.catalog.begin_scaling("s", 5);
    assert_eq!(world.steps(), world.steps());
    world.heal();
    assert_eq!(world.steps(), []);
}

#[test]
fn no_more_operations_run_at_once_than_are_allowed() {
    let mut world = World::new(40);
    world.catalog.begin_scaling("s", 80);
    let steps = world.steps();
    world.take(&steps[0]);
    let running = world
        .catalog
        .stream("s")
        .running_reshard()
        .unwrap()
        .running
        .len();
    assert_eq!(running, RESHARD_OPERATIONS_AT_ONCE_MAX);
    assert!(
        world
            .steps()
            .iter()
            .all(|step| !matches!(step, Step::Begin(_)))
    );
}
