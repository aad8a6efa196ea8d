//! The moment a request was signed, to the second: `20150830T123600Z`.
//! Calendar arithmetic is the proleptic Gregorian one of Howard Hinnant's `chrono-compatible date algorithms`; years 1970 to 9999.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const SECS_PER_DAY: u64 = 24 * 60 * 60;
/// 9999-12-31T23:59:59Z, the last moment that has four digits for its year.
const SECS_MAX: u64 = 253_402_300_799;

/// A moment in UTC, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AmzDate {
    epoch_secs: u64,
}

impl AmzDate {
    /// From seconds since 1970; the year 9999 is the last.
    pub fn from_epoch_secs(epoch_secs: u64) -> Self {
        Self {
            epoch_secs: epoch_secs.min(SECS_MAX),
        }
    }

    /// From a clock's reading; moments before 1970 count as 1970.
    pub fn from_system_time(time: SystemTime) -> Self {
        Self::from_epoch_secs(
            time.duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        )
    }

    /// Seconds since 1970.
    pub fn epoch_secs(self) -> u64 {
        self.epoch_secs
    }

    /// So many seconds later.
    pub(super) fn plus_secs(self, secs: u64) -> Self {
        Self::from_epoch_secs(self.epoch_secs.saturating_add(secs))
    }

    /// So many seconds earlier, 1970 at the earliest.
    pub(super) fn minus_secs(self, secs: u64) -> Self {
        Self {
            epoch_secs: self.epoch_secs.saturating_sub(secs),
        }
    }

    /// Reads `20150830T123600Z`, or the HTTP form `Sun, 30 Aug 2015 12:36:00 GMT` that a `Date` header has.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_basic(text).or_else(|| Self::parse_http(text))
    }

    fn parse_basic(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        let day = days_from_civil(
            digits(text.get(0..4)?)?,
            digits(text.get(4..6)?)?,
            digits(text.get(6..8)?)?,
        )?;
        Self::from_parts(day, text.get(9..11)?, text.get(11..13)?, text.get(13..15)?)
    }

    fn parse_http(text: &str) -> Option<Self> {
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let mut words = text.split_once(", ")?.1.split(' ');
        let day = digits(words.next()?)?;
        let month = words.next()?;
        let month = MONTHS.iter().zip(1..).find(|(name, _)| **name == month)?.1;
        let year = digits(words.next()?)?;
        let mut clock = words.next()?.split(':');
        let day = days_from_civil(year, month, day)?;
        let date = Self::from_parts(day, clock.next()?, clock.next()?, clock.next()?)?;
        let ends_as_it_should =
            clock.next().is_none() && matches!(words.next(), Some("GMT" | "UTC"));
        (ends_as_it_should && words.next().is_none()).then_some(date)
    }

    fn from_parts(day: u64, hour: &str, minute: &str, second: &str) -> Option<Self> {
        let (hour, minute, second) = (digits(hour)?, digits(minute)?, digits(second)?);
        // 60 is a leap second; it counts as the first second of the next minute, as everywhere.
        (hour < 24 && minute < 60 && second <= 60)
            .then(|| Self::from_epoch_secs(day * SECS_PER_DAY + hour * 3600 + minute * 60 + second))
    }

    /// The moment as a signature holds it, `20150830T123600Z`. Digit by digit: it is written for every request, and the
    /// standard library's formatting would take longer than its HMAC.
    pub(super) fn text(self) -> Digits<16> {
        let (year, month, day) = civil_from_days(self.epoch_secs / SECS_PER_DAY);
        let second = self.epoch_secs % SECS_PER_DAY;
        let mut text = *b"00000000T000000Z";
        let pairs = [
            (0, year / 100),
            (2, year % 100),
            (4, month),
            (6, day),
            (9, second / 3600),
            (11, second / 60 % 60),
            (13, second % 60),
        ];
        for (at, pair) in pairs {
            let digit = |value: u64| b'0' + u8::try_from(value % 10).expect("less than ten");
            text[at] = digit(pair / 10);
            text[at + 1] = digit(pair);
        }
        Digits(text)
    }

    /// The day alone, `20150830`, as a credential scope holds it.
    pub(super) fn day(self) -> Digits<8> {
        let Digits(text) = self.text();
        let (day, _) = text.split_first_chunk().expect("8 of 16");
        Digits(*day)
    }
}

/// Digits and letters of ASCII.
#[derive(Clone, Copy)]
pub(super) struct Digits<const N: usize>([u8; N]);

impl<const N: usize> Digits<N> {
    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("ASCII")
    }
}

impl<const N: usize> fmt::Display for Digits<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for AmzDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days_in_month = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..=9999).contains(&year) || !(1..=days_in_month).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_of_one_moment_are_equal() {
        let basic = AmzDate::parse("20150830T123600Z").expect("valid");
        assert_eq!(basic.epoch_secs(), 1_440_938_160);
        assert_eq!(AmzDate::parse("Sun, 30 Aug 2015 12:36:00 GMT"), Some(basic));
        assert_eq!(basic.to_string(), "20150830T123600Z");
        assert_eq!(basic.day().to_string(), "20150830");
    }

    #[test]
    fn texts_that_are_no_dates_are_refused() {
        for text in [
            "",
            "201",
            "20150830",
            "20150830T123600",
            "20150230T000000Z",
            "20151301T000000Z",
            "20150830T240000Z",
            "20150830T126000Z",
            "19690101T000000Z",
            "2015083OT123600Z",
            "+0150830T123600Z",
            "2015-08-30T12:36:00Z",
            "Sun, 30 Aug 2015 12:36:00",
            "Sun, 30 Foo 2015 12:36:00 GMT",
            "Sun, 30 Aug 2015 12:36 GMT",
            "é0150830T12360Z",
        ] {
            assert_eq!(AmzDate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn leap_days_and_the_ends_of_time_are_right() {
        for text in [
            "20000229T000000Z",
            "19700101T000000Z",
            "99991231T235959Z",
            "20240229T235959Z",
            "21000301T000000Z",
        ] {
            assert_eq!(AmzDate::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(AmzDate::parse("21000229T000000Z"), None);
    }

    proptest! {
        #[test]
        fn every_second_is_written_and_read_back(secs in 0..=SECS_MAX) {
            let date = AmzDate::from_epoch_secs(secs);
            prop_assert_eq!(AmzDate::parse(&date.to_string()), Some(date));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,40}") {
            let _ = AmzDate::parse(&text);
        }
    }
}
