//! Sees every byte that comes to a disk, and asks the invariants of logs about it as it comes.

use std::sync::{Mutex, PoisonError};

use anabranch_store::entry::Envelope;
use anabranch_store::keys::LogKey;
use anabranch_store::{Family, Operation};

use crate::invariants::{LeadershipsGrow, LogsAgree};
use crate::trace;

/// Whoever sees what is written.
pub(crate) trait DiskWitness: Send + Sync {
    /// `operation` became durable on `disk`.
    fn written(&self, disk: &str, operation: &Operation);
}

/// What all disks of a simulation have in common.
#[derive(Default)]
pub(crate) struct LogWitness(Mutex<(LeadershipsGrow, LogsAgree)>);

impl DiskWitness for LogWitness {
    fn written(&self, disk: &str, operation: &Operation) {
        trace::digest(disk.as_bytes());
        let Operation::Put { family, key, value } = operation else {
            return;
        };
        trace::digest(key);
        trace::digest(value);
        if *family != Family::Log {
            return;
        }
        let Ok(key) = LogKey::decode(key) else {
            return trace::violated("logs agree", "a log entry under a key that is none");
        };
        let Ok(envelope) = Envelope::decode(key, value) else {
            let what = format!("{disk} wrote an entry at {key:?} that cannot be read");
            return trace::violated("logs agree", &what);
        };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.entry(disk, key, &envelope.position);
        state.1.entry(disk, key, &envelope.position, value);
    }
}
