//! Reads a request's body, bounded in bytes, in memory over all requests, and in time.
//!
//! Invariant: not a byte is buffered that was not admitted, and no body may grow past AWS's largest request.

use std::time::Duration;

use axum::body::{Body, Bytes};
use bytes::BytesMut;
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::admission::{BodyBudget, BodyPermit};

/// The largest body: 10 MiB of records as base64 (14 MiB), 500 keys of 256 characters that are each up to six bytes
/// escaped in JSON, twice over for hash keys and punctuation.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A body and the right to hold it.
#[derive(Debug)]
pub(super) struct AdmittedBody {
    /// The bytes.
    pub(super) bytes: Bytes,
    /// Held until the request is answered.
    pub(super) _permit: BodyPermit,
}

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyRefused {
    /// More than [`BODY_BYTES_MAX`].
    #[error("the body is larger than {BODY_BYTES_MAX} bytes")]
    TooLarge,
    /// The gateway holds as many bytes as it may.
    #[error("too many request bodies are in memory")]
    Busy,
    /// The client took too long to send it.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The connection broke.
    #[error("the connection ended within the body")]
    Broken,
}

/// Reads `body` to its end within `patience`.
pub(super) async fn read(
    body: Body,
    budget: &BodyBudget,
    patience: Duration,
) -> Result<AdmittedBody, BodyRefused> {
    let announced = announced_bytes(&body)?;
    let permit = admit(budget, announced).await?;
    match timeout(patience, collect(body, budget, permit, announced)).await {
        Ok(collected) => collected,
        Err(_) => Err(BodyRefused::TooSlow),
    }
}

/// The bytes that the client said it would send; 0 if it did not say.
fn announced_bytes(body: &Body) -> Result<usize, BodyRefused> {
    let hint = body.size_hint();
    let announced = hint.exact().unwrap_or(hint.lower());
    usize::try_from(announced)
        .ok()
        .filter(|&bytes| bytes <= BODY_BYTES_MAX)
        .ok_or(BodyRefused::TooLarge)
}

async fn admit(budget: &BodyBudget, bytes: usize) -> Result<BodyPermit, BodyRefused> {
    budget.admit(bytes).await.map_err(|_| BodyRefused::Busy)
}

async fn collect(
    mut body: Body,
    budget: &BodyBudget,
    mut permit: BodyPermit,
    mut admitted: usize,
) -> Result<AdmittedBody, BodyRefused> {
    let mut first: Option<Bytes> = None;
    let mut gathered = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyRefused::Broken)?.into_data() else {
            continue;
        };
        let held = first.as_ref().map_or(gathered.len(), Bytes::len) + data.len();
        if held > BODY_BYTES_MAX {
            return Err(BodyRefused::TooLarge);
        }
        if held > admitted {
            permit.merge(admit(budget, held - admitted).await?);
            admitted = held;
        }
        // A body of one piece, as small ones are, is not copied.
        match first.take() {
            None if gathered.is_empty() => first = Some(data),
            None => gathered.extend_from_slice(&data),
            Some(piece) => {
                gathered.reserve(admitted.max(held));
                gathered.extend_from_slice(&piece);
                gathered.extend_from_slice(&data);
            }
        }
    }
    Ok(AdmittedBody {
        bytes: first.unwrap_or_else(|| gathered.freeze()),
        _permit: permit,
    })
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn in_pieces(pieces: Vec<Bytes>) -> Body {
        Body::from_stream(stream::iter(
            pieces.into_iter().map(Ok::<_, std::convert::Infallible>),
        ))
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_joined_in_order() {
        let budget = BodyBudget::new(1 << 20);
        let pieces = [&b"ab"[..], b"cd", b"ef"].map(Bytes::from_static).to_vec();
        let body = read(in_pieces(pieces), &budget, PATIENCE)
            .await
            .expect("read");
        assert_eq!(body.bytes, "abcdef");
    }

    #[tokio::test]
    async fn a_body_past_the_largest_request_is_refused_while_it_is_read() {
        let budget = BodyBudget::new(64 << 20);
        let pieces = vec![Bytes::from(vec![0; 1 << 20]); 17];
        let refused = read(in_pieces(pieces), &budget, PATIENCE).await;
        assert_eq!(refused.expect_err("too large"), BodyRefused::TooLarge);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickling_body_is_given_up() {
        let budget = BodyBudget::new(1 << 20);
        let endless =
            Body::from_stream(stream::pending::<Result<Bytes, std::convert::Infallible>>());
        let refused = read(endless, &budget, PATIENCE).await;
        assert_eq!(refused.expect_err("slow"), BodyRefused::TooSlow);
    }
}
