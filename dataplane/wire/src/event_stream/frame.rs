//! Writing one frame. The lengths and checksums stand before or around the payload but are known only after it, so room
//! is left for them and filled in afterwards: the payload is serialized straight into its place.

use bytes::{BufMut, BytesMut};

use super::Header;

pub(super) const PRELUDE_LEN: usize = 12;
pub(super) const CHECKSUM_LEN: usize = 4;

/// Appends one frame to `out`; `payload` appends the payload's bytes to the same buffer. What the buffer held before
/// stays untouched.
///
/// # Panics
/// If the frame would exceed 4 GiB: a `GetRecords`-sized payload is 10 MiB before base64.
pub fn append_frame(
    out: &mut BytesMut,
    headers: &[Header<'_>],
    payload: impl FnOnce(&mut BytesMut),
) {
    let start = out.len();
    out.put_bytes(0, PRELUDE_LEN);
    for header in headers {
        header.append(out);
    }
    let headers_len = out.len() - start - PRELUDE_LEN;
    payload(out);
    let total_len = out.len() - start + CHECKSUM_LEN;

    let total_len = u32::try_from(total_len).expect("payloads are bounded far below 4 GiB");
    let headers_len = u32::try_from(headers_len).expect("headers are shorter than the frame");
    out[start..start + 4].copy_from_slice(&total_len.to_be_bytes());
    out[start + 4..start + 8].copy_from_slice(&headers_len.to_be_bytes());
    let prelude_checksum = crc32fast::hash(&out[start..start + 8]);
    out[start + 8..start + PRELUDE_LEN].copy_from_slice(&prelude_checksum.to_be_bytes());
    let message_checksum = crc32fast::hash(&out[start..]);
    out.put_u32(message_checksum);
}
