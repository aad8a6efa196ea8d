//! The node: everything between a socket and a disk that knows what Kinesis is.

pub mod cli;
pub mod standalone;
