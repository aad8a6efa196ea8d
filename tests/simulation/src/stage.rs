//! What everybody in a simulation shares: what clients recorded, the catalog, and which act it is.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anabranch_domain::PodName;

use crate::catalog::SimulatedCatalog;
use crate::history::{Audit, Recorder};

/// The acts of a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Act {
    /// The stream is being made.
    Opening,
    /// Clients put and read.
    Load,
    /// Nobody puts any more; everything is read once.
    Audit,
    /// Everything was read.
    End,
}

/// The shared things.
pub(crate) struct Stage {
    pub(crate) seed: u64,
    pub(crate) catalog: Arc<SimulatedCatalog>,
    pub(crate) recorder: Recorder,
    pub(crate) pods: Vec<PodName>,
    act: AtomicU8,
    /// Whether every shard's voters were the wanted disks when they were last looked at.
    are_replicas_settled: AtomicBool,
    audit: Mutex<Audit>,
}

impl Stage {
    pub(crate) fn new(seed: u64, catalog: Arc<SimulatedCatalog>, pods: Vec<PodName>) -> Arc<Self> {
        Arc::new(Self {
            seed,
            catalog,
            recorder: Recorder::default(),
            pods,
            act: AtomicU8::new(Act::Opening as u8),
            are_replicas_settled: AtomicBool::new(false),
            audit: Mutex::default(),
        })
    }

    pub(crate) fn act(&self) -> Act {
        match self.act.load(Ordering::Relaxed) {
            0 => Act::Opening,
            1 => Act::Load,
            2 => Act::Audit,
            _ => Act::End,
        }
    }

    pub(crate) fn begin(&self, act: Act) {
        crate::trace::note(|| format!("act: {act:?}"));
        self.act.store(act as u8, Ordering::Relaxed);
    }

    pub(crate) fn are_replicas_settled(&self) -> bool {
        self.are_replicas_settled.load(Ordering::Relaxed)
    }

    pub(crate) fn set_replicas_settled(&self, are_settled: bool) {
        let before = self
            .are_replicas_settled
            .swap(are_settled, Ordering::Relaxed);
        if before != are_settled {
            crate::trace::note(|| format!("replicas are as wanted: {are_settled}"));
        }
    }

    pub(crate) fn audit(&self) -> MutexGuard<'_, Audit> {
        self.audit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
