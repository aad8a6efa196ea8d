//! An open `SubscribeToShard` stream: its events, one at a time, until it ends.

use anabranch_wire::Codec;
use anabranch_wire::event_stream::{FrameDecoder, Message};
use anabranch_wire::shapes::SubscribeToShardEvent;
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::connection::Sender;

/// The longest frame that is believed: an event holds at most what one call of `GetRecords` does.
const FRAME_BYTES_MAX: u32 = 32 << 20;

/// An open stream of events.
#[derive(Debug)]
pub(in crate::cli) struct Subscription {
    body: Incoming,
    /// Bytes that arrived and are not a whole frame yet.
    arrived: BytesMut,
    decoder: FrameDecoder,
    codec: Codec,
    /// Dropping it would close the connection under the stream.
    _connection: Sender,
}

/// Why no more events come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum SubscriptionEnd {
    /// After five minutes, or because the server stops; subscribe again from the last continuation.
    Closed,
    /// The server said why, by an error type and its message.
    Refused { kind: String, message: String },
    /// What arrived is no event stream.
    Unreadable(String),
}

impl Subscription {
    pub(super) fn new(body: Incoming, connection: Sender, codec: Codec) -> Self {
        let decoder = FrameDecoder::new(FRAME_BYTES_MAX);
        Self {
            body,
            arrived: BytesMut::new(),
            decoder,
            codec,
            _connection: connection,
        }
    }

    /// The next event.
    pub(in crate::cli) async fn next(&mut self) -> Result<SubscribeToShardEvent, SubscriptionEnd> {
        loop {
            let message = self.decoder.decode(&mut self.arrived);
            match message.map_err(|error| SubscriptionEnd::Unreadable(error.to_string()))? {
                Some(message) => {
                    if let Some(event) = self.understand(&message)? {
                        return Ok(event);
                    }
                }
                None => self.receive().await?,
            }
        }
    }

    async fn receive(&mut self) -> Result<(), SubscriptionEnd> {
        match self.body.frame().await {
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    self.arrived.extend_from_slice(bytes);
                }
                Ok(())
            }
            // A connection that breaks is no different from one that ends: what is missing is read again.
            Some(Err(_)) | None => Err(SubscriptionEnd::Closed),
        }
    }

    /// The event in a message; none in the one that opens the stream.
    fn understand(
        &self,
        message: &Message,
    ) -> Result<Option<SubscribeToShardEvent>, SubscriptionEnd> {
        if let Some(kind) = message.exception_type() {
            let message = String::from_utf8_lossy(message.payload()).into_owned();
            return Err(SubscriptionEnd::Refused {
                kind: kind.to_owned(),
                message,
            });
        }
        if message.event_type() != Some("SubscribeToShardEvent") {
            return Ok(None);
        }
        anabranch_wire::decode_response(self.codec, message.payload())
            .map(Some)
            .map_err(|error| SubscriptionEnd::Unreadable(error.to_string()))
    }
}
