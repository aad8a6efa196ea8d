//! The composition root of `anabranch standalone`: gateway, shards and catalog in one process.

pub mod options;

pub use options::StandaloneOptions;

/// Runs a standalone node until it is told to stop.
pub async fn run(options: StandaloneOptions) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(options.listen).await?;
    anyhow::bail!(
        "the node is not built yet; it would listen on {}",
        listener.local_addr()?
    )
}
