//! The flags, the same for gateway, shard pod and operator.

use std::path::PathBuf;

use clap::Args;
use rustls::pki_types::ServerName;

use super::{InternalTlsMode, InternalTlsOptions};

/// How a process proves itself to the others of its cluster.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "TLS between pods")]
pub struct InternalTlsArgs {
    /// A directory with tls.crt, tls.key and ca.crt (PEM), such as a mounted Secret: gateways, shard pods and the operator
    /// then prove to each other who they are. Read again when it changes [default: none, plain text]
    #[arg(
        long = "internal-tls-dir",
        value_name = "DIR",
        env = "ANABRANCH_INTERNAL_TLS_DIR"
    )]
    directory: Option<PathBuf>,

    /// permissive: also speak plain text with those that know no TLS, while a cluster changes over
    #[arg(
        long = "internal-tls-mode",
        value_name = "MODE",
        env = "ANABRANCH_INTERNAL_TLS_MODE",
        default_value_t = InternalTlsMode::Strict,
        ignore_case = true,
        value_enum
    )]
    mode: InternalTlsMode,

    /// The DNS name that each of their certificates must have
    #[arg(
        long = "internal-tls-name",
        value_name = "NAME",
        env = "ANABRANCH_INTERNAL_TLS_NAME",
        default_value = "shard.anabranch",
        value_parser = parse_name
    )]
    name: ServerName<'static>,
}

impl InternalTlsArgs {
    /// What was chosen, if anything.
    pub fn options(&self) -> Option<InternalTlsOptions> {
        Some(self.in_directory(self.directory.clone()?))
    }

    /// What was chosen, with the files in another directory.
    pub fn in_directory(&self, directory: PathBuf) -> InternalTlsOptions {
        InternalTlsOptions {
            directory,
            mode: self.mode,
            name: self.name.clone(),
        }
    }

    /// Who may speak to whom.
    pub fn mode(&self) -> InternalTlsMode {
        self.mode
    }

    /// The name in certificates.
    pub fn name(&self) -> String {
        self.name.to_str().into_owned()
    }
}

fn parse_name(text: &str) -> Result<ServerName<'static>, String> {
    match ServerName::try_from(text) {
        Ok(name @ ServerName::DnsName(_)) => Ok(name.to_owned()),
        _ => Err(format!(
            "`{text}` is not a DNS name, such as shard.anabranch"
        )),
    }
}
