//! The network of a node that has no peers.
//!
//! A one-voter group never sends anything. Should one ever be told to (a membership with a second node in it, which
//! nothing here writes), every call says so instead of pretending.

use std::{future::Future, io};

use openraft::{
    OptionalSend,
    alias::{SnapshotOf, VoteOf},
    errors::{RPCError, ReplicationClosed, StreamingError, Unreachable},
    network::{RPCOption, RaftNetworkFactory, RaftNetworkV2},
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
    },
};

use super::{SnapshotBytes, Types};

/// Makes [`NoPeer`]s.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NoPeers;

/// A peer that is not there.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoPeer {
    target: u64,
}

impl NoPeer {
    fn unreachable(self) -> Unreachable<Types> {
        Unreachable::new(&io::Error::other(format!(
            "node {} is no peer: this node has none",
            self.target
        )))
    }
}

impl RaftNetworkFactory<Types> for NoPeers {
    type Network = NoPeer;

    async fn new_client(&mut self, target: u64, _node: &()) -> NoPeer {
        NoPeer { target }
    }
}

impl RaftNetworkV2<Types> for NoPeer {
    type SnapshotData = SnapshotBytes;

    async fn append_entries(
        &mut self,
        _rpc: AppendEntriesRequest<Types>,
        _option: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        Err(RPCError::Unreachable(self.unreachable()))
    }

    async fn vote(
        &mut self,
        _rpc: VoteRequest<Types>,
        _option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        Err(RPCError::Unreachable(self.unreachable()))
    }

    async fn full_snapshot(
        &mut self,
        _vote: VoteOf<Types>,
        _snapshot: SnapshotOf<Types, SnapshotBytes>,
        _cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        Err(StreamingError::Unreachable(self.unreachable()))
    }
}
