//! Admission by bytes: how much of all requests' bodies may be in memory at one time.
//!
//! Owns one budget for the whole gateway. A body is admitted *before* it is read, by its `Content-Length` where there
//! is one and piece by piece where there is none; the permit gives its bytes back when it is dropped.
//! Invariant: bytes held by admitted bodies never exceed the budget.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit in which the budget is counted, in bytes: a semaphore counts in 32 bits.
const UNIT_BYTES: usize = 1024;

/// How long a request waits for its turn before it is told to come back, well inside an SDK's own time-out.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The gateway's budget for request bodies.
#[derive(Debug, Clone)]
pub struct BodyBudget {
    units: Arc<Semaphore>,
}

/// Bytes that a request may hold; gives them back on drop.
#[derive(Debug)]
#[must_use = "dropping the permit gives the bytes back"]
pub struct BodyPermit {
    permit: OwnedSemaphorePermit,
}

/// The gateway is full: the caller should retry later.
#[derive(Debug, thiserror::Error)]
#[error("no room for another request body within {WAIT_MAX:?}")]
pub struct BudgetExhausted;

impl BodyBudget {
    /// A budget of `bytes` for all bodies together.
    pub fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
        }
    }

    /// Waits (a few seconds at most) until `bytes` more may be held.
    pub async fn admit(&self, bytes: usize) -> Result<BodyPermit, BudgetExhausted> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).map_err(|_| BudgetExhausted)?;
        let acquired = Arc::clone(&self.units).acquire_many_owned(units);
        match tokio::time::timeout(WAIT_MAX, acquired).await {
            Ok(Ok(permit)) => Ok(BodyPermit { permit }),
            Ok(Err(_)) | Err(_) => Err(BudgetExhausted),
        }
    }
}

impl BodyPermit {
    /// Joins `more` to this permit, so that one value stands for the whole body.
    pub fn merge(&mut self, more: Self) {
        self.permit.merge(more.permit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_full_budget_refuses_and_a_dropped_permit_gives_its_bytes_back() {
        let budget = BodyBudget::new(4096);
        let held = budget.admit(4000).await.expect("fits");
        assert!(budget.admit(1).await.is_err());
        drop(held);
        let _all = budget.admit(4096).await.expect("fits again");
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_body_costs_nothing() {
        let budget = BodyBudget::new(1024);
        let _all = budget.admit(1024).await.expect("fits");
        assert!(budget.admit(0).await.is_ok());
    }
}
