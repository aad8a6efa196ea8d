//! HTTP/1.1 as a load generator needs it: one connection, one request at a time, and nothing done to an answer that the
//! figures do not need. The buffers are used again, so that a request costs the generator two system calls and no memory.

use std::io;

use bytes::Buf;
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cli::client::Endpoint;

/// An answer's length that no operation exceeds.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// One connection to a server; another one, once an answer said that it was the connection's last.
#[derive(Debug)]
pub(super) struct Connection {
    address: (String, u16),
    stream: TcpStream,
    /// Whether the server closes `stream` after the answer that came last.
    is_over: bool,
    /// What arrived: an answer, and nothing after it, since requests are not pipelined.
    arrived: Vec<u8>,
    /// The body of a chunked answer, put together.
    joined: Vec<u8>,
}

/// An answer; its body lives until the next request.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
}

/// What the head of an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    status: u16,
    bytes: usize,
    framing: Framing,
    is_last: bool,
}

impl Connection {
    pub(super) async fn open(endpoint: &Endpoint) -> io::Result<Self> {
        let address = (endpoint.host().to_owned(), endpoint.port());
        Ok(Self {
            stream: connect(&address).await?,
            address,
            is_over: false,
            arrived: Vec::new(),
            joined: Vec::new(),
        })
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn exchange(&mut self, head: &[u8], body: &[u8]) -> io::Result<Answer<'_>> {
        self.arrived.clear();
        if self.is_over {
            self.stream = connect(&self.address).await?;
            self.is_over = false;
        }
        self.stream
            .write_all_buf(&mut Buf::chain(head, body))
            .await?;
        let head = loop {
            match parse_head(&self.arrived)? {
                Some(head) => break head,
                None => self.read_more(4096).await?,
            }
        };
        self.is_over = head.is_last;
        let body = match head.framing {
            Framing::Length(length) => {
                while self.arrived.len() < head.bytes + length {
                    self.read_more(head.bytes + length - self.arrived.len())
                        .await?;
                }
                &self.arrived[head.bytes..head.bytes + length]
            }
            Framing::Chunked => {
                while !join_chunks(&self.arrived[head.bytes..], &mut self.joined)? {
                    self.read_more(64 << 10).await?;
                }
                &self.joined[..]
            }
        };
        Ok(Answer {
            status: head.status,
            body,
        })
    }

    async fn read_more(&mut self, wanted: usize) -> io::Result<()> {
        if self.arrived.len() + wanted > ANSWER_BYTES_MAX {
            return Err(io::Error::other("the answer is too long"));
        }
        self.arrived.reserve(wanted);
        if self.stream.read_buf(&mut self.arrived).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

async fn connect((host, port): &(String, u16)) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host.as_str(), *port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The head at the front of `bytes`, once all of it is there.
fn parse_head(bytes: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let malformed = || io::Error::other("the answer is no HTTP/1.1");
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| malformed())?;
    let mut lines = text.split("\r\n");
    let status_line = lines
        .next()
        .filter(|line| line.starts_with("HTTP/1."))
        .ok_or_else(malformed)?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(malformed)?;
    let mut framing = Framing::Length(0);
    // From HTTP/1.1 on, a connection stays unless it is said to end (RFC 9112, §9.3).
    let mut is_last = status_line.starts_with("HTTP/1.0");
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            framing = Framing::Length(value.trim().parse().map_err(|_| malformed())?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case("connection") {
            is_last = value.trim().eq_ignore_ascii_case("close");
        }
    }
    Ok(Some(Head {
        status,
        bytes: end + 4,
        framing,
        is_last,
    }))
}

/// Puts the chunks together; whether all of them are there.
fn join_chunks(mut bytes: &[u8], joined: &mut Vec<u8>) -> io::Result<bool> {
    joined.clear();
    loop {
        let Some(end) = memmem::find(bytes, b"\r\n") else {
            return Ok(false);
        };
        let length = std::str::from_utf8(&bytes[..end])
            .ok()
            .and_then(|line| line.split(';').next());
        let length = length.and_then(|digits| usize::from_str_radix(digits.trim(), 16).ok());
        let length = length.ok_or_else(|| io::Error::other("a chunk has no length"))?;
        // Both line ends count, so that an answer is over only when its last byte has come.
        if bytes.len() < end + 2 + length + 2 {
            return Ok(false);
        }
        joined.extend_from_slice(&bytes[end + 2..end + 2 + length]);
        if length == 0 {
            return Ok(true);
        }
        bytes = &bytes[end + 2 + length + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let whole = b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 12\r\n\r\nhello";
        assert_eq!(parse_head(&whole[..40]).expect("no mistake in it"), None);
        let head = parse_head(whole)
            .expect("no mistake in it")
            .expect("it is whole");
        assert_eq!(
            head,
            Head {
                status: 200,
                bytes: whole.len() - 5,
                framing: Framing::Length(12),
                is_last: false,
            }
        );
        for last in [
            &b"HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n"[..],
            b"HTTP/1.0 200 OK\r\n\r\n",
        ] {
            let head = parse_head(last).expect("no mistake in it");
            assert!(head.expect("it is whole").is_last);
        }
        assert!(parse_head(b"SSH-2.0-OpenSSH\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_are_joined_once_the_last_has_come() {
        let mut joined = Vec::new();
        let whole = b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
        for length in 0..whole.len() {
            assert!(!join_chunks(&whole[..length], &mut joined).expect("no mistake in it"));
        }
        assert!(join_chunks(whole, &mut joined).expect("no mistake in it"));
        assert_eq!(joined, b"hello world");
        assert!(join_chunks(b"zz\r\n", &mut joined).is_err());
    }
}
