//! Names, account, region and the ARNs made of them. Each is checked once, where it enters; inside, a name is a valid name.
//! Owns no resource: whether something of that name exists is the catalog's to say.

mod account;
mod arn;
mod text;

pub use account::{AccountId, InvalidAccountId, InvalidRegion, Region};
pub use arn::{ConsumerArn, InvalidArn, StreamArn};
pub use text::{ConsumerName, InvalidName, KeyId, PodName, StreamName};

#[cfg(test)]
mod names_test;
