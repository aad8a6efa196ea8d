//! Sockets in, answers out: HTTP, TLS, who is calling, how much at once.
//!
//! Owns everything about a request that is not its meaning. Invariant: nothing a client sends is buffered before it was
//! admitted, and every connection, body and pause has a bound.

pub mod admission;
pub mod authenticate;
pub mod credentials;
mod idle_timeout;
pub mod reloaded;
pub mod tls;

pub use idle_timeout::IdleTimeout;
