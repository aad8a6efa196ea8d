//! The rates of all shards of all streams, from a Prometheus by one query.
//!
//! A rate is that of a counter's last two samples (`irate`): it is as new as the scrape, whatever the window. A series that
//! several pods or jobs have (a leader moved, a scrape is configured twice) counts once, by its greatest. How old a sample is
//! goes by the server's own clock, so that clocks may differ. What is missing of a shard, or is no number, is no reading.

use std::collections::BTreeMap;
use std::time::Duration;

use anabranch_domain::autoscale::Reading;
use anabranch_domain::{ShardId, Timestamp};
use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use tokio::time::timeout;

/// An answer that takes longer decides nothing any more.
const ANSWER_MAX: Duration = Duration::from_secs(4);
/// Five series of 200 bytes for each of 20,000 shards, and as much again.
const ANSWER_BYTES_MAX: usize = 48 << 20;
/// Samples that are older than this are none; two scrapes of half a minute fit in.
const WINDOW: &str = "75s";

/// Counters and what each is read as.
const COUNTERS: [(&str, &str); 4] = [
    ("accepted_bytes", "anabranch_shard_incoming_bytes_total"),
    ("accepted_records", "anabranch_shard_incoming_records_total"),
    (
        "refused_bytes",
        "anabranch_shard_write_throttled_bytes_total",
    ),
    (
        "refused_records",
        "anabranch_shard_write_throttled_records_total",
    ),
];

/// Where Prometheus is, and how it is asked.
#[derive(Debug, Clone, Default)]
pub struct PrometheusOptions {
    /// Its address, such as `https://prometheus.monitoring:9090/prometheus`.
    pub url: String,
    /// Labels that the series must have, `name=value`.
    pub labels: Vec<(String, String)>,
    /// Headers of the request, such as a tenant's.
    pub headers: Vec<(String, String)>,
    /// A file with a bearer token, read at each query: tokens are rotated.
    pub bearer_token_file: Option<std::path::PathBuf>,
    /// User and file with the password.
    pub basic_auth: Option<(String, std::path::PathBuf)>,
    /// Certificates to trust, instead of the system's.
    pub ca_file: Option<std::path::PathBuf>,
}

/// A Prometheus, or what speaks as it does.
pub struct Prometheus {
    options: PrometheusOptions,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    query: String,
}

/// Readings by stream and shard.
pub(super) type Readings = BTreeMap<(String, ShardId), Reading>;

impl Prometheus {
    /// Not asked yet.
    pub fn new(options: PrometheusOptions) -> anyhow::Result<Self> {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls(options.ca_file.as_deref())?)
            .https_or_http()
            .enable_http1()
            .build();
        let query = query(&options.labels);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            query,
            options,
        })
    }

    /// What it knows now.
    pub(super) async fn readings(&self, now: Timestamp) -> anyhow::Result<Readings> {
        let answer = timeout(ANSWER_MAX, self.ask()).await;
        let bytes = answer.with_context(|| format!("no answer within {ANSWER_MAX:?}"))??;
        readings(&bytes, now)
    }

    async fn ask(&self) -> anyhow::Result<Bytes> {
        let url = format!("{}/api/v1/query", self.options.url.trim_end_matches('/'));
        let body = format!("query={}", percent_encode(&self.query));
        let mut request = Request::post(url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        if let Some(credentials) = self.credentials()? {
            request = request.header(AUTHORIZATION, credentials);
        }
        for (name, value) in &self.options.headers {
            let name = HeaderName::try_from(name).context("a header's name")?;
            request = request.header(name, HeaderValue::try_from(value)?);
        }
        let request = request.body(Full::new(Bytes::from(body)))?;
        let answer = self.client.request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX);
        let bytes = body
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!(error))?;
        let bytes = bytes.to_bytes();
        if !status.is_success() {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
            bail!("it answers {status}: {text}");
        }
        Ok(bytes)
    }

    fn credentials(&self) -> anyhow::Result<Option<HeaderValue>> {
        let read = |path: &std::path::Path| {
            std::fs::read_to_string(path)
                .map(|text| text.trim().to_owned())
                .with_context(|| format!("read {}", path.display()))
        };
        let text = if let Some(path) = &self.options.bearer_token_file {
            format!("Bearer {}", read(path)?)
        } else if let Some((user, path)) = &self.options.basic_auth {
            let pair = format!("{user}:{}", read(path)?);
            let encoded = base64_simd::STANDARD.encode_to_string(pair);
            format!("Basic {encoded}")
        } else {
            return Ok(None);
        };
        let mut value = HeaderValue::try_from(text)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// Trust in the given certificates, or in the system's.
fn tls(ca_file: Option<&std::path::Path>) -> anyhow::Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        for certificate in rustls_pemfile::certs(&mut &*pem) {
            roots.add(certificate?)?;
        }
    } else {
        let native = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(native.certs);
    }
    Ok(rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The one query: each shard's four rates and the time of its last sample, told apart by the label `reading`.
fn query(labels: &[(String, String)]) -> String {
    let matchers = labels.iter().map(|(name, value)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{name}=\"{value}\"")
    });
    let matchers = matchers.collect::<Vec<_>>().join(",");
    let named = |expression: String, reading: &str| {
        format!(
            "label_replace(max by (stream, shard) ({expression}), \"reading\", \"{reading}\", \"\", \"\")"
        )
    };
    let rates = COUNTERS.iter().map(|(reading, counter)| {
        named(format!("irate({counter}{{{matchers}}}[{WINDOW}])"), reading)
    });
    let sampled = named(
        format!("timestamp({}{{{matchers}}})", COUNTERS[0].1),
        "sampled_at",
    );
    let all: Vec<_> = rates.chain([sampled]).collect();
    all.join(" or ")
}

fn percent_encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    error: Option<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    metric: Labels,
    /// When it was evaluated, and the number as text.
    value: (f64, String),
}

#[derive(Deserialize)]
struct Labels {
    stream: Option<String>,
    shard: Option<String>,
    reading: Option<String>,
}

/// The readings of an answer that was got at `now`.
fn readings(bytes: &[u8], now: Timestamp) -> anyhow::Result<Readings> {
    let answer: Answer = serde_json::from_slice(bytes).context("read its answer")?;
    let data = match answer.data {
        Some(data) if answer.status == "success" => data,
        _ => bail!("it answers: {}", answer.error.unwrap_or(answer.status)),
    };
    let mut found: BTreeMap<(String, ShardId), BTreeMap<String, (f64, f64)>> = BTreeMap::new();
    for Sample { metric, value } in data.result {
        let (Some(stream), Some(shard), Some(reading)) =
            (metric.stream, metric.shard, metric.reading)
        else {
            continue;
        };
        if let (Ok(shard), Ok(number)) = (shard.parse(), value.1.parse()) {
            let of_shard = found.entry((stream, shard)).or_default();
            of_shard.insert(reading, (value.0, number));
        }
    }
    let readings = found.into_iter().filter_map(|(shard, values)| {
        let rate = |name: &str| values.get(name).map(|(_, number)| *number);
        let (evaluated_at, sampled_at) = *values.get("sampled_at")?;
        let age = Duration::try_from_secs_f64(evaluated_at - sampled_at).unwrap_or_default();
        let accepted = (rate("accepted_bytes")?, rate("accepted_records")?);
        let refused = (rate("refused_bytes")?, rate("refused_records")?);
        let reading = Reading::new(now.minus(age), accepted, refused).ok()?;
        Some((shard, reading))
    });
    Ok(readings.collect())
}

#[cfg(test)]
mod tests {
    use anabranch_domain::autoscale::WriteLimits;
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_100);

    fn sample(shard: u32, reading: &str, value: &str) -> Value {
        json!({
            "metric": { "stream": "clicks", "shard": format!("shardId-{shard:012}"), "reading": reading },
            "value": [1_700_000_090.5, value]
        })
    }

    fn answer(samples: &[Value]) -> Vec<u8> {
        let answer =
            json!({ "status": "success", "data": { "resultType": "vector", "result": samples } });
        serde_json::to_vec(&answer).expect("JSON")
    }

    fn shard(index: u32, values: [&str; 5]) -> Vec<Value> {
        let names = COUNTERS
            .map(|(reading, _)| reading)
            .into_iter()
            .chain(["sampled_at"]);
        names
            .zip(values)
            .map(|(name, value)| sample(index, name, value))
            .collect()
    }

    #[test]
    fn a_reading_is_as_old_as_the_server_says() {
        let samples = shard(3, ["524288", "10", "1048576", "20", "1700000085.5"]);
        let readings = readings(&answer(&samples), NOW).expect("an answer");
        let reading = readings[&("clicks".to_owned(), "shardId-3".parse().expect("an id"))];
        assert_eq!(reading.at(), NOW.minus(Duration::from_secs(5)));
        let limits = WriteLimits {
            bytes_per_sec: Some(1 << 20),
            records_per_sec: Some(1_000),
        };
        assert!((reading.load(&limits) - 1.5).abs() < 1e-9);
    }

    #[test]
    fn what_is_partial_absurd_or_no_number_is_no_reading() {
        let mut samples = shard(0, ["NaN", "1", "0", "0", "1700000085"]);
        samples.extend(shard(1, ["-5", "1", "0", "0", "1700000085"]));
        samples.extend(shard(2, ["+Inf", "1", "0", "0", "1700000085"]));
        samples.extend(
            shard(3, ["1", "1", "0", "0", "1700000085"])
                .into_iter()
                .skip(1),
        );
        samples.extend(
            shard(4, ["1", "1", "0", "0", "1700000085"])
                .into_iter()
                .take(4),
        );
        samples.push(json!({ "metric": {}, "value": [1, "2"] }));
        assert!(
            readings(&answer(&samples), NOW)
                .expect("an answer")
                .is_empty()
        );
    }

    #[test]
    fn an_error_is_told_in_its_own_words() {
        let refused = br#"{"status":"error","errorType":"execution","error":"query timed out"}"#;
        let error = readings(refused, NOW).expect_err("an error");
        assert!(error.to_string().contains("query timed out"));
        for broken in [
            &b"<html>"[..],
            b"",
            b"{}",
            b"[]",
            br#"{"status":"success"}"#,
        ] {
            assert!(readings(broken, NOW).is_err());
        }
    }

    #[test]
    fn labels_are_in_every_part_of_the_query() {
        let query = query(&[("namespace".to_owned(), "a\"b".to_owned())]);
        assert_eq!(query.matches("{namespace=\"a\\\"b\"}").count(), 5);
        assert_eq!(query.matches(" or ").count(), 4);
    }
}
