//! CBOR 1.1: reading a body into the tree, and writing an answer.

mod reader;
mod writer;

pub(crate) use reader::read;
pub(super) use writer::CborWriter;
