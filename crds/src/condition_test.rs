//! Conditions change when something changed, and only then.

use super::*;

fn at(seconds: u64) -> Time {
    Time::from_millis(seconds * 1000).expect("in range")
}

fn ready(message: &str) -> Finding {
    Finding::holds(ConditionType::Ready, Reason::AsWished, message)
}

#[test]
fn a_transition_is_a_change_of_status_and_of_nothing_else() {
    let mut conditions = Vec::new();
    record(&mut conditions, ready("4 shards"), Some(1), at(1));
    record(&mut conditions, ready("5 shards"), Some(2), at(2));
    let ready_now = find(&conditions, ConditionType::Ready).expect("recorded");
    assert_eq!(ready_now.last_transition_time, at(1));
    assert_eq!(
        (ready_now.message.as_str(), ready_now.observed_generation),
        ("5 shards", Some(2))
    );

    let no_leader = Finding::holds_not(ConditionType::Ready, Reason::NoLeader, "shard 3");
    record(&mut conditions, no_leader, Some(2), at(3));
    assert_eq!(conditions[0].last_transition_time, at(3));
    assert!(!holds(&conditions, ConditionType::Ready));
}

#[test]
fn recording_the_same_again_changes_nothing() {
    let mut conditions = Vec::new();
    record(&mut conditions, ready("fine"), Some(1), at(1));
    let before = conditions.clone();
    record(&mut conditions, ready("fine"), Some(1), at(9));
    assert_eq!(conditions, before);
}

#[test]
fn conditions_lie_in_one_order_whatever_was_found_first() {
    let findings = [
        Finding::holds_not(ConditionType::StorageLow, Reason::NothingFound, ""),
        Finding::unknown(ConditionType::Degraded, Reason::MetricsUnavailable, ""),
        ready(""),
    ];
    let (mut forwards, mut backwards) = (Vec::new(), Vec::new());
    for finding in findings.iter().cloned() {
        record(&mut forwards, finding, None, at(1));
    }
    for finding in findings.into_iter().rev() {
        record(&mut backwards, finding, None, at(1));
    }
    assert_eq!(forwards, backwards);
    let kinds: Vec<ConditionType> = forwards.iter().map(|condition| condition.kind).collect();
    assert_eq!(
        kinds,
        [
            ConditionType::Ready,
            ConditionType::Degraded,
            ConditionType::StorageLow
        ]
    );
}

#[test]
fn words_of_a_later_release_are_read_and_never_written() {
    let text = r#"{"type":"Warmed","status":"True","reason":"PreHeated","message":"",
        "lastTransitionTime":"2026-01-31T12:00:00Z"}"#;
    let condition: Condition = serde_json::from_str(text).expect("readable");
    assert_eq!(condition.kind, ConditionType::Unrecognised);
    assert_eq!(condition.reason, Reason::Unrecognised);
    let mut conditions = vec![condition];
    record(&mut conditions, ready(""), None, at(1));
    assert_eq!(conditions.len(), 1);
    assert!(serde_json::to_string(&conditions).is_ok());
}
