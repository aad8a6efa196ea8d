//! The operator's process: built once, working while it holds the Lease of its namespace.

use std::sync::Arc;
use std::time::Duration;

use anabranch::admin::Admin;
use anabranch::catalog::kubernetes::connect;
use anabranch::gateway::listener::{Connections, Pace};
use anabranch::internal_tls::InternalTls;
use anabranch::standalone::options::{LogFormat, LogOptions};
use anabranch::standalone::{logging, stop_signal};
use anyhow::Context as _;
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::Options;
use crate::election::Candidate;
use crate::installations::{self, InstallationMetrics};
use crate::metrics::Metrics;
use crate::namespace::{Namespace, Process};
use crate::options::Watch;

/// What is under way when the process is told to stop ends within this, or is left to whoever leads next.
const STOPS_WITHIN: Duration = Duration::from_secs(10);

/// What is counted.
struct Counters {
    installations: InstallationMetrics,
    namespaces: Metrics,
}

/// Puts this release's definitions on the API server.
pub async fn apply_definitions() -> anyhow::Result<()> {
    logging::install(&LogOptions {
        format: LogFormat::Text,
        filter: "info".to_owned(),
    })?;
    let client = client().await?;
    crate::definitions::apply(client)
        .await
        .context("apply the definitions: this needs rights on customresourcedefinitions")
}

async fn client() -> anyhow::Result<kube::Client> {
    connect()
        .await
        .map_err(|failure| anyhow::anyhow!(failure))
        .context("find the Kubernetes API: run in a pod, or with a KUBECONFIG")
}

/// Runs until told to stop, or until the Lease is lost.
pub async fn run(options: Options) -> anyhow::Result<()> {
    logging::install(&LogOptions {
        format: options.settings.log_format,
        filter: options.log.clone(),
    })?;
    let registry = Registry::new();
    let counters = Counters {
        installations: InstallationMetrics::register(&registry)?,
        namespaces: Metrics::register(&registry, &options.namespace)?,
    };
    let ends = CancellationToken::new();
    let tls = InternalTls::open_if_said(options.settings.internal_tls.options().as_ref())?;
    if let Some(tls) = &tls {
        tokio::spawn(ends.clone().run_until_cancelled_owned(tls.follow()));
    }
    let admin = serve_admin(&options, registry, &ends).await?;
    let client = client().await?;
    let candidate = Candidate::new(client.clone(), &options.namespace, options.pod_name.clone());
    let mut stopping = std::pin::pin!(stop_signal());
    tokio::select! {
        signal = &mut stopping => {
            info!(signal = signal?, "stopped while waiting for the Lease");
            return Ok(());
        }
        () = candidate.acquire() => {}
    }
    info!(holder = options.pod_name, watch = ?options.watch, "leading");
    let mut leading = std::pin::pin!(lead(options, client, tls, &counters, &ends));
    let lost = tokio::select! {
        signal = &mut stopping => {
            info!(signal = signal?, "stopping");
            ends.cancel();
            if timeout(STOPS_WITHIN, leading).await.is_err() {
                warn!("stopped in the midst of work");
            }
            false
        }
        () = candidate.hold() => true,
        led = &mut leading => {
            led?;
            false
        }
    };
    ends.cancel();
    admin.drain(Duration::from_secs(1)).await;
    if lost {
        anyhow::bail!("the Lease was lost: another operator leads now");
    }
    candidate.release().await;
    info!("stopped");
    Ok(())
}

/// Works as the one that leads, until `ends`.
async fn lead(
    options: Options,
    client: kube::Client,
    tls: Option<InternalTls>,
    counters: &Counters,
    ends: &CancellationToken,
) -> anyhow::Result<()> {
    let own = options.namespace.clone();
    let (settings, watch) = (options.settings.clone(), options.watch);
    let process = Arc::new(Process {
        client,
        options,
        metrics: counters.namespaces.clone(),
    });
    let others = async {
        match watch {
            Watch::Namespace => Ok(()),
            Watch::AllNamespaces => {
                let metrics = counters.installations.clone();
                installations::run(Arc::clone(&process), metrics, ends.clone()).await
            }
        }
    };
    let own = Namespace {
        process: Arc::clone(&process),
        name: own,
        settings,
        tls,
    };
    tokio::try_join!(own.look_after(ends), others)?;
    Ok(())
}

async fn serve_admin(
    options: &Options,
    registry: Registry,
    ends: &CancellationToken,
) -> anyhow::Result<Connections> {
    let admin = Admin {
        registry,
        // One that waits for the Lease is as ready as one that has it.
        readiness: Arc::new(|| Ok(())),
        before_scrape: Arc::new(|| {}),
    };
    let pace = Pace {
        request_head_max: Duration::from_secs(10),
        idle_max: Duration::from_mins(10),
    };
    let listener = TcpListener::bind(options.admin_listen)
        .await
        .with_context(|| format!("listen on {}", options.admin_listen))?;
    let connections = Connections::new(64, pace, ends.clone());
    tokio::spawn(connections.clone().serve(listener, admin.service(), None));
    Ok(connections)
}
