//! Shard iterators, sealed so that a client can neither make nor read one.

use anabranch_domain::catalog::{Shard, Stream};
use anabranch_domain::iterator::{ExpiredIterator, Position, ShardIterator};
use anabranch_wire::opaque_token::TokenKind;
use anabranch_wire::{ApiError, ErrorKind};

use super::{Services, errors};

/// The iterator of `shard` at `position`, good for five minutes from now.
pub(super) fn seal(
    services: &Services,
    stream: &Stream,
    shard: &Shard,
    position: Position,
) -> String {
    let iterator = ShardIterator {
        stream: stream.name.clone(),
        stream_uid: stream.uid,
        shard: shard.id,
        position,
        issued_at: services.now(),
    };
    services
        .token_key
        .seal(
            TokenKind::ShardIterator,
            &iterator.encode(),
            services.entropy.nonce(),
        )
        .expect("an iterator of the longest name fits 512 characters")
}

/// What a client's iterator stands for.
pub(super) fn open(services: &Services, text: &str) -> Result<ShardIterator, ApiError> {
    let invalid = || errors::invalid_argument("Invalid ShardIterator.");
    // Some clients send it as a JSON text within the text; AWS lets them.
    let text = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let bytes = services
        .token_key
        .open(TokenKind::ShardIterator, text)
        .map_err(|_| invalid())?;
    let iterator = ShardIterator::decode(&bytes).map_err(|_| invalid())?;
    iterator.check_age(services.now()).map_err(expired)?;
    Ok(iterator)
}

fn expired(expired: ExpiredIterator) -> ApiError {
    ApiError::new(
        ErrorKind::ExpiredIteratorException,
        format!(
            "Iterator expired. The iterator was created at time {} while right now it is {} \
             which is further in the future than the tolerated delay of {} milliseconds.",
            amazon_utc(expired.issued_at.as_secs()),
            amazon_utc(expired.now.as_secs()),
            ShardIterator::AGE_MAX.as_millis()
        ),
    )
}

/// `Thu Jan 22 01:22:02 UTC 2015`, as Java prints a date.
fn amazon_utc(epoch_secs: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (days, secs) = (epoch_secs / 86_400, epoch_secs % 86_400);
    let (year, month, day) = civil_date(days);
    format!(
        "{} {} {day:02} {:02}:{:02}:{:02} UTC {year}",
        DAYS[(days % 7) as usize],
        MONTHS[month],
        secs / 3600,
        secs / 60 % 60,
        secs % 60
    )
}

/// Year, month (from 0) and day (from 1) of the `days`-th day after 1970-01-01.
/// Howard Hinnant's algorithm: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn civil_date(days: u64) -> (u64, usize, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    let year = era * 400 + year_of_era + u64::from(month < 2);
    (year, usize::try_from(month).expect("below 12"), day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_java_writes_them() {
        for (secs, text) in [
            (0, "Thu Jan 01 00:00:00 UTC 1970"),
            (1_421_889_722, "Thu Jan 22 01:22:02 UTC 2015"),
            (1_709_251_199, "Thu Feb 29 23:59:59 UTC 2024"),
            (4_102_444_800, "Fri Jan 01 00:00:00 UTC 2100"),
        ] {
            assert_eq!(amazon_utc(secs), text);
        }
    }
}
