//! What the proposer of an entry is owed: exactly one word about how it ended.

use openraft::{OptionalSend, raft::responder::Responder};

use super::Types;

type Told<T> = Box<dyn FnOnce(Option<T>) + Send>;

/// Tells the proposer once: with the outcome, or with nothing when the group stopped before there was one.
///
/// The library drops its responders when it stops on a disk error. Dropping this one still tells the proposer, so no
/// caller of the shard ever waits for an answer that cannot come.
#[must_use = "the proposer waits for it"]
pub(crate) struct Commitment<T> {
    told: Option<Told<T>>,
}

impl<T> Commitment<T> {
    /// A commitment kept by calling `told`.
    pub(super) fn new(told: impl FnOnce(Option<T>) + Send + 'static) -> Self {
        Self {
            told: Some(Box::new(told)),
        }
    }

    fn tell(&mut self, outcome: Option<T>) {
        if let Some(told) = self.told.take() {
            told(outcome);
        }
    }
}

impl<T> Drop for Commitment<T> {
    fn drop(&mut self) {
        self.tell(None);
    }
}

impl<T: OptionalSend + 'static> Responder<Types, T> for Commitment<T> {
    fn on_complete(mut self, result: T) {
        self.tell(Some(result));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_dropped_commitment_still_tells_once() {
        let (sender, receiver) = mpsc::channel();
        drop(Commitment::<u8>::new(move |outcome| {
            sender.send(outcome).expect("the receiver lives");
        }));
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [None]);
    }

    #[test]
    fn a_kept_commitment_tells_the_outcome_and_nothing_after_it() {
        let (sender, receiver) = mpsc::channel();
        Commitment::new(move |outcome| sender.send(outcome).expect("the receiver lives"))
            .on_complete(7_u8);
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [Some(7)]);
    }
}
