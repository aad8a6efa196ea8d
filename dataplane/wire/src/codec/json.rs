//! JSON 1.1: writing an answer. `serde_json` reads.

mod writer;

pub(super) use writer::JsonWriter;
