//! Why a shard did not do what it was asked, wherever it is: by what the caller does about it.

use anabranch_domain::PodName;

use crate::shard::{AppendError, ReadError};

/// Why an append was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum NotAppended {
    /// Nothing was written by this attempt, and the reason passes by itself: a full queue, a shard that is no more. Look at the catalog, try again.
    #[error("not now: {0}")]
    Later(String),
    /// The shard is sealed, and the records are not in it, also not by an earlier attempt with the same token: they belong to
    /// its children.
    #[error("the shard is sealed")]
    Sealed,
    /// Nothing was written by this attempt: another replica leads the shard, or none does yet.
    #[error("another replica leads the shard{}", leader.as_ref().map(|pod| format!(": {pod}")).unwrap_or_default())]
    Elsewhere {
        /// Who does, if it is known.
        leader: Option<PodName>,
    },
    /// Whether it was written is not known: repeat it with the same token.
    #[error("the outcome is not known: {0}")]
    Unclear(String),
    /// The log failed under it, and whether it was written is not known. Another process hears [`Self::Unclear`] instead: by
    /// the next attempt another replica may lead, or the pod may have been started again. In one process it stays broken.
    #[error("{0}")]
    Broken(String),
    /// Nothing was written, and trying again at once does not help: a full disk.
    #[error("{0}")]
    Failed(String),
}

impl From<AppendError> for NotAppended {
    fn from(error: AppendError) -> Self {
        let text = error.to_string();
        match error {
            AppendError::Sealed { .. } => Self::Sealed,
            // The catalog says by now, or will, whether the stream was deleted.
            AppendError::NotActive | AppendError::Overloaded { .. } | AppendError::Gone => {
                Self::Later(text)
            }
            AppendError::NotLeader { leader } => Self::Elsewhere { leader },
            AppendError::Unclear => Self::Unclear(text),
            AppendError::Log(_) => Self::Broken(text),
            AppendError::StorageLow | AppendError::TooLarge => Self::Failed(text),
        }
    }
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadRefused {
    /// The shard's read limit refuses the call.
    #[error("the shard's read limit is reached")]
    Throttled,
    /// The shard cannot be read here.
    #[error(transparent)]
    Failed(#[from] ReadError),
    /// The pod that serves the shard could not be asked, or could not read it.
    #[error("{0}")]
    Remote(String),
}
