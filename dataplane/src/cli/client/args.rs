//! The arguments that every client command shares.

use std::path::PathBuf;
use std::time::Duration;

use anabranch_wire::Codec;
use anabranch_wire::sigv4::{Scope, Signer};
use clap::{Args, ValueEnum};

use super::connection::{Connections, Protocol};
use super::{Credentials, Endpoint, Kinesis, Scheme, trust};
use crate::cli::outcome::Failure;
use crate::cli::units::parse_duration;

/// Where to connect, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub(in crate::cli) struct ClientArgs {
    /// The Kinesis endpoint [env: ANABRANCH_ENDPOINT, AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL] [default: http://127.0.0.1:4567]
    #[arg(long, value_name = "URL", alias = "endpoint")]
    pub(in crate::cli) endpoint_url: Option<Endpoint>,

    /// The region that requests are signed for [env: AWS_REGION, AWS_DEFAULT_REGION] [default: us-east-1]
    #[arg(long, value_name = "NAME")]
    region: Option<String>,

    /// How bodies are written
    #[arg(
        long,
        value_name = "json|cbor",
        default_value = "json",
        hide_possible_values = true
    )]
    pub(in crate::cli) codec: CodecChoice,

    /// Speak HTTP/2 (with prior knowledge where there is no TLS)
    #[arg(long)]
    http2: bool,

    /// Certificate authorities to believe, PEM [default: the system's]
    #[arg(long, value_name = "FILE", env = "AWS_CA_BUNDLE")]
    ca_cert: Option<PathBuf>,

    /// How long to wait for an answer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
}

/// A codec by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CodecChoice {
    Json,
    Cbor,
}

impl From<CodecChoice> for Codec {
    fn from(choice: CodecChoice) -> Self {
        match choice {
            CodecChoice::Json => Self::Json,
            CodecChoice::Cbor => Self::Cbor,
        }
    }
}

impl ClientArgs {
    /// A client of the endpoint that these arguments and the environment name.
    pub(in crate::cli) fn connect(&self) -> Result<Kinesis, Failure> {
        let endpoint = self.endpoint()?;
        let tls = match endpoint.scheme() {
            Scheme::Http => None,
            Scheme::Https => {
                Some(trust::tls_config(self.ca_cert.as_deref()).map_err(Failure::usage)?)
            }
        };
        let protocol = if self.http2 {
            Protocol::Http2
        } else {
            Protocol::Http1
        };
        let signer = self.signer()?;
        Ok(Kinesis::new(
            Connections::new(endpoint, tls, protocol),
            signer,
            self.codec.into(),
            self.timeout,
        ))
    }

    /// The endpoint that these arguments and the environment name.
    pub(in crate::cli) fn endpoint(&self) -> Result<Endpoint, Failure> {
        Endpoint::discover(self.endpoint_url.as_ref(), variable).map_err(Failure::usage)
    }

    /// Signs for the region and with the credentials that these arguments and the environment name.
    pub(in crate::cli) fn signer(&self) -> Result<Signer, Failure> {
        let credentials = Credentials::discover(variable, self.endpoint()?.is_loopback())
            .map_err(Failure::usage)?;
        let region = self
            .region
            .clone()
            .or_else(|| variable("AWS_REGION"))
            .or_else(|| variable("AWS_DEFAULT_REGION"));
        let scope = Scope::kinesis(region.unwrap_or_else(|| "us-east-1".to_owned()));
        Ok(Signer::new(credentials.into(), scope))
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
