//! AWS's bytes to typed values and back, without IO.
//!
//! A request goes through three stages: read and type check (`conform`, from either codec), constraint check
//! (`constraint`), and a struct of its operation (`shapes`). All walk one static table (`schema`).
//! **Invariant:** this crate knows no shard, no disk, no socket and no clock; what is on the wire is all there is.

mod action;
pub mod aws_chunked;
mod blob;
mod codec;
mod conform;
pub mod constraint;
mod decode;
mod encode;
mod error;
pub mod event_stream;
mod field;
pub mod opaque_token;
pub mod protocol;
mod request;
mod response;
pub mod schema;
pub mod shapes;
pub mod sigv4;
mod structure;
mod text;
mod timestamp;

pub use action::{Action, TARGET_PREFIX};
pub use blob::Blob;
pub use codec::Codec;
pub use decode::{decode, decode_within};
pub use encode::{encode, encode_request, encode_sized};
pub use error::{ApiError, ErrorKind};
pub use request::Request;
pub use response::{ErrorResponse, ResponseError, decode_response};
pub use text::Text;
pub use timestamp::Timestamp;
