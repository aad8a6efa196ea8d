//! Does what was decided: the `Reshard`, and `Event`s for who watches.

use anabranch::catalog::{Catalog as _, CatalogError};
use anabranch_crds::DataStream;
use anabranch_crds::condition::{ConditionStatus, ConditionType, Finding};
use anabranch_domain::catalog::{RecutStream, Stream};
use kube::Resource as _;
use kube::runtime::events::{Event, EventType, Recorder};
use tracing::warn;

use super::plan::Decision;

/// Asks for the reshard. One that was decided on older shards than there are now is refused there, and decided anew.
pub(super) async fn reshard(
    catalog: &anabranch::catalog::kubernetes::KubernetesCatalog,
    stream: &Stream,
    decision: &Decision,
    reason: String,
) -> Result<(), CatalogError> {
    let change = RecutStream {
        stream: stream.name.clone(),
        added: decision.plan.added_boundaries(),
        removed: decision.plan.removed_boundaries(),
        decided_on: Some(stream.epoch),
        reason,
    };
    catalog.commit(change.into()).await.map(|_| ())
}

/// Tells of a decision.
pub(super) async fn tell_decision(recorder: &Recorder, object: &DataStream, reason: &str) {
    publish(recorder, object, EventType::Normal, "Autoscaling", reason).await;
}

/// Tells of trouble that is new: conditions that hold now and did not before.
pub(super) async fn tell_trouble(
    recorder: &Recorder,
    object: &DataStream,
    findings: &[Finding],
    before: &[Finding],
) {
    for finding in findings.iter().filter(|it| is_trouble(it)) {
        let was_told = before
            .iter()
            .any(|it| it.kind == finding.kind && is_trouble(it));
        if !was_told {
            let what = match finding.kind {
                ConditionType::HotKey => "HotKey",
                ConditionType::ScalingLimited => "ScalingLimited",
                _ => "MetricsUnavailable",
            };
            publish(recorder, object, EventType::Warning, what, &finding.message).await;
        }
    }
}

fn is_trouble(finding: &Finding) -> bool {
    let is_good = finding.kind == ConditionType::MetricsAvailable;
    (finding.status == ConditionStatus::True) != is_good
}

async fn publish(
    recorder: &Recorder,
    object: &DataStream,
    kind: EventType,
    reason: &str,
    note: &str,
) {
    let event = Event {
        type_: kind,
        reason: reason.to_owned(),
        // The API server's limit of a note.
        note: Some(note.chars().take(1_000).collect()),
        action: "Autoscale".to_owned(),
        secondary: None,
    };
    if let Err(failure) = recorder.publish(&event, &object.object_ref(&())).await {
        warn!(%failure, reason, "event not written");
    }
}
