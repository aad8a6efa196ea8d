//! Simulated disks: what was synced survives a crash, what was not is there in part, and everything may go wrong.

mod mounted;
mod platter;

pub(crate) use mounted::MountedDisk;
pub(crate) use platter::{Condition, Platter};
