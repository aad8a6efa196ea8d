//! The actor's decisions, one event at a time: no runtime, no clock, no disk.

use std::{collections::HashMap, sync::Arc};

use anabranch_domain::{ShardPhase, ShardUid, Timestamp, shard_state::Applied};
use anabranch_store::entry::{Draft, Standing};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::*;
use crate::{
    replication::Outcome,
    shard::{NewRecord, admission::Budget, reply::Reply},
};

type Answer = oneshot::Receiver<Result<Appended, AppendError>>;

/// An actor, and what it proposed.
struct Bench {
    actor: Actor,
    budget: Arc<Budget>,
    now: Timestamp,
    /// What was applied before.
    recent: HashMap<AppendToken, AppendNumbers>,
}

impl Bench {
    fn new(limits: ShardLimits) -> Self {
        Self {
            actor: Actor::new(ShardUid::from_bits(1), limits),
            budget: Arc::new(Budget::new(usize::MAX)),
            now: Timestamp::from_millis(1_000),
            recent: HashMap::new(),
        }
    }

    /// One whose group runs, at ordinal 10.
    fn leading(limits: ShardLimits) -> Self {
        let mut bench = Self::new(limits);
        let answer = bench.append(1);
        assert!(matches!(bench.next(), Some(Action::Start)));
        let standing = Standing {
            first_ordinal: 10,
            time: Timestamp::from_millis(500),
            phase: ShardPhase::Open,
            epoch: 0,
        };
        let footing = Footing {
            standing,
            children: Vec::new(),
        };
        bench.take(Event::Started(Ok(footing)));
        let (ticket, _) = bench.proposal();
        bench.applied(ticket, 10);
        drop(answer);
        bench
    }

    fn take(&mut self, event: Event) {
        self.actor.take(event, self.now);
    }

    fn next(&mut self) -> Option<Action> {
        let around = Surroundings {
            now: self.now,
            recent: &|token| self.recent.get(&token).copied(),
        };
        self.actor.next(&around)
    }

    fn append(&mut self, records: usize) -> Answer {
        self.append_with(records, None)
    }

    fn append_with(&mut self, records: usize, token: Option<AppendToken>) -> Answer {
        let record = NewRecord {
            partition_key: Some("key".to_owned().into()),
            explicit_hash_key: None,
            data: Bytes::from_static(b"data"),
        };
        let append = Append {
            records: vec![record; records],
            token,
            ..Append::default()
        };
        let bytes = append.stored_len();
        let permit = Permit::take(&self.budget, &self.budget, bytes).expect("no limit");
        let (reply, answer) = Reply::owed();
        self.take(Event::Append {
            append,
            permit,
            reply,
        });
        answer
    }

    fn proposal(&mut self) -> (u64, Draft) {
        match self.next() {
            Some(Action::Propose { ticket, draft }) => (ticket, draft),
            other => panic!("no proposal but {other:?}"),
        }
    }

    fn applied(&mut self, ticket: u64, first_ordinal: u64) {
        let outcome = Outcome {
            applied: Applied::Appended { first_ordinal },
        };
        self.take(Event::Told {
            ticket,
            outcome: Ok(outcome),
        });
    }
}

fn numbers(answer: &mut Answer) -> Option<(u64, u64)> {
    let appended = answer.try_recv().ok()?.expect("it was accepted");
    Some((appended.first_ordinal, appended.arrival.as_millis()))
}

#[test]
fn appends_that_come_while_an_entry_is_written_share_the_next_one() {
    let mut bench = Bench::leading(ShardLimits::default());
    let mut first = bench.append(1);
    let (ticket, draft) = bench.proposal();
    assert_eq!(draft.envelope().record_count, 1);
    let mut second = bench.append(2);
    let mut third = bench.append(3);
    assert!(
        bench.next().is_none(),
        "small appends wait for the entry in flight"
    );
    bench.applied(ticket, 11);
    assert_eq!(numbers(&mut first), Some((11, 1_000)));
    bench.now = Timestamp::from_millis(1_250);
    let (ticket, draft) = bench.proposal();
    assert_eq!(
        (
            draft.envelope().record_count,
            draft.envelope().first_ordinal
        ),
        (5, 12)
    );
    assert_eq!(
        numbers(&mut second),
        None,
        "answered when it is durable, not before"
    );
    bench.applied(ticket, 12);
    assert_eq!(numbers(&mut second), Some((12, 1_250)));
    assert_eq!(numbers(&mut third), Some((14, 1_250)));
}

#[test]
fn large_appends_do_not_wait_for_the_entry_in_flight() {
    let limits = ShardLimits {
        pipeline_bytes_min: 1,
        pipeline_entries_max: 2,
        ..ShardLimits::default()
    };
    let mut bench = Bench::leading(limits);
    let _answers = [bench.append(1), bench.append(1), bench.append(1)];
    // All that was there is one entry; what comes after it overlaps, up to the bound.
    let (ticket, draft) = bench.proposal();
    assert_eq!(draft.envelope().record_count, 3);
    let _fourth = bench.append(1);
    let (_, draft) = bench.proposal();
    assert_eq!(draft.envelope().first_ordinal, 14);
    let _fifth = bench.append(1);
    assert!(bench.next().is_none(), "two entries are in flight");
    bench.applied(ticket, 11);
    let (_, draft) = bench.proposal();
    assert_eq!(draft.envelope().first_ordinal, 15);
}

#[test]
fn an_entry_takes_no_more_records_than_it_may() {
    let limits = ShardLimits {
        entry_records_max: 4,
        ..ShardLimits::default()
    };
    let mut bench = Bench::leading(limits);
    let _answers = [bench.append(3), bench.append(2), bench.append(9)];
    for records in [3, 2, 9] {
        let (ticket, draft) = bench.proposal();
        assert_eq!(draft.envelope().record_count, records);
        bench.applied(ticket, draft.envelope().first_ordinal);
    }
}

#[test]
fn nothing_follows_a_seal_until_it_is_settled() {
    let mut bench = Bench::leading(ShardLimits {
        pipeline_bytes_min: 0,
        ..ShardLimits::default()
    });
    let _before = bench.append(1);
    let (before, _) = bench.proposal();
    let (reply, mut sealed) = Reply::owed();
    let command = Control::Seal {
        epoch: 1,
        children: Vec::new(),
    };
    bench.take(Event::Control { command, reply });
    let mut after = bench.append(1);
    assert!(bench.next().is_none(), "a seal waits for what is in flight");
    bench.applied(before, 11);
    let (seal, draft) = bench.proposal();
    assert_eq!(
        (draft.envelope().phase, draft.envelope().first_ordinal),
        (ShardPhase::Sealed, 12)
    );
    assert!(bench.next().is_none() && after.try_recv().is_err());
    let outcome = Outcome {
        applied: Applied::Done,
    };
    bench.take(Event::Told {
        ticket: seal,
        outcome: Ok(outcome),
    });
    assert_eq!(
        sealed
            .try_recv()
            .expect("answered")
            .expect("sealed")
            .next_ordinal,
        12
    );
    assert!(
        matches!(bench.next(), Some(Action::Stop)),
        "a sealed shard costs nothing"
    );
    assert!(matches!(
        after.try_recv(),
        Ok(Err(AppendError::Sealed { .. }))
    ));
}

#[test]
fn a_sealed_shard_answers_an_append_that_it_has_and_refuses_others() {
    let mut bench = Bench::new(ShardLimits::default());
    let known = AppendToken::from_bits(7);
    let mut has_it = bench.append_with(1, Some(known));
    let mut has_it_not = bench.append_with(1, Some(AppendToken::from_bits(8)));
    bench.recent.insert(
        known,
        AppendNumbers {
            first_ordinal: 3,
            arrival: Timestamp::from_millis(400),
        },
    );
    assert!(matches!(bench.next(), Some(Action::Start)));
    let standing = Standing {
        first_ordinal: 10,
        time: Timestamp::from_millis(500),
        phase: ShardPhase::Sealed,
        epoch: 1,
    };
    let children = Vec::new();
    bench.take(Event::Started(Ok(Footing { standing, children })));
    assert!(bench.next().is_none());
    assert_eq!(numbers(&mut has_it), Some((3, 400)));
    assert!(matches!(
        has_it_not.try_recv(),
        Ok(Err(AppendError::Sealed { .. }))
    ));
}

#[test]
fn a_failure_answers_everybody_and_the_log_is_read_again() {
    let mut bench = Bench::leading(ShardLimits::default());
    let mut in_flight = bench.append(1);
    let (ticket, _) = bench.proposal();
    let mut queued = bench.append(1);
    bench.take(Event::Told {
        ticket,
        outcome: Err(Failure::Unclear),
    });
    for answer in [&mut in_flight, &mut queued] {
        assert!(matches!(answer.try_recv(), Ok(Err(AppendError::Unclear))));
    }
    assert!(matches!(bench.next(), Some(Action::StopFailed)));
    let mut later = bench.append(1);
    assert!(bench.next().is_none(), "it is still stopping");
    bench.take(Event::Stopped);
    assert!(bench.next().is_none(), "too soon");
    assert!(matches!(later.try_recv(), Ok(Err(AppendError::Unclear))));
    bench.now = Timestamp::from_millis(9_000);
    let _again = bench.append(1);
    assert!(matches!(bench.next(), Some(Action::Start)));
}

#[test]
fn an_idle_group_stops_and_starts_again_with_the_next_append() {
    let mut bench = Bench::leading(ShardLimits::default());
    bench.take(Event::Idle);
    assert!(matches!(bench.next(), Some(Action::Stop)));
    let _answer = bench.append(1);
    assert!(bench.next().is_none(), "it is still stopping");
    bench.take(Event::Stopped);
    assert!(matches!(bench.next(), Some(Action::Start)));
}

#[test]
fn a_busy_group_is_not_idle() {
    let mut bench = Bench::leading(ShardLimits::default());
    let _answer = bench.append(1);
    let _ = bench.proposal();
    bench.take(Event::Idle);
    assert!(bench.next().is_none());
}
