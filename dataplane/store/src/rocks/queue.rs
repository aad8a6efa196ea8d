//! The queue between writers and the commit thread: bounded in bytes and write sets, in order of submission.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::{Done, StoreError, WriteSet};

/// A write set that waits, and who wants to hear of it.
pub(super) struct Pending {
    pub(super) set: WriteSet,
    pub(super) done: Done,
    pub(super) since: Instant,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Pending>,
    waiting_bytes: usize,
    closed: bool,
}

/// Bounds of the queue and of a group taken from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) queue_bytes: usize,
    pub(super) queue_sets: usize,
    pub(super) group_bytes: usize,
}

/// Writers push at one end; one thread takes at the other.
pub(super) struct CommitQueue {
    bounds: Bounds,
    state: Mutex<State>,
    filled: Condvar,
}

impl CommitQueue {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            state: Mutex::default(),
            filled: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; if something did, the queue would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a set of `bytes` that may be refused would be taken now.
    pub(super) fn admits(&self, bytes: usize) -> Result<(), StoreError> {
        self.check(&self.lock(), bytes)
    }

    fn check(&self, state: &State, bytes: usize) -> Result<(), StoreError> {
        let full_of_bytes =
            state.waiting_bytes + bytes > self.bounds.queue_bytes && state.waiting_bytes > 0;
        if full_of_bytes || state.waiting.len() >= self.bounds.queue_sets {
            return Err(StoreError::Overloaded {
                waiting_bytes: state.waiting_bytes as u64,
                limit_bytes: self.bounds.queue_bytes as u64,
            });
        }
        Ok(())
    }

    /// Queues `set`, or gives `done` back with the reason why not.
    pub(super) fn push(&self, set: WriteSet, done: Done) -> Result<(), (Done, StoreError)> {
        let mut state = self.lock();
        if state.closed {
            return Err((done, StoreError::Closed));
        }
        // What must not be refused is bounded where it is made: by trims and by entries that were admitted.
        if set.grows()
            && let Err(error) = self.check(&state, set.bytes())
        {
            return Err((done, error));
        }
        state.waiting_bytes += set.bytes();
        state.waiting.push_back(Pending {
            set,
            done,
            since: Instant::now(),
        });
        // The thread sleeps only when nothing waits.
        let was_empty = state.waiting.len() == 1;
        drop(state);
        if was_empty {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Waits until something is there and fills `group` with what makes up the next write; with nothing, if nothing came
    /// until `latest`. False once the queue is closed and empty.
    pub(super) fn take(&self, group: &mut Vec<Pending>, latest: Option<Instant>) -> bool {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.closed {
                return false;
            }
            let Some(latest) = latest else {
                state = self
                    .filled
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = latest.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let waited = self.filled.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let mut bytes = 0;
        while let Some(next) = state.waiting.front() {
            bytes += next.set.bytes();
            if bytes > self.bounds.group_bytes && !group.is_empty() {
                break;
            }
            group.extend(state.waiting.pop_front());
        }
        state.waiting_bytes -= group
            .iter()
            .map(|pending| pending.set.bytes())
            .sum::<usize>();
        true
    }

    /// Takes everything that waits, for refusing it.
    pub(super) fn drain(&self) -> VecDeque<Pending> {
        let mut state = self.lock();
        state.waiting_bytes = 0;
        std::mem::take(&mut state.waiting)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Lets nothing more in; what is in is still written.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    pub(super) fn waiting_bytes(&self) -> usize {
        self.lock().waiting_bytes
    }
}
