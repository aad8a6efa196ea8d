//! The tables against AWS's published model: every operation, member, type, constraint and error.
//!
//! The model is that of the installed `botocore`, or the `service-2.json(.gz)` that `BOTOCORE_KINESIS_MODEL` names. A newer
//! model that this crate does not cover fails here, naming each difference. Where the service itself was seen to be stricter
//! than its model, the difference is listed in `STRICTER` with the reason; an entry that is not needed any more fails too.

mod model_coverage {
    pub(crate) mod compare;
    pub(crate) mod model;
}

use anabranch_wire::{Action, ErrorKind, schema};
use model_coverage::compare::Comparison;
use model_coverage::model::Model;
use std::collections::BTreeSet;

/// Differences from the model that are meant, and why.
const STRICTER: &[(&str, &str)] = &[
    (
        "CreateStreamInput.ShardCount max",
        "recorded: more than 100000 is refused before the account's limit is looked at",
    ),
    (
        "DecreaseStreamRetentionPeriodInput.RetentionPeriodHours min",
        "recorded: less than 1 is refused in these words",
    ),
    (
        "IncreaseStreamRetentionPeriodInput.RetentionPeriodHours min",
        "recorded: less than 1 is refused in these words",
    ),
    (
        "StreamDescription.RetentionPeriodHours min",
        "the same shape as the input's",
    ),
    (
        "StreamDescriptionSummary.RetentionPeriodHours min",
        "the same shape as the input's",
    ),
    (
        "UpdateMaxRecordSizeInput.StreamARN required",
        "nothing else names the stream: StreamId is reserved",
    ),
    (
        "SubscribeToShardEvent.ContinuationSequenceNumber required",
        "AWS leaves it out of the event that has ChildShards, and the KCL refuses both at once",
    ),
];

#[test]
fn every_operation_of_the_model_is_covered() {
    let model = Model::load();
    let mut comparison = Comparison::new(&model);
    for (name, operation) in model.operations() {
        let Some(action) = Action::from_name(name) else {
            comparison.differs(format!("{name} unknown operation"));
            continue;
        };
        if action.is_queue_or_channel() {
            assert!(schema::input(action).is_none(), "{name} is not offered");
            continue;
        }
        comparison.structure(operation.input, schema::input(action));
        // A subscription answers with a stream of events, of which the table holds one.
        let output = if name == "SubscribeToShard" {
            Some("SubscribeToShardEvent")
        } else {
            operation.output
        };
        comparison.structure(output, schema::output(action));
    }
    let found: BTreeSet<_> = comparison.into_differences();
    let expected: BTreeSet<_> = STRICTER
        .iter()
        .map(|(difference, _)| (*difference).to_owned())
        .collect();
    let unknown: Vec<_> = found.difference(&expected).collect();
    let stale: Vec<_> = expected.difference(&found).collect();
    assert!(
        unknown.is_empty() && stale.is_empty(),
        "not covered: {unknown:#?}\nno longer needed: {stale:#?}"
    );
}

#[test]
fn no_operation_is_made_up() {
    let model = Model::load();
    let names: BTreeSet<_> = model.operations().map(|(name, _)| name).collect();
    for action in Action::ALL {
        assert!(
            names.contains(action.name()),
            "{action} is not in the model"
        );
    }
}

#[test]
fn every_error_of_the_model_has_a_kind_and_its_status() {
    let model = Model::load();
    for (name, is_fault) in model.errors() {
        let kind = ErrorKind::from_name(name).unwrap_or_else(|| panic!("{name} has no kind"));
        assert_eq!(kind.status(), if is_fault { 500 } else { 400 }, "{name}");
    }
}
