//! Sizes, durations and addresses as people write them. Pure, so that flag, environment and config file agree.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;
use std::time::Duration;

use anabranch_domain::quota;

use crate::standalone::options::LimitSetting;

/// `64MiB`, `1GiB`, `10MB` or plain bytes.
pub(super) fn parse_bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split_number(text);
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "ki" | "kib" => 1 << 10,
        "m" | "mi" | "mib" => 1 << 20,
        "g" | "gi" | "gib" => 1 << 30,
        "t" | "ti" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => {
            return Err(format!(
                "unknown unit `{unit}`: use KiB, MiB, GiB, or none for bytes"
            ));
        }
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a whole number and a unit, such as 64MiB".to_owned())?;
    number
        .checked_mul(factor)
        .ok_or_else(|| "too large".to_owned())
}

/// A limit in bytes, or `off`.
pub(super) fn parse_size_limit(text: &str) -> Result<LimitSetting<u64>, String> {
    if text == "off" {
        return Ok(LimitSetting::Off);
    }
    parse_bytes(text).map(LimitSetting::At)
}

/// Bytes a second, or `off`.
pub(super) fn parse_size_rate(text: &str) -> Result<LimitSetting<u64>, String> {
    match parse_size_limit(text)? {
        LimitSetting::At(0) => Err("at 0 it would never end; `off` is no bound".to_owned()),
        rate => Ok(rate),
    }
}

/// A limit that counts something, or `off`.
pub(super) fn parse_count_limit<T: FromStr>(text: &str) -> Result<LimitSetting<T>, String> {
    if text == "off" {
        return Ok(LimitSetting::Off);
    }
    let count = text
        .parse()
        .map_err(|_| "expected a whole number, or `off` for no limit".to_owned())?;
    Ok(LimitSetting::At(count))
}

/// The largest record of a stream in KiB, within AWS's bounds, or `off` for the largest there is.
pub(super) fn parse_record_kib(text: &str) -> Result<LimitSetting<u32>, String> {
    match parse_count_limit(text)? {
        LimitSetting::At(kib)
            if !(quota::RECORD_SIZE_KIB_MIN..=quota::RECORD_SIZE_KIB_MAX).contains(&kib) =>
        {
            Err(format!(
                "expected {} to {}, or `off` for the largest",
                quota::RECORD_SIZE_KIB_MIN,
                quota::RECORD_SIZE_KIB_MAX
            ))
        }
        setting => Ok(setting),
    }
}

/// `500ms`, `30s`, `5m`, `2h`, `1d` or plain seconds.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split_number(text);
    let factor_ms: u64 = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(format!("unknown unit `{unit}`: use ms, s, m, h or d")),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a whole number and a unit, such as 30s".to_owned())?;
    number
        .checked_mul(factor_ms)
        .map(Duration::from_millis)
        .ok_or_else(|| "too long".to_owned())
}

/// `HOST:PORT` of a listener; a name takes its first address.
pub(super) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if text.starts_with(':') {
        return Err(format!(
            "which interface? 127.0.0.1{text} is this machine only, 0.0.0.0{text} is every one"
        ));
    }
    let mut addresses = text
        .to_socket_addrs()
        .map_err(|error| format!("expected HOST:PORT ({error})"))?;
    addresses
        .next()
        .ok_or_else(|| "the name has no address".to_owned())
}

/// A listener that can be turned off with `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OptionalListen(pub(super) Option<SocketAddr>);

/// `HOST:PORT`, or `off`.
pub(super) fn parse_optional_listen(text: &str) -> Result<OptionalListen, String> {
    if text == "off" {
        Ok(OptionalListen(None))
    } else {
        parse_listen(text).map(|address| OptionalListen(Some(address)))
    }
}

/// Twelve digits.
pub(super) fn parse_account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account is twelve digits, such as 000000000000".to_owned())
    }
}

/// `1,234,567`: counts are read by people.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn split_number(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_binary_and_decimal_units() {
        assert_eq!(parse_bytes("64MiB"), Ok(64 << 20));
        assert_eq!(parse_bytes("64 mb"), Ok(64_000_000));
        assert_eq!(parse_bytes("17"), Ok(17));
        assert!(parse_bytes("1.5GiB").is_err());
        assert!(parse_bytes("-1").is_err());
        assert!(parse_bytes("99999999TiB").is_err());
    }

    #[test]
    fn durations_without_a_unit_are_seconds() {
        assert_eq!(parse_duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("2h"), Ok(Duration::from_hours(2)));
        assert!(parse_duration("soon").is_err());
    }

    #[test]
    fn a_listener_without_a_host_is_asked_for_one() {
        assert_eq!(
            parse_listen("127.0.0.1:4567"),
            Ok(SocketAddr::from(([127, 0, 0, 1], 4567)))
        );
        assert!(
            parse_listen(":4567")
                .expect_err("no host")
                .contains("0.0.0.0:4567")
        );
        assert_eq!(parse_optional_listen("off"), Ok(OptionalListen(None)));
    }

    #[test]
    fn a_limit_is_a_number_or_off() {
        assert_eq!(parse_size_limit("2MiB"), Ok(LimitSetting::At(2 << 20)));
        assert_eq!(parse_size_limit("off"), Ok(LimitSetting::Off));
        assert_eq!(parse_size_rate("2MiB"), Ok(LimitSetting::At(2 << 20)));
        assert_eq!(parse_size_rate("off"), Ok(LimitSetting::Off));
        assert!(parse_size_rate("0").is_err());
        assert_eq!(parse_count_limit("50"), Ok(LimitSetting::At(50_u32)));
        assert_eq!(parse_count_limit::<u32>("off"), Ok(LimitSetting::Off));
        assert_eq!(parse_record_kib("2048"), Ok(LimitSetting::At(2_048)));
        assert_eq!(parse_record_kib("off"), Ok(LimitSetting::Off));
        assert!(parse_record_kib("512").is_err());
        let error = parse_count_limit::<u32>("many").expect_err("no number");
        assert!(error.contains("off"), "{error}");
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
