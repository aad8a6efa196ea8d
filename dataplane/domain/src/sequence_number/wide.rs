//! The 188 bits of a sequence number, to and from decimal. Done once a record, so without a big-number crate and without
//! the processor's 128-bit division: three divisions by 10^19, each by multiplication with its reciprocal, leave parts of
//! at most 19 digits.

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
        debug_assert!(number.high >> 57 == 1, "the layout begins with a 2");
        // 2^185 ≤ number < 1.5 × 2^185: each upper half is below 10^19, as the division needs it.
        let (upper_quotient, remainder) = divide(number.high, number.middle);
        let (lower_quotient, last) = divide(remainder, number.low);
        let (first, middle) = divide(upper_quotient, lower_quotient);
        let mut text = [b'0'; Self::LEN];
        write_digits(first, &mut text[..Self::LEN - 2 * DIGITS]);
        write_digits(
            middle,
            &mut text[Self::LEN - 2 * DIGITS..Self::LEN - DIGITS],
        );
        write_digits(last, &mut text[Self::LEN - DIGITS..]);
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

/// Fills `to` from its end with the digits of `value`, sixteen of them in two halves that do not wait for each other.
fn write_digits(value: u64, to: &mut [u8]) {
    let (front, rest) = to.split_at_mut(to.len() - 16);
    let (upper, lower) = rest.split_at_mut(8);
    write_eight(value % 100_000_000, lower);
    write_eight(value / 100_000_000 % 100_000_000, upper);
    let mut value = value / 10_000_000_000_000_000;
    for digit in front.iter_mut().rev() {
        *digit = PAIRS[(value % 10) as usize][1];
        value /= 10;
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "two digits index the pairs"
)]
fn write_eight(value: u64, to: &mut [u8]) {
    let (upper, lower) = (value / 10_000, value % 10_000);
    for (pair, digits) in
        to.chunks_exact_mut(2)
            .zip([upper / 100, upper % 100, lower / 100, lower % 100])
    {
        pair.copy_from_slice(&PAIRS[digits as usize]);
    }
}

/// (upper × 2^64 + lower) ÷ 10^19 and what remains; `upper` must be below 10^19. Algorithm 4 of Möller and Granlund,
/// "Improved division by invariant integers", which needs a divisor of 64 significant bits, as 10^19 is.
const fn divide(upper: u64, lower: u64) -> (u64, u64) {
    /// ⌊(2^128 − 1) ÷ 10^19⌋ − 2^64.
    const RECIPROCAL: u64 = low_half(u128::MAX / TEN_TO_THE_19 as u128 - (1 << 64));
    debug_assert!(upper < TEN_TO_THE_19, "the quotient fits 64 bits");
    let estimate =
        (RECIPROCAL as u128 * upper as u128).wrapping_add((upper as u128) << 64 | lower as u128);
    let mut quotient = high_half(estimate).wrapping_add(1);
    let mut remainder = lower.wrapping_sub(quotient.wrapping_mul(TEN_TO_THE_19));
    if remainder > low_half(estimate) {
        quotient = quotient.wrapping_sub(1);
        remainder = remainder.wrapping_add(TEN_TO_THE_19);
    }
    if remainder >= TEN_TO_THE_19 {
        quotient += 1;
        remainder -= TEN_TO_THE_19;
    }
    (quotient, remainder)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn division_by_the_reciprocal_is_division(upper in 0..TEN_TO_THE_19, lower: u64) {
            let (value, divisor) = (u128::from(upper) << 64 | u128::from(lower), u128::from(TEN_TO_THE_19));
            prop_assert_eq!(divide(upper, lower), (low_half(value / divisor), low_half(value % divisor)));
        }
    }

    #[test]
    fn division_is_right_at_the_edges() {
        let divisor = u128::from(TEN_TO_THE_19);
        for value in [
            0,
            1,
            divisor - 1,
            divisor,
            divisor + 1,
            divisor * 7 - 1,
            (divisor << 64) - 1,
            divisor * divisor - 1,
        ] {
            let expected = (low_half(value / divisor), low_half(value % divisor));
            assert_eq!(divide(high_half(value), low_half(value)), expected);
        }
    }
}
