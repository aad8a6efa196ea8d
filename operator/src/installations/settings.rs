//! What the operator must know of one namespace's installation: flags where the namespace is the operator's own, the data of
//! a `ConfigMap` where it is another.
//!
//! Both are read by the same declaration, so that a setting is declared, checked and explained once. **Invariant:** what an
//! installation says concerns its own namespace: no path of the operator's file system, no address outside of the namespace.

// Doc comments on arguments are what `--help` prints, where a terminal shows backticks as they are.
#![allow(clippy::doc_markdown)]

use std::collections::BTreeMap;
use std::time::Duration;

use anabranch::internal_tls::InternalTlsArgs;
use anabranch::standalone::options::LogFormat;
use anabranch_domain::catalog::Account;
use anyhow::Context as _;
use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{Args, Command, FromArgMatches as _};

use crate::pools::Patience;
use crate::resources::{MountedTls, Pods};

/// What only the process itself may be told: it is a path on its disk.
const OF_THE_PROCESS: [&str; 1] = ["internal-tls-dir"];

/// Where shards are not spread anew, leaderships still go where they belong, after this long.
const LEAD_AFTER: Duration = Duration::from_mins(1);

/// One namespace's settings.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "The installation in the namespace")]
pub struct Settings {
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

    /// What each shard pod sends a second to replicas elsewhere that lag; its own default where this is empty
    #[arg(long, value_name = "BYTES|off", env = "ANABRANCH_CATCH_UP_RATE")]
    pub catch_up_rate: Option<String>,

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

    /// A Service of the namespace that is a Prometheus for its shard pods alone: asked before any other
    #[arg(
        long,
        value_name = "NAME",
        env = "ANABRANCH_PROMETHEUS_SERVICE",
        value_parser = service_name
    )]
    pub prometheus_service: Option<String>,

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

    /// How processes of the namespace prove themselves to shard pods
    #[command(flatten)]
    pub internal_tls: InternalTlsArgs,
}

impl Settings {
    /// What the data of an installation's `ConfigMap` say: a key is a flag without its dashes. Refused with a sentence.
    pub fn of_installation(data: &BTreeMap<String, String>) -> Result<Self, String> {
        let declared = Self::augment_args(Command::new("installation"))
            .no_binary_name(true)
            .disable_help_flag(true)
            .disable_version_flag(true)
            // The environment is the operator's own installation's.
            .mut_args(|argument| argument.env(Resettable::Reset));
        let is_known = |key: &str| {
            let mut flags = declared.get_arguments().filter_map(clap::Arg::get_long);
            flags.any(|flag| flag == key) && !OF_THE_PROCESS.contains(&key)
        };
        if let Some(unknown) = data.keys().find(|key| !is_known(key)) {
            let release = env!("CARGO_PKG_VERSION");
            return Err(format!(
                "`{unknown}` is not a setting that this operator knows: it is of release {release}. If the chart here is a later one, \
                 upgrade the operator's release first"
            ));
        }
        let arguments = data.iter().map(|(key, value)| format!("--{key}={value}"));
        let settings = declared
            .try_get_matches_from(arguments)
            .and_then(|matches| Self::from_arg_matches(&matches))
            .map_err(|error| sentence(&error))?;
        settings
            .account()
            .map_err(|failure| format!("{failure:#}"))?;
        Ok(settings)
    }

    /// The account that the namespace is.
    pub fn account(&self) -> anyhow::Result<Account> {
        let account_id = self.account_id.parse().context("account-id")?;
        Ok(Account::new(
            account_id,
            self.region.parse().context("region")?,
        ))
    }

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

    fn shard_args(&self) -> Vec<String> {
        let rate = self.catch_up_rate.iter();
        let rate = rate.map(|rate| format!("--catch-up-rate={rate}"));
        rate.chain(self.shard_arg.iter().cloned()).collect()
    }

    /// What all shard pods of `namespace` have in common, where the operator is in the namespace `operator`.
    pub fn pods(&self, namespace: &str, operator: &str) -> Pods {
        let tls = self.internal_tls_secret.clone().map(|secret| MountedTls {
            secret,
            mode: self.internal_tls.mode(),
            name: self.internal_tls.name(),
        });
        Pods {
            image: self.shard_image.clone(),
            image_pull_policy: self.image_pull_policy.clone(),
            image_pull_secrets: self.image_pull_secrets.clone(),
            network_policies: self.network_policies,
            service_account: self.shard_service_account.clone(),
            port: self.shard_port,
            namespace: namespace.to_owned(),
            operator_namespace: operator.to_owned(),
            account_id: self.account_id.clone(),
            region: self.region.clone(),
            encryption_keys_secret: self.encryption_keys_secret.clone(),
            log_format: self.log_format,
            internal_tls: tls,
            args: self.shard_args(),
        }
    }
}

/// What clap says, in one line and without its advice on command lines.
fn sentence(error: &clap::Error) -> String {
    let said = error.to_string();
    let said = said.trim_start_matches("error: ");
    let paragraph = said.split("\n\n").next().unwrap_or(said);
    let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    match error.kind() {
        ErrorKind::MissingRequiredArgument => format!("settings are missing: {words}"),
        _ => words,
    }
}

/// A Service's name: it becomes part of an address, and must not become another address.
fn service_name(text: &str) -> Result<String, String> {
    let is_label = text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    if is_label {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not the name of a Service"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let least = [
            ("shard-image", "localhost/anabranch:1"),
            ("account-id", "111122223333"),
        ];
        let all = least.iter().chain(pairs);
        all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_config_map_says_what_flags_say() {
        let said = data(&[
            ("region", "eu-central-1"),
            ("image-pull-secrets", "one,two"),
            ("network-policies", "false"),
            ("internal-tls-secret", "between-pods"),
            ("internal-tls-mode", "Permissive"),
            ("replace-after", "0"),
            ("log-format", "json"),
            ("shard-arg", "--no-limits --max-connections=9"),
        ]);
        let settings = Settings::of_installation(&said).expect("settings");
        let pods = settings.pods("orders", "anabranch-system");
        assert_eq!(
            (pods.account_id.as_str(), pods.region.as_str()),
            ("111122223333", "eu-central-1")
        );
        assert_eq!(pods.image_pull_secrets, ["one", "two"]);
        assert_eq!(pods.args, ["--no-limits", "--max-connections=9"]);
        assert!(!pods.network_policies);
        assert_eq!(
            pods.internal_tls.map(|tls| tls.secret).as_deref(),
            Some("between-pods")
        );
        let patience = settings.patience();
        assert_eq!(patience.replace_after, None);
        assert_eq!(patience.rebalance_after, Some(Duration::from_mins(1)));
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_words() {
        for (key, value, said) in [
            ("account-id", "12", "account-id"),
            ("region", "Frankfurt am Main", "region"),
            ("colour", "blue", "`colour` is not a setting"),
            (
                "internal-tls-dir",
                "/etc",
                "`internal-tls-dir` is not a setting",
            ),
            (
                "prometheus-url",
                "http://elsewhere",
                "`prometheus-url` is not a setting",
            ),
            (
                "prometheus-service",
                "elsewhere.example/?",
                "is not the name of a Service",
            ),
            ("rebalance-after", "soon", "invalid value 'soon'"),
            ("help", "", "`help` is not a setting"),
        ] {
            let mut all = data(&[]);
            all.insert(key.to_owned(), value.to_owned());
            let refusal = Settings::of_installation(&all).expect_err(key);
            assert!(refusal.contains(said), "{key}: {refusal}");
            assert!(!refusal.contains('\n'), "{refusal}");
        }
        let refusal = Settings::of_installation(&BTreeMap::new()).expect_err("nothing");
        assert!(refusal.contains("--shard-image"), "{refusal}");
    }
}
