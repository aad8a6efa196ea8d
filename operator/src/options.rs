//! The operator's command line.

// Doc comments on arguments are what `--help` prints, where a terminal shows backticks as they are.
#![allow(clippy::doc_markdown)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anabranch::internal_tls::InternalTlsArgs;
use anabranch::standalone::options::LogFormat;
use clap::Parser;

use crate::autoscaling::PrometheusOptions;
use crate::pools::Patience;

/// What the process is to do.
#[derive(Debug)]
pub enum Command {
    /// Put this release's definitions of the custom resources on the API server, and end.
    ApplyDefinitions,
    /// Work.
    Run(Box<Options>),
}

impl Command {
    /// As the command line says; ends the process where it says nothing that makes sense.
    pub fn of_arguments() -> Self {
        let is_apply = std::env::args().nth(1).as_deref() == Some("apply-crds");
        if is_apply {
            Self::ApplyDefinitions
        } else {
            Self::Run(Box::new(Options::parse()))
        }
    }
}

/// Makes shard pods, shards and reshards of what DataStreams wish for
///
/// Runs in the cluster, installed by the Helm chart. Two may run: one holds the Lease and works, the other waits for it.
///
/// `anabranch-operator apply-crds` puts this release's definitions of the custom resources on the API server, and ends.
#[derive(Debug, Clone, Parser)]
#[command(name = "anabranch-operator", version, max_term_width = 110)]
pub struct Options {
    /// The namespace that is looked after: one AWS account and region
    #[arg(long, value_name = "NAME", env = "ANABRANCH_NAMESPACE")]
    pub namespace: String,

    /// The image that shard pods run
    #[arg(long, value_name = "IMAGE", env = "ANABRANCH_SHARD_IMAGE")]
    pub shard_image: String,

    /// When the image is pulled
    #[arg(
        long,
        value_name = "Always|IfNotPresent|Never",
        env = "ANABRANCH_IMAGE_PULL_POLICY",
        default_value = "IfNotPresent"
    )]
    pub image_pull_policy: String,

    /// The ServiceAccount of shard pods: reads the custom resources
    #[arg(
        long,
        value_name = "NAME",
        env = "ANABRANCH_SHARD_SERVICE_ACCOUNT",
        default_value = "anabranch-shard"
    )]
    pub shard_service_account: String,

    /// The port that shard pods answer on
    #[arg(
        long,
        value_name = "PORT",
        env = "ANABRANCH_SHARD_PORT",
        default_value_t = 4569
    )]
    pub shard_port: u16,

    /// A Secret with a key `encryption-keys.yaml`: the keys of encryption at rest, mounted into shard pods
    #[arg(long, value_name = "NAME", env = "ANABRANCH_ENCRYPTION_KEYS_SECRET")]
    pub encryption_keys_secret: Option<String>,

    /// A Secret with keys `tls.crt`, `tls.key` and `ca.crt`, mounted into shard pods: TLS between pods, with the name and
    /// mode given here
    #[arg(long, value_name = "NAME", env = "ANABRANCH_INTERNAL_TLS_SECRET")]
    pub internal_tls_secret: Option<String>,

    /// More flags for shard pods, such as --no-limits
    #[arg(
        long,
        value_name = "FLAG",
        env = "ANABRANCH_SHARD_ARGS",
        value_delimiter = ' ',
        allow_hyphen_values = true
    )]
    pub shard_arg: Vec<String>,

    /// The account that ARNs name
    #[arg(
        long,
        value_name = "12 DIGITS",
        env = "ANABRANCH_ACCOUNT_ID",
        default_value = "000000000000"
    )]
    pub account_id: String,

    /// The region that ARNs name
    #[arg(
        long,
        value_name = "NAME",
        env = "ANABRANCH_REGION",
        default_value = "us-east-1"
    )]
    pub region: String,

    /// This pod's name: the holder in the Lease
    #[arg(
        long,
        value_name = "NAME",
        env = "POD_NAME",
        default_value = "operator"
    )]
    pub pod_name: String,

    /// Where /healthz, /readyz and /metrics answer
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "ANABRANCH_ADMIN_LISTEN",
        default_value = "127.0.0.1:9567"
    )]
    pub admin_listen: SocketAddr,

    /// Names of Secrets that the image is pulled with
    #[arg(
        long,
        value_name = "NAME,…",
        env = "ANABRANCH_IMAGE_PULL_SECRETS",
        value_delimiter = ','
    )]
    pub image_pull_secrets: Vec<String>,

    /// Whether shard pods get a NetworkPolicy
    #[arg(
        long,
        value_name = "true|false",
        env = "ANABRANCH_NETWORK_POLICIES",
        default_value_t = true,
        action = clap::ArgAction::Set
    )]
    pub network_policies: bool,

    /// Where Prometheus answers queries; without one, the pods are asked themselves
    #[arg(long, value_name = "URL", env = "ANABRANCH_PROMETHEUS_URL")]
    pub prometheus_url: Option<String>,

    /// Labels that the series must have, such as namespace=streams
    #[arg(
        long,
        value_name = "NAME=VALUE,…",
        env = "ANABRANCH_PROMETHEUS_LABELS",
        value_delimiter = ',',
        value_parser = pair
    )]
    pub prometheus_label: Vec<(String, String)>,

    /// Headers of the queries, such as X-Scope-OrgID=team
    #[arg(
        long,
        value_name = "NAME=VALUE,…",
        env = "ANABRANCH_PROMETHEUS_HEADERS",
        value_delimiter = ',',
        value_parser = pair
    )]
    pub prometheus_header: Vec<(String, String)>,

    /// A file with the bearer token that Prometheus wants
    #[arg(
        long,
        value_name = "FILE",
        env = "ANABRANCH_PROMETHEUS_BEARER_TOKEN_FILE"
    )]
    pub prometheus_bearer_token_file: Option<PathBuf>,

    /// The user that Prometheus wants; its password is in --prometheus-password-file
    #[arg(
        long,
        value_name = "NAME",
        env = "ANABRANCH_PROMETHEUS_USERNAME",
        requires = "prometheus_password_file"
    )]
    pub prometheus_username: Option<String>,

    /// A file with that user's password
    #[arg(long, value_name = "FILE", env = "ANABRANCH_PROMETHEUS_PASSWORD_FILE")]
    pub prometheus_password_file: Option<PathBuf>,

    /// Certificates to trust for Prometheus, instead of the system's
    #[arg(long, value_name = "FILE", env = "ANABRANCH_PROMETHEUS_CA_FILE")]
    pub prometheus_ca_file: Option<PathBuf>,

    /// How often streams are looked at for autoscaling, in seconds
    #[arg(
        long,
        value_name = "SECONDS",
        env = "ANABRANCH_AUTOSCALING_INTERVAL",
        default_value_t = 5,
        value_parser = clap::value_parser!(u64).range(1..=300)
    )]
    pub autoscaling_interval: u64,

    /// Shards are spread anew over a pool's pods when none has come or gone for so many seconds; 0: never
    #[arg(
        long,
        value_name = "SECONDS",
        env = "ANABRANCH_REBALANCE_AFTER",
        default_value_t = 60
    )]
    pub rebalance_after: u64,

    /// The replicas of a pod whose node or volume is lost go to others after so many seconds; 0: never
    #[arg(
        long,
        value_name = "SECONDS",
        env = "ANABRANCH_REPLACE_AFTER",
        default_value_t = 600
    )]
    pub replace_after: u64,

    /// How log lines look
    #[arg(
        long,
        value_name = "text|json",
        env = "ANABRANCH_LOG_FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,

    /// Which log lines are written
    #[arg(
        long,
        value_name = "FILTER",
        env = "ANABRANCH_LOG",
        default_value = "info,kube_client=warn"
    )]
    pub log: String,

    /// How this process proves itself to shard pods
    #[command(flatten)]
    pub internal_tls: InternalTlsArgs,
}

/// Where shards are not spread anew, leaderships still go where they belong, after this long.
const LEAD_AFTER: Duration = Duration::from_mins(1);

impl Options {
    /// How long pods are waited for.
    pub fn patience(&self) -> Patience {
        let unless_zero = |seconds| (seconds > 0).then(|| Duration::from_secs(seconds));
        Patience {
            rebalance_after: unless_zero(self.rebalance_after),
            replace_after: unless_zero(self.replace_after),
        }
    }

    /// How long a pod has to have answered before it is given a leadership.
    pub fn lead_after(&self) -> Duration {
        self.patience().rebalance_after.unwrap_or(LEAD_AFTER)
    }

    /// How Prometheus is asked, if it is.
    pub fn prometheus(&self) -> Option<PrometheusOptions> {
        let user = self.prometheus_username.clone();
        Some(PrometheusOptions {
            url: self.prometheus_url.clone().filter(|url| !url.is_empty())?,
            labels: self.prometheus_label.clone(),
            headers: self.prometheus_header.clone(),
            bearer_token_file: self.prometheus_bearer_token_file.clone(),
            basic_auth: user.zip(self.prometheus_password_file.clone()),
            ca_file: self.prometheus_ca_file.clone(),
        })
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("`{text}` is not NAME=VALUE"))
}
