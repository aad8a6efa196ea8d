//! Sockets in, answers out: HTTP, TLS, who is calling, how much at once.
//!
//! Owns everything about a request that is not its meaning. Invariant: nothing a client sends is buffered before it was
//! admitted, and every connection, body and pause has a bound.

pub mod admission;
pub mod authenticate;
mod body;
pub mod credentials;
mod handler;
mod idle_timeout;
pub mod listener;
pub mod reloaded;
mod request_id;
mod respond;
pub mod tls;

pub use handler::{Gateway, GatewayService};
pub use idle_timeout::IdleTimeout;
pub use request_id::RequestId;
