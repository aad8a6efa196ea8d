//! Does what was decided: the `Reshard`, and what is told of it.

use anabranch::catalog::{Catalog as _, CatalogError};
use anabranch_domain::catalog::{RecutStream, Stream};

use super::plan::Decision;
use crate::events::{Announcement, Severity};

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

/// What is told of a decision; of conditions tells who writes them.
pub(super) fn announcement(reason: &str) -> Announcement {
    Announcement {
        severity: Severity::Normal,
        reason: "Autoscaling".to_owned(),
        action: "Autoscale".to_owned(),
        text: reason.to_owned(),
    }
}
