//! The operator's command line.

// Doc comments on arguments are what `--help` prints, where a terminal shows backticks as they are.
#![allow(clippy::doc_markdown)]

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

use crate::autoscaling::PrometheusOptions;
use crate::installations::Settings;

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
    /// The namespace that the operator is in, and looks after: one AWS account and region
    #[arg(long, value_name = "NAME", env = "ANABRANCH_NAMESPACE")]
    pub namespace: String,

    /// all-namespaces: look after those namespaces too whose installation names this operator's namespace
    #[arg(
        long,
        value_name = "namespace|all-namespaces",
        env = "ANABRANCH_WATCH",
        default_value_t = Watch::Namespace,
        ignore_case = true,
        hide_possible_values = true,
        value_enum
    )]
    pub watch: Watch,

    /// Where certificates of TLS between pods in other namespaces are kept while it runs, in memory best
    #[arg(long, value_name = "DIR", env = "ANABRANCH_CERTIFICATES_DIR")]
    pub certificates_dir: Option<PathBuf>,

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

    /// Which log lines are written
    #[arg(
        long,
        value_name = "FILTER",
        env = "ANABRANCH_LOG",
        default_value = "info,kube_client=warn"
    )]
    pub log: String,

    /// What is to be known of the installation in its own namespace
    #[command(flatten)]
    pub settings: Settings,
}

/// Which namespaces are looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Watch {
    /// The operator's own.
    Namespace,
    /// That one, and each whose installation asks for it.
    #[value(alias = "AllNamespaces")]
    AllNamespaces,
}

/// The label that tells the series of several namespaces apart.
const NAMESPACE_LABEL: &str = "namespace";

impl Options {
    /// How a Prometheus is asked for `namespace` with these settings, if one is.
    pub fn prometheus(&self, namespace: &str, settings: &Settings) -> Option<PrometheusOptions> {
        if let Some(service) = &settings.prometheus_service {
            return Some(PrometheusOptions {
                url: format!("http://{service}.{namespace}.svc:9090"),
                ..PrometheusOptions::default()
            });
        }
        let user = self.prometheus_username.clone();
        let mut labels = self.prometheus_label.clone();
        if self.watch == Watch::AllNamespaces {
            // Streams of two namespaces may have one name.
            labels.retain(|(name, _)| name != NAMESPACE_LABEL);
            labels.push((NAMESPACE_LABEL.to_owned(), namespace.to_owned()));
        }
        Some(PrometheusOptions {
            url: self.prometheus_url.clone().filter(|url| !url.is_empty())?,
            labels,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str], namespace: &str) -> Option<PrometheusOptions> {
        let least = ["anabranch-operator", "--namespace=own", "--shard-image=it"];
        let options = Options::parse_from(least.iter().chain(arguments));
        options.prometheus(namespace, &options.settings)
    }

    #[test]
    fn a_prometheus_of_all_namespaces_is_asked_for_each_by_its_label() {
        let url = "--prometheus-url=http://it";
        let labels = "--prometheus-label=namespace=own,cluster=a";
        let own = asked(&[url, labels], "own").expect("asked");
        assert_eq!(own.labels[0], ("namespace".to_owned(), "own".to_owned()));
        let other = asked(&[url, labels, "--watch=AllNamespaces"], "other").expect("asked");
        let expected = [("cluster", "a"), ("namespace", "other")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(other.labels, expected);
    }

    #[test]
    fn a_namespaces_own_prometheus_is_asked_without_what_others_are_told() {
        let header = "--prometheus-header=X-Scope-OrgID=a";
        let service = "--prometheus-service=small";
        let asked = asked(&["--prometheus-url=http://it", header, service], "own").expect("asked");
        assert_eq!(asked.url, "http://small.own.svc:9090");
        assert!(asked.headers.is_empty() && asked.labels.is_empty());
    }
}
