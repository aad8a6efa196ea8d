//! The composition root of `anabranch standalone`: gateway, shards, catalog and their keepers in one process.
//!
//! The only place that knows every part: it opens the data directory, builds each part from plain values, serves, and
//! takes all of it down again in the reverse order. Invariant: what was acknowledged before a stop is there after it.

pub(crate) mod assemble;
pub(crate) mod forget;
pub(crate) mod limits;
pub mod logging;
pub mod options;
pub(crate) mod retention;
pub(crate) mod scrubbing;
pub(crate) mod serve;

use std::path::Path;

use anabranch_crds::{DesiredStream, Manifests};
use anyhow::Context;
use tracing::{info, warn};

use crate::manifests;

pub use options::StandaloneOptions;
pub use retention::keep_trimming;

/// Runs a standalone node until it is told to stop.
pub async fn run(options: StandaloneOptions) -> anyhow::Result<()> {
    logging::install(&options.log)?;
    // Nothing is armed unless a test says so in two environment variables.
    anabranch_store::failpoints::arm_from_environment()?;
    let node = assemble::assemble(&options).await.context("start")?;
    let serving = serve::Serving::start(&options, &node).await?;
    let wishes = match &options.manifests {
        Some(directory) => apply_manifests(directory, &node).await?,
        None => Vec::new(),
    };
    if options.autoscaling {
        serving.autoscale(&options, &node, wishes.clone());
    }
    if !wishes.is_empty() {
        serving.keep_wishes(&node, wishes);
    }
    serving.announce(&options);
    let signal = stop_signal().await?;
    info!(signal, "stopping");
    serving.stop(&node, options.shutdown_grace).await;
    info!("stopped");
    Ok(())
}

/// Makes the streams that the manifests of `directory` wish for.
async fn apply_manifests(
    directory: &Path,
    node: &assemble::Node,
) -> anyhow::Result<Vec<DesiredStream>> {
    let wishes = Manifests::read(directory).context("read the manifests")?;
    for skipped in &wishes.skipped {
        warn!(place = %skipped.place, kind = skipped.kind, "manifest skipped: not a DataStream");
    }
    manifests::apply(&node.services, &wishes.streams)
        .await
        .context("apply the manifests")?;
    Ok(wishes.streams)
}

/// Waits for the signal that a service manager or a person at a terminal sends.
pub async fn stop_signal() -> anyhow::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}
