//! What a shard accepts, in which phase, and that replicas agree.

use super::*;
use proptest::prelude::*;

fn append(first_ordinal: u64, record_count: u32, token: u128) -> ShardCommand {
    ShardCommand::Append {
        first_ordinal,
        arrival: Timestamp::from_millis(1_000),
        record_count,
        tokens: vec![TokenOfAppend {
            token: AppendToken::from_bits(token),
            first_record: 0,
        }],
    }
}

fn seal(epoch: u64, children: &[u32]) -> ShardCommand {
    ShardCommand::Seal {
        epoch,
        children: children
            .iter()
            .map(|index| ShardId::new(*index).unwrap())
            .collect(),
    }
}

#[test]
fn ordinals_follow_each_other_without_gaps() {
    let mut state = ShardState::new(ShardPhase::Open);
    assert_eq!(
        state.apply(&append(0, 3, 1)),
        Applied::Appended { first_ordinal: 0 }
    );
    assert_eq!(
        state.apply(&append(3, 2, 2)),
        Applied::Appended { first_ordinal: 3 }
    );
    assert_eq!(
        state.apply(&append(4, 1, 3)),
        Applied::Refused(Refusal::StaleOrdinal { expected: 5 })
    );
    assert_eq!(state.next_ordinal, 5);
}

#[test]
fn a_retry_gets_the_numbers_of_the_first_attempt() {
    let mut state = ShardState::new(ShardPhase::Open);
    let _ = state.apply(&append(0, 3, 1));
    let _ = state.apply(&append(3, 2, 2));
    assert_eq!(
        state.apply(&append(5, 3, 1)),
        Applied::Duplicate { first_ordinal: 0 }
    );
    assert_eq!(state.next_ordinal, 5);
}

#[test]
fn each_append_of_one_entry_is_remembered_by_its_own_first_record() {
    let mut state = ShardState::new(ShardPhase::Open);
    let token = |bits, first_record| TokenOfAppend {
        token: AppendToken::from_bits(bits),
        first_record,
    };
    let _ = state.apply(&ShardCommand::Append {
        first_ordinal: 0,
        arrival: Timestamp::EPOCH,
        record_count: 7,
        tokens: vec![token(1, 0), token(2, 4)],
    });
    let second = AppendNumbers {
        first_ordinal: 4,
        arrival: Timestamp::EPOCH,
    };
    assert_eq!(state.recent.find(AppendToken::from_bits(2)), Some(second));
}

#[test]
fn a_sealed_shard_takes_nothing_and_may_be_sealed_again() {
    let mut state = ShardState::new(ShardPhase::Open);
    assert_eq!(state.apply(&seal(1, &[1, 2])), Applied::Done);
    assert_eq!(state.apply(&seal(1, &[1, 2])), Applied::Done);
    assert_eq!(
        state.apply(&seal(2, &[3])),
        Applied::Refused(Refusal::Sealed)
    );
    assert_eq!(
        state.apply(&append(0, 1, 1)),
        Applied::Refused(Refusal::Sealed)
    );
    assert_eq!(
        state.apply(&ShardCommand::Activate { epoch: 2 }),
        Applied::Refused(Refusal::Sealed)
    );
}

#[test]
fn a_child_takes_records_only_when_activated() {
    let mut state = ShardState::new(ShardPhase::AwaitingActivation);
    assert_eq!(
        state.apply(&append(0, 1, 1)),
        Applied::Refused(Refusal::NotActive)
    );
    assert_eq!(
        state.apply(&seal(1, &[])),
        Applied::Refused(Refusal::NotActive)
    );
    assert_eq!(
        state.apply(&ShardCommand::Activate { epoch: 1 }),
        Applied::Done
    );
    assert_eq!(
        state.apply(&ShardCommand::Activate { epoch: 1 }),
        Applied::Done
    );
    assert_eq!(
        state.apply(&append(0, 1, 1)),
        Applied::Appended { first_ordinal: 0 }
    );
}

#[test]
fn an_older_reshard_cannot_seal() {
    let mut state = ShardState::new(ShardPhase::AwaitingActivation);
    let _ = state.apply(&ShardCommand::Activate { epoch: 5 });
    assert_eq!(
        state.apply(&seal(4, &[9])),
        Applied::Refused(Refusal::StaleEpoch { current: 5 })
    );
    assert_eq!(state.phase, ShardPhase::Open);
}

#[test]
fn arrival_never_goes_back() {
    let mut state = ShardState::new(ShardPhase::Open);
    let _ = state.apply(&append(0, 1, 1));
    assert_eq!(
        state.arrival_at(Timestamp::from_millis(10)),
        Timestamp::from_millis(1_000)
    );
    assert_eq!(
        state.arrival_at(Timestamp::from_millis(2_000)),
        Timestamp::from_millis(2_000)
    );
}

#[test]
fn tokens_are_forgotten_by_count_and_by_age() {
    let mut recent = RecentAppends::default();
    let count = u64::try_from(RecentAppends::COUNT_MAX).unwrap() + 10;
    for number in 0..count {
        recent.remember(
            Timestamp::EPOCH,
            AppendToken::from_bits(u128::from(number) << 7),
            number,
        );
    }
    assert_eq!(recent.len(), RecentAppends::COUNT_MAX);
    assert_eq!(recent.find(AppendToken::from_bits(9 << 7)), None);
    let numbers = recent.find(AppendToken::from_bits(10 << 7));
    assert_eq!(numbers.map(|numbers| numbers.first_ordinal), Some(10));
    let mut later = Timestamp::EPOCH;
    for number in 0..=RecentAppends::AGE_MAX.as_secs() {
        later = later.plus(RecentAppends::STEP_MAX);
        let token = AppendToken::from_bits(u128::MAX - u128::from(number));
        recent.remember(later, token, 7);
    }
    assert_eq!(recent.find(AppendToken::from_bits(12 << 7)), None);
    assert_eq!(recent.len() as u64, RecentAppends::AGE_MAX.as_secs() + 1);
}

#[test]
fn a_clock_that_jumps_takes_no_token_with_it() {
    let mut recent = RecentAppends::default();
    let mut time = Timestamp::EPOCH;
    for token in 0..20 {
        recent.remember(time, AppendToken::from_bits(token), 7);
        time = time.plus(std::time::Duration::from_hours(7));
    }
    assert_eq!(recent.len(), 20);
}

#[test]
fn phase_codes_are_what_the_disk_holds() {
    for (code, phase) in [
        (0, ShardPhase::AwaitingActivation),
        (1, ShardPhase::Open),
        (2, ShardPhase::Sealed),
    ] {
        assert_eq!(
            (phase.code(), ShardPhase::from_code(code)),
            (code, Some(phase))
        );
    }
    assert_eq!(ShardPhase::from_code(3), None);
}

fn any_command() -> impl Strategy<Value = ShardCommand> {
    prop_oneof![
        8 => (0_u64..20, 0_u32..4, 0_u128..8).prop_map(|(first, count, token)| append(first, count, token)),
        1 => (0_u64..3).prop_map(|epoch| seal(epoch, &[1, 2])),
        1 => (0_u64..3).prop_map(|epoch| ShardCommand::Activate { epoch }),
        1 => Just(ShardCommand::Blank),
    ]
}

proptest! {
    #[test]
    fn replicas_that_apply_the_same_log_agree(log in prop::collection::vec(any_command(), 0..60)) {
        let mut one = ShardState::new(ShardPhase::Open);
        let mut other = one.clone();
        for command in &log {
            prop_assert_eq!(one.apply(command), other.apply(command));
        }
        prop_assert_eq!(one, other);
    }

    #[test]
    fn the_next_ordinal_is_the_number_of_records_that_were_accepted(log in prop::collection::vec(any_command(), 0..60)) {
        let mut state = ShardState::new(ShardPhase::Open);
        let mut accepted = 0;
        for command in &log {
            let is_appended = matches!(state.apply(command), Applied::Appended { .. });
            if let (true, ShardCommand::Append { record_count, .. }) = (is_appended, command) {
                accepted += u64::from(*record_count);
            }
        }
        prop_assert_eq!(state.next_ordinal, accepted);
    }
}
