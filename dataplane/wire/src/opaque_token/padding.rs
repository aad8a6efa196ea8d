//! Padding of a token's content: a one bit, then zeros, up to the next length at which the whole token is as long as one
//! of AWS's (152 bytes plus or minus a multiple of 16).

use super::key::OVERHEAD;

const BLOCK: usize = 16;
const LENGTH_OF_AWS: usize = 152;
const MARK: u8 = 0x80;

/// The length of `content` bytes once padded.
pub(super) const fn padded_len(content: usize) -> usize {
    // Which remainder of the content's length gives the token AWS's: an identity of constants.
    const REMAINDER: usize = (LENGTH_OF_AWS + BLOCK * OVERHEAD - OVERHEAD) % BLOCK;
    let marked = content + 1;
    marked + (REMAINDER + BLOCK - marked % BLOCK) % BLOCK
}

/// Appends the padding to what `buffer` holds from `start` on.
pub(super) fn pad(buffer: &mut Vec<u8>, start: usize) {
    let len = start + padded_len(buffer.len() - start);
    buffer.push(MARK);
    buffer.resize(len, 0);
}

/// Takes the padding off; `None` if there is none.
pub(super) fn unpad(content: &mut Vec<u8>) -> Option<()> {
    let mark = content.iter().rposition(|&byte| byte != 0)?;
    (content[mark] == MARK).then(|| content.truncate(mark))
}
