//! Payloads of the entries that begin and end a shard. Numbers are big-endian.

use anabranch_domain::ShardId;

use super::{Entry, EntryError, EntryFault, EntryKind};

/// `epoch u64 ‖ child index u32 …`: the shard takes no more records; these shards do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The catalog's epoch that ordered it.
    pub epoch: u64,
    /// Who takes the records from here.
    pub children: Vec<ShardId>,
}

/// `epoch u64`: the shard takes records from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activate {
    /// The catalog's epoch that ordered it.
    pub epoch: u64,
}

impl Seal {
    pub(super) fn encode(&self) -> Vec<u8> {
        let children = self
            .children
            .iter()
            .flat_map(|child| child.index().to_be_bytes());
        self.epoch
            .to_be_bytes()
            .into_iter()
            .chain(children)
            .collect()
    }

    /// The seal that `entry` is.
    pub fn decode(entry: &Entry) -> Result<Self, EntryError> {
        let fail = |fault| EntryError::new(entry.key(), fault);
        let payload = payload_of(entry, EntryKind::Seal, "seal")?;
        let length = || {
            fail(EntryFault::Length {
                found: payload.len(),
                expected: 8 + payload.len() / 4 * 4,
            })
        };
        let (epoch, children) = payload.split_first_chunk::<8>().ok_or_else(length)?;
        let (children, rest) = children.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(length());
        }
        let child = |bytes: &[u8; 4]| {
            let index = u32::from_be_bytes(*bytes);
            ShardId::new(index).map_err(|_| {
                fail(EntryFault::Unknown {
                    field: "child",
                    value: index.into(),
                })
            })
        };
        Ok(Self {
            epoch: u64::from_be_bytes(*epoch),
            children: children.iter().map(child).collect::<Result<_, _>>()?,
        })
    }
}

impl Activate {
    pub(super) fn encode(self) -> [u8; 8] {
        self.epoch.to_be_bytes()
    }

    /// The activation that `entry` is.
    pub fn decode(entry: &Entry) -> Result<Self, EntryError> {
        let payload = payload_of(entry, EntryKind::Activate, "activation")?;
        let length = EntryFault::Length {
            found: payload.len(),
            expected: 8,
        };
        let epoch = payload
            .try_into()
            .map_err(|_| EntryError::new(entry.key(), length))?;
        Ok(Self {
            epoch: u64::from_be_bytes(epoch),
        })
    }
}

fn payload_of<'a>(
    entry: &'a Entry,
    kind: EntryKind,
    name: &'static str,
) -> Result<&'a [u8], EntryError> {
    if entry.envelope().kind == kind {
        Ok(entry.payload())
    } else {
        Err(EntryError::new(entry.key(), EntryFault::WrongKind(name)))
    }
}
