//! CBOR 1.1: reading a body, and writing an answer.

mod deserializer;
mod writer;

pub(super) use deserializer::CborDeserializer;
pub(super) use writer::CborWriter;
