//! What each API action does: one file an action, `validate` (pure) and then `execute`.
//!
//! Owns the meaning of a request once its bytes are a typed value and its caller is known; refuses to know sockets,
//! codecs and disks. Invariant: an action changes desired state only through [`crate::catalog::Catalog::commit`].

mod services;

pub use services::Services;
