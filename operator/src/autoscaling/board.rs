//! What the autoscaler has to say of each stream, for who writes statuses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use anabranch_crds::condition::Finding;
use anabranch_crds::data_stream::AutoscalingStatus;

/// One stream's entry.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Notice {
    /// Conditions.
    pub findings: Vec<Finding>,
    /// `status.autoscaling`; none where it is off.
    pub status: Option<AutoscalingStatus>,
}

/// Entries by the name of the `DataStream` object.
#[derive(Debug, Default)]
pub struct Board(Mutex<BTreeMap<String, Notice>>);

impl Board {
    /// What is said of a stream; nothing while it was not looked at.
    pub fn read(&self, object: &str) -> Option<Notice> {
        let notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notices.get(object).cloned()
    }

    /// Says something of a stream.
    pub fn write(&self, object: &str, notice: Notice) {
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notices.insert(object.to_owned(), notice);
    }

    /// Takes what was said of other objects than these away.
    pub fn keep(&self, objects: &BTreeSet<String>) {
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notices.retain(|object, _| objects.contains(object));
    }
}
