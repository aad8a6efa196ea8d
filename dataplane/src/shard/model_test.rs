//! Any history of appends, faults, restarts and seals against a plain list: what was acknowledged is there once, in
//! order, under its ordinal, and ordinals have no gaps.

use std::{collections::BTreeMap, sync::Arc};

use anabranch_domain::shard_state::AppendToken;
use proptest::prelude::*;

use super::{
    failure_test::{FaultyStore, Mode, world},
    handle_test::{World, everything, open, records, texts},
    *,
};

#[derive(Clone, Debug)]
enum Step {
    /// So many appends at the same time, of so many records each.
    Append {
        appends: usize,
        records: usize,
    },
    /// An append on a disk that fails, and a second attempt when it works again.
    Fault {
        mode: Mode,
    },
    Restart,
    Seal,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_usize..5, 1_usize..4).prop_map(|(appends, records)| Step::Append { appends, records }),
        2 => prop_oneof![Just(Mode::Loses), Just(Mode::Lies)].prop_map(|mode| Step::Fault { mode }),
        2 => Just(Step::Restart),
        1 => Just(Step::Seal),
    ]
}

/// The history so far.
struct Run {
    world: World,
    disk: Arc<FaultyStore>,
    shard: Arc<ShardHandle>,
    /// What was acknowledged, by ordinal.
    acknowledged: BTreeMap<u64, String>,
    is_sealed: bool,
    count: u64,
}

impl Run {
    fn new(pipeline_bytes_min: usize) -> Self {
        let disk = FaultyStore::new();
        let mut world = world(&disk);
        world.limits.pipeline_bytes_min = pipeline_bytes_min;
        world.limits.tail_cache_bytes_max = 2_000;
        let shard = open(&world.registry());
        Self {
            world,
            disk,
            shard,
            acknowledged: BTreeMap::new(),
            is_sealed: false,
            count: 0,
        }
    }

    /// An append that never was before, and its texts.
    fn new_append(&mut self, record_count: usize) -> (Append, Vec<String>) {
        self.count += 1;
        let texts: Vec<String> = (0..record_count)
            .map(|number| format!("{}/{number}", self.count))
            .collect();
        let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
        let token = Some(AppendToken::from_bits(self.count.into()));
        let append = Append {
            token,
            ..records(&borrowed)
        };
        (append, texts)
    }

    fn acknowledge(&mut self, answer: Result<Appended, AppendError>, texts: Vec<String>) {
        match answer {
            Ok(appended) => {
                assert!(!self.is_sealed);
                for (ordinal, text) in (appended.first_ordinal..).zip(texts) {
                    assert_eq!(
                        self.acknowledged.insert(ordinal, text),
                        None,
                        "one ordinal twice"
                    );
                }
            }
            Err(AppendError::Sealed { .. }) => assert!(self.is_sealed),
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Append { appends, records } => {
                let appends: Vec<_> = (0..appends).map(|_| self.new_append(records)).collect();
                let answers = appends
                    .iter()
                    .map(|(append, _)| self.shard.append(append.clone()));
                let answers = futures_util::future::join_all(answers).await;
                for (answer, (_, texts)) in answers.into_iter().zip(appends) {
                    self.acknowledge(answer, texts);
                }
            }
            Step::Fault { mode } => {
                let (append, texts) = self.new_append(2);
                self.disk.set(mode);
                assert!(self.shard.append(append.clone()).await.is_err());
                self.disk.set(Mode::Works);
                self.world.pass_ms(5_000);
                let answer = self.shard.append(append).await;
                self.acknowledge(answer, texts);
            }
            Step::Restart => self.shard = open(&self.world.registry()),
            Step::Seal => {
                let sealed = self.shard.seal(1, Vec::new()).await.expect("it seals");
                assert_eq!(sealed.next_ordinal, self.acknowledged.len() as u64);
                self.is_sealed = true;
            }
        }
    }

    async fn check(&self) {
        let batch = self
            .shard
            .read(ReadFrom::TrimHorizon, everything())
            .await
            .expect("it reads");
        let acknowledged: Vec<_> = self.acknowledged.clone().into_iter().collect();
        assert_eq!(texts(&batch), acknowledged);
        assert!(
            acknowledged
                .iter()
                .map(|(ordinal, _)| *ordinal)
                .eq(0..acknowledged.len() as u64)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_was_acknowledged_is_there_once_and_in_order(
        steps in prop::collection::vec(any_step(), 1..25),
        pipeline_bytes_min in prop_oneof![Just(0_usize), Just(65_536)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(async move {
            let mut run = Run::new(pipeline_bytes_min);
            for step in steps {
                run.step(step).await;
                run.check().await;
            }
        });
    }
}
