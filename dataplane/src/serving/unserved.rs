//! Why a message cannot be carried out by this pod, and what its sender is told.

use anabranch_domain::ShardUid;
use anabranch_proto::shard::{self as pb, refused::Why};
use tonic::Status;

use super::{
    FormedShards,
    messages::{self, Malformed, OwnedSubject, refused},
};

/// Why a message cannot be carried out here.
pub(super) enum Unserved {
    Malformed(Malformed),
    NotHere(ShardUid),
    NoSuchKey(String),
}

impl From<Malformed> for Unserved {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl Unserved {
    /// As an answer, where the message made sense; as an error of the call, where it did not.
    pub(super) fn into_refused(self) -> Result<pb::Refused, Status> {
        match self {
            Self::Malformed(malformed) => Err(Status::invalid_argument(malformed.to_string())),
            Self::NotHere(shard) => Ok(refused(
                Why::NotHere,
                format!("shard {shard} was not formed on this pod's disk"),
            )),
            Self::NoSuchKey(id) => Ok(refused(
                Why::Failed,
                format!("encryption key {id} is not on this pod"),
            )),
        }
    }
}

/// The shard of a message, if it is one of those that this pod has.
pub(super) fn subject(
    formed: &FormedShards,
    shard: Option<&pb::Shard>,
) -> Result<OwnedSubject, Unserved> {
    let subject = messages::shard_from(shard)?;
    if formed.has(subject.uid) {
        Ok(subject)
    } else {
        Err(Unserved::NotHere(subject.uid))
    }
}
