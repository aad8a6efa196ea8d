//! What a run came to, for people and for programs.

use serde_json::{Map, Value, json};

use super::histogram::Histogram;
use super::process::Usage;
use super::window::Measured;
use crate::cli::output::columns;
use crate::cli::units::grouped;

/// A finished run.
#[derive(Debug)]
pub(super) struct Report {
    /// What was run: the workload, then its settings.
    pub(super) settings: Vec<(&'static str, Value)>,
    pub(super) measured: Measured,
}

impl Report {
    pub(super) fn has_errors(&self) -> bool {
        !self.measured.tally.errors.is_empty() || self.measured.tally.latencies.count() == 0
    }

    pub(super) fn as_json(&self) -> Value {
        let Measured {
            tally,
            seconds,
            client,
            server,
        } = &self.measured;
        let mut map: Map<String, Value> = self
            .settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let more = json!({
            "seconds": round(*seconds),
            "requests": tally.requests,
            "records": tally.records,
            "bytes": tally.bytes,
            "requestsPerSecond": round(per(tally.requests, *seconds)),
            "recordsPerSecond": round(per(tally.records, *seconds)),
            "megabytesPerSecond": round(per(tally.bytes, *seconds) / 1e6),
            "latencyMs": latency_json(&tally.latencies),
            "errors": tally.errors,
            "client": usage_json(*client, tally.bytes),
            "server": server.map(|server| usage_json(server, tally.bytes)),
        });
        if let Value::Object(more) = more {
            map.extend(more);
        }
        Value::Object(map)
    }

    pub(super) fn as_text(&self) -> String {
        let Measured {
            tally,
            seconds,
            client,
            server,
        } = &self.measured;
        let settings = self.settings.iter().map(|(name, value)| match value {
            Value::String(text) => format!("{name} {text}"),
            other => format!("{name} {other}"),
        });
        let mut rows = vec![vec![
            "what".to_owned(),
            settings.collect::<Vec<_>>().join(", "),
        ]];
        let mut row = |name: &str, text: String| rows.push(vec![name.to_owned(), text]);
        row(
            "records",
            format!(
                "{} ({:.0}/s)",
                grouped(tally.records),
                per(tally.records, *seconds)
            ),
        );
        row(
            "requests",
            format!(
                "{} ({:.0}/s)",
                grouped(tally.requests),
                per(tally.requests, *seconds)
            ),
        );
        row(
            "data",
            format!("{:.1} MB/s", per(tally.bytes, *seconds) / 1e6),
        );
        row("latency", latency_text(&tally.latencies));
        row("generator", usage_text(*client, *seconds, tally.bytes));
        if let Some(server) = server {
            row("server", usage_text(*server, *seconds, tally.bytes));
        }
        for (kind, count) in &tally.errors {
            row("error", format!("{} × {kind}", grouped(*count)));
        }
        columns(&rows)
    }
}

fn latency_json(latencies: &Histogram) -> Value {
    json!({
        "mean": milliseconds(latencies.mean()),
        "p50": milliseconds(latencies.permille(500)),
        "p90": milliseconds(latencies.permille(900)),
        "p99": milliseconds(latencies.permille(990)),
        "p99.9": milliseconds(latencies.permille(999)),
        "max": milliseconds(latencies.max()),
    })
}

fn latency_text(latencies: &Histogram) -> String {
    let quantile = |permille| milliseconds(latencies.permille(permille));
    format!(
        "p50 {} ms, p90 {} ms, p99 {} ms, p99.9 {} ms, max {} ms",
        quantile(500),
        quantile(900),
        quantile(990),
        quantile(999),
        milliseconds(latencies.max())
    )
}

fn usage_json(usage: Usage, bytes: u64) -> Value {
    json!({
        "cpuSeconds": round(usage.cpu_seconds),
        "cpuMicrosPerKib": round(micros_per_kib(usage, bytes)),
        "residentMib": round(per(usage.resident_bytes, 1_048_576.0)),
        "writtenBytes": usage.written_bytes,
    })
}

fn usage_text(usage: Usage, seconds: f64, bytes: u64) -> String {
    format!(
        "{:.2} processors busy, {:.2} µs a KiB, {:.0} MiB resident",
        usage.cpu_seconds / seconds.max(1e-9),
        micros_per_kib(usage, bytes),
        per(usage.resident_bytes, 1_048_576.0)
    )
}

fn micros_per_kib(usage: Usage, bytes: u64) -> f64 {
    usage.cpu_seconds * 1e6 / per(bytes.max(1), 1024.0)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "figures are shown with three digits or so"
)]
fn per(count: u64, of: f64) -> f64 {
    if of > 0.0 { count as f64 / of } else { 0.0 }
}

pub(super) fn milliseconds(nanos: u64) -> f64 {
    round(per(nanos, 1e6))
}

/// Three digits after the point are more than any figure here is worth.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::window::Tally;
    use super::*;

    fn report() -> Report {
        let mut tally = Tally::default();
        let begun = Instant::now();
        for milliseconds in 1..=100 {
            tally.success(
                begun,
                begun + Duration::from_millis(milliseconds),
                500,
                512_000,
            );
        }
        tally.error("InternalFailure", 2);
        let client = Usage {
            cpu_seconds: 0.5,
            ..Usage::default()
        };
        Report {
            settings: vec![("workload", json!("put-records"))],
            measured: Measured {
                tally,
                seconds: 10.0,
                client,
                server: None,
            },
        }
    }

    #[test]
    fn rates_are_over_the_time_that_was_measured() {
        let json = report().as_json();
        assert_eq!(json["recordsPerSecond"], json!(5000.0));
        assert_eq!(json["megabytesPerSecond"], json!(5.12));
        assert_eq!(json["errors"]["InternalFailure"], json!(2));
        assert_eq!(json["workload"], json!("put-records"));
    }

    #[test]
    fn the_text_names_errors_and_latencies() {
        let text = report().as_text();
        assert!(text.contains("2 × InternalFailure"), "{text}");
        assert!(text.contains("max 100 ms"), "{text}");
    }
}
