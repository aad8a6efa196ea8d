//! A connection that neither sends nor takes a byte for too long is closed.
//!
//! Owns one deadline a connection, moved by every byte in either direction, so it ends clients that connect and say
//! nothing (or half a preface) without disturbing long pushes, which write at least every five seconds.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Wraps a stream with an idle deadline.
#[derive(Debug)]
pub struct IdleTimeout<S> {
    stream: S,
    idle_max: Duration,
    last_progress: Instant,
    /// Armed lazily and re-armed only when it fires early: moving a timer on every byte would cost more than the byte.
    timer: Pin<Box<Sleep>>,
}

impl<S> IdleTimeout<S> {
    /// Closes `stream` after `idle_max` without a byte in either direction.
    pub fn new(stream: S, idle_max: Duration) -> Self {
        let now = Instant::now();
        Self {
            stream,
            idle_max,
            last_progress: now,
            timer: Box::pin(tokio::time::sleep_until(now + idle_max)),
        }
    }

    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        while self.timer.as_mut().poll(context).is_ready() {
            let deadline = self.last_progress + self.idle_max;
            if deadline <= Instant::now() {
                return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "connection idle"));
            }
            self.timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for IdleTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match Pin::new(&mut this.stream).poll_read(context, buffer) {
            Poll::Ready(done) => {
                this.last_progress = Instant::now();
                Poll::Ready(done)
            }
            Poll::Pending => this.poll_idle(context).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for IdleTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        match Pin::new(&mut this.stream).poll_write(context, bytes) {
            Poll::Ready(done) => {
                this.last_progress = Instant::now();
                Poll::Ready(done)
            }
            Poll::Pending => this.poll_idle(context).map(Err),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        match Pin::new(&mut this.stream).poll_write_vectored(context, slices) {
            Poll::Ready(done) => {
                this.last_progress = Instant::now();
                Poll::Ready(done)
            }
            Poll::Pending => this.poll_idle(context).map(Err),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_ends_the_connection() {
        let (_client, server) = tokio::io::duplex(64);
        let mut server = IdleTimeout::new(server, Duration::from_secs(10));
        let failed = server.read_u8().await.expect_err("idle");
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn every_byte_moves_the_deadline() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut server = IdleTimeout::new(server, Duration::from_secs(10));
        for _ in 0..5 {
            tokio::time::advance(Duration::from_secs(9)).await;
            client.write_u8(1).await.expect("open");
            assert_eq!(server.read_u8().await.expect("not idle"), 1);
        }
    }
}
