//! An answer that is owed: to be given once, by whoever holds it.

use tokio::sync::oneshot;

use super::error::{AppendError, ControlError, Failure};

/// Where an append's caller waits for its numbers.
pub(super) type AppendReply = Reply<super::Appended, AppendError>;
/// Where a control command's caller waits.
pub(super) type ControlReply = Reply<super::Settled, ControlError>;

/// An answer that is owed. It is given by consuming it; one that is lost on the way tells its caller so.
#[must_use = "its caller waits for it"]
#[derive(Debug)]
pub(super) struct Reply<T, E: From<Failure>> {
    caller: Option<oneshot::Sender<Result<T, E>>>,
}

impl<T, E: From<Failure>> Reply<T, E> {
    /// An answer, and where it will be.
    pub(super) fn owed() -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (sender, receiver) = oneshot::channel();
        (
            Self {
                caller: Some(sender),
            },
            receiver,
        )
    }

    /// Gives the answer.
    pub(super) fn give(mut self, answer: Result<T, E>) {
        self.answer(answer);
    }

    /// Gives the answer that it was done.
    pub(super) fn accept(self, done: T) {
        self.give(Ok(done));
    }

    /// Gives the answer that it was not done.
    pub(super) fn refuse(self, reason: impl Into<E>) {
        self.give(Err(reason.into()));
    }

    fn answer(&mut self, answer: Result<T, E>) {
        if let Some(caller) = self.caller.take() {
            // A caller that went away wants no answer.
            drop(caller.send(answer));
        }
    }
}

impl<T, E: From<Failure>> Drop for Reply<T, E> {
    fn drop(&mut self) {
        self.answer(Err(Failure::Unclear.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_reply_tells_its_caller() {
        let (reply, mut answer) = AppendReply::owed();
        drop(reply);
        assert!(matches!(answer.try_recv(), Ok(Err(AppendError::Unclear))));
    }
}
