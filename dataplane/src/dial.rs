//! How one process of a cluster is connected to another: the one place where the network between them is chosen.

use tonic::transport::{Channel, Endpoint};

/// Makes the connections between pods.
pub trait Dial: Send + Sync + 'static {
    /// A connection to `endpoint` that is made when it is first used.
    fn dial(&self, endpoint: Endpoint) -> Channel;
}

/// The machine's own TCP, in plain text.
#[derive(Debug, Clone, Copy)]
pub struct Tcp;

impl Dial for Tcp {
    fn dial(&self, endpoint: Endpoint) -> Channel {
        endpoint.connect_lazy()
    }
}
