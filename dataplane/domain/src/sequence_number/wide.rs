//! The 188 bits of a sequence number, to and from decimal. Done once a record, so without a big-number crate:
//! two divisions by 10^19 leave three parts of at most 19 digits.

use std::fmt;

/// Decimal digits that fit a `u64`.
const DIGITS: usize = 19;
const TEN_TO_THE_19: u64 = 10_000_000_000_000_000_000;

/// A number of at most 192 bits, most significant part first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wide {
    pub(super) high: u64,
    pub(super) middle: u64,
    pub(super) low: u64,
}

impl Wide {
    /// Reads decimal digits; `None` when there are none, others, or more than 192 bits.
    pub(super) fn from_decimal(text: &str) -> Option<Self> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut number = Self {
            high: 0,
            middle: 0,
            low: 0,
        };
        for chunk in text.as_bytes().chunks(DIGITS) {
            let value = chunk
                .iter()
                .fold(0, |value, byte| value * 10 + u64::from(byte - b'0'));
            let scale =
                10_u64.pow(u32::try_from(chunk.len()).expect("a chunk has at most 19 digits"));
            number = number.times_plus(scale, value)?;
        }
        Some(number)
    }

    pub(super) fn from_bytes(bytes: [u8; 24]) -> Self {
        let part = |from: usize| {
            u64::from_be_bytes(
                bytes[from..from + 8]
                    .try_into()
                    .expect("eight bytes are taken"),
            )
        };
        Self {
            high: part(0),
            middle: part(8),
            low: part(16),
        }
    }

    pub(super) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.high.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.middle.to_be_bytes());
        bytes[16..].copy_from_slice(&self.low.to_be_bytes());
        bytes
    }

    fn times_plus(self, factor: u64, addend: u64) -> Option<Self> {
        let step = |part: u64, carry: u64| {
            let product = u128::from(part) * u128::from(factor) + u128::from(carry);
            (low_half(product), high_half(product))
        };
        let (low, carry) = step(self.low, addend);
        let (middle, carry) = step(self.middle, carry);
        let (high, carry) = step(self.high, carry);
        (carry == 0).then_some(Self { high, middle, low })
    }

    /// The `count` hexadecimal digits that begin `from` digits above the lowest one.
    pub(super) fn hex_digits(self, from: u32, count: u32) -> u64 {
        debug_assert!(count <= 16, "a field fits a u64");
        let bit = from * 4;
        let parts = [self.low, self.middle, self.high, 0];
        let part = (bit / 64) as usize;
        let pair = u128::from(parts[part + 1]) << 64 | u128::from(parts[part]);
        low_half(pair >> (bit % 64)) & (u64::MAX >> (64 - count * 4))
    }

    /// How many hexadecimal digits it has without leading zeros.
    pub(super) fn hex_len(self) -> u32 {
        let zeros = match (self.high, self.middle) {
            (0, 0) => 128 + self.low.leading_zeros(),
            (0, middle) => 64 + middle.leading_zeros(),
            (high, _) => high.leading_zeros(),
        };
        (192 - zeros).div_ceil(4)
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the low half is what is wanted"
)]
const fn low_half(value: u128) -> u64 {
    value as u64
}

const fn high_half(value: u128) -> u64 {
    low_half(value >> 64)
}

/// The decimal text of a sequence number: always 56 digits, because the layout's first hexadecimal digit is a 2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SequenceNumberText([u8; Self::LEN]);

impl SequenceNumberText {
    /// How many digits it has.
    pub const LEN: usize = 56;

    pub(super) fn of(number: Wide) -> Self {
        // 2^185 ≤ number < 1.5 × 2^185, so `high` is below 10^19 and is the first remainder itself.
        debug_assert!(number.high >> 57 == 1, "the layout begins with a 2");
        let divisor = u128::from(TEN_TO_THE_19);
        let upper = u128::from(number.high) << 64 | u128::from(number.middle);
        let lower = (upper % divisor) << 64 | u128::from(number.low);
        let quotient = ((upper / divisor) << 64) | (lower / divisor);
        let mut text = [b'0'; Self::LEN];
        write_digits(
            low_half(quotient / divisor),
            &mut text[..Self::LEN - 2 * DIGITS],
        );
        write_digits(
            low_half(quotient % divisor),
            &mut text[Self::LEN - 2 * DIGITS..Self::LEN - DIGITS],
        );
        write_digits(low_half(lower % divisor), &mut text[Self::LEN - DIGITS..]);
        Self(text)
    }

    /// The digits as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only digits are written")
    }

    /// The digits as ASCII bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for SequenceNumberText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// "00" to "99": two digits a division instead of one.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut value = 0_u8;
    while value < 100 {
        pairs[value as usize] = [b'0' + value / 10, b'0' + value % 10];
        value += 1;
    }
    pairs
};

/// Fills `to` from its end with the digits of `value`; what is left in front stays '0'.
fn write_digits(mut value: u64, to: &mut [u8]) {
    for pair in to.rchunks_exact_mut(2) {
        pair.copy_from_slice(&PAIRS[(value % 100) as usize]);
        value /= 100;
    }
    if to.len() % 2 == 1 {
        to[0] = PAIRS[(value % 10) as usize][1];
    }
}
