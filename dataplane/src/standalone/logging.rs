//! Where log lines go and what they look like. Standard error: standard output belongs to commands that answer.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use super::options::{LogFormat, LogOptions};

/// Installs the process's subscriber; one that is there already stays.
pub fn install(options: &LogOptions) -> anyhow::Result<()> {
    let filter: EnvFilter = options
        .filter
        .parse()
        .with_context(|| format!("log filter `{}`", options.filter))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Colours are for who reads them at once, not for files and log collectors.
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_writer(std::io::stderr);
    // A second call in one process, as tests make it, keeps the first subscriber.
    let _ = match options.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    Ok(())
}
