//! A gateway: the Kinesis API over a catalog of custom resources and shards on pods.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anabranch_wire::opaque_token::TokenKey;
use anyhow::Context;
use prometheus::Registry;
use ring::digest::{SHA256, digest};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::GatewayOptions;
use crate::admin::Admin;
use crate::catalog::Catalog;
use crate::catalog::kubernetes::{KubernetesCatalog, Place, Role, follow_secrets};
use crate::clock::{Clock, SystemClock};
use crate::encryption::KeyFile;
use crate::entropy::{Entropy, SystemEntropy};
use crate::fanout::Subscriptions;
use crate::gateway::Gateway;
use crate::gateway::admission::BodyBudget;
use crate::gateway::authenticate::Authenticator;
use crate::gateway::credentials::{KeySource, SharedKeys};
use crate::gateway::listener::{Connections, Pace};
use crate::gateway::reloaded::Reloaded;
use crate::gateway::tls::TlsFiles;
use crate::metrics::Metrics;
use crate::operations::Services;
use crate::serving::{PodAddresses, RemoteShards, Shards};
use crate::standalone::assemble::{PUT_PATIENCE, account};
use crate::standalone::limits::{call_rates, limits};
use crate::standalone::options::Authentication;
use crate::standalone::serve::{ADMIN_CONNECTIONS_MAX, authenticator, bind, bounds, follow};
use crate::standalone::{logging, stop_signal};

/// Between SIGTERM and the first refused connection: by then the Service's endpoints no longer name this pod.
const ENDPOINTS_SETTLE: Duration = Duration::from_secs(2);

/// Runs a gateway until it is told to stop.
pub async fn run_gateway(options: GatewayOptions) -> anyhow::Result<()> {
    logging::install(&options.log)?;
    let registry = Registry::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let account = account(&options.account_id, &options.region)?;
    let where_it_is = Place {
        namespace: options.cluster.namespace.clone(),
        role: Role::Gateway,
        default_pool: options.default_pool.clone(),
    };
    let limits = limits(&options.limits);
    let client = super::client().await?;
    let catalog = Arc::new(KubernetesCatalog::new(
        client.clone(),
        where_it_is,
        Arc::clone(&clock),
        account,
        limits,
    ));
    let services = Arc::new(services(&options, &catalog, clock, &registry)?);

    let (requests_end, keeping_ends) = (CancellationToken::new(), CancellationToken::new());
    let tasks = TaskTracker::new();
    let followed = Arc::clone(&catalog);
    let following = async move { followed.follow().await };
    tasks.spawn(keeping_ends.clone().run_until_cancelled_owned(following));

    let pace = Pace {
        request_head_max: options.bounds.request_head_timeout,
        idle_max: options.bounds.idle_timeout,
    };
    let connections = Connections::new(options.bounds.connections, pace, requests_end.clone());
    let account = services.snapshot().account.id;
    let (region, skew) = (&options.region, options.clock_skew_max);
    let who = if let Some(said) = &options.authentication {
        authenticator(said, account, region, skew, &tasks, &keeping_ends)?
    } else {
        let keys = Arc::new(SharedKeys::new(account));
        let (told, namespace) = (Arc::clone(&keys), options.cluster.namespace.clone());
        let client = client.clone();
        let following = async move {
            follow_secrets(client, &namespace, |secrets| told.replace(secrets)).await;
        };
        tasks.spawn(keeping_ends.clone().run_until_cancelled_owned(following));
        Authenticator::with_keys(KeySource::Shared(keys), region, skew)
    };
    let gateway = Arc::new(Gateway {
        services: Arc::clone(&services),
        authenticator: who,
        bodies: BodyBudget::new(
            usize::try_from(options.bounds.inflight_request_bytes).unwrap_or(usize::MAX),
        ),
        bounds: bounds(&services),
        body_patience: options.bounds.request_body_timeout,
    });
    // Probes are answered before there is a catalog, the API only after: a gateway without one knows no stream.
    if let Some(address) = options.admin_listen {
        serve_admin(address, pace, &requests_end, &tasks, registry, &catalog).await?;
    }
    let mut stopping = std::pin::pin!(stop_signal());
    let signal = loop {
        tokio::select! {
            signal = &mut stopping => break Some(signal?),
            synced = catalog.is_synced_within(Duration::from_secs(10)) => {
                if synced {
                    break None;
                }
                warn!("waiting for the Kubernetes API: the catalog is not listed yet");
            }
        }
    };
    if signal.is_none() {
        let listener = bind(options.listen).await?;
        let listening = listener.local_addr()?;
        if let Some(tls) = &options.tls {
            let files = Arc::new(Reloaded::open(TlsFiles::new(&tls.certificate, &tls.key))?);
            follow(&tasks, &keeping_ends, &files);
            let listener = bind(tls.listen).await?;
            let service = Arc::clone(&gateway).service();
            tasks.spawn(connections.clone().serve(listener, service, Some(files)));
        }
        tasks.spawn(connections.clone().serve(listener, gateway.service(), None));
        info!(listen = %listening, namespace = options.cluster.namespace, "ready");
        if options.authentication == Some(Authentication::Anonymous) {
            warn!("anybody may do anything: started with --allow-anonymous");
        }
        let signal = stopping.await?;
        info!(signal, "stopping");
        // New connections still come for a moment: they are served, not refused.
        tokio::time::sleep(ENDPOINTS_SETTLE).await;
    }
    requests_end.cancel();
    connections.drain(options.shutdown_grace).await;
    keeping_ends.cancel();
    tasks.close();
    let _ = tokio::time::timeout(options.shutdown_grace, tasks.wait()).await;
    info!("stopped");
    Ok(())
}

fn services(
    options: &GatewayOptions,
    catalog: &Arc<KubernetesCatalog>,
    clock: Arc<dyn Clock>,
    registry: &Registry,
) -> anyhow::Result<Services> {
    let keys = match &options.encryption_keys {
        Some(path) => KeyFile::read(path)?,
        None => KeyFile::none(),
    };
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    let addresses = PodAddresses::Service {
        namespace: options.cluster.namespace.clone(),
        port: options.cluster.shard_port,
    };
    Ok(Services {
        catalog: Arc::clone(catalog) as Arc<dyn Catalog>,
        subscriptions: Subscriptions::new(options.bounds.subscriptions),
        token_key: token_key(options.token_key_file.as_deref(), &*entropy)?,
        shards: Shards::Remote(Arc::new(RemoteShards::new(addresses, keys.ring()))),
        keys: Arc::new(keys),
        clock,
        entropy,
        metrics: Metrics::register(registry)?,
        calls: call_rates(&options.limits),
        put_patience: PUT_PATIENCE,
    })
}

/// The key that seals iterators and page tokens: all gateways need the same.
fn token_key(path: Option<&Path>, entropy: &dyn Entropy) -> anyhow::Result<TokenKey> {
    let mut secret = [0; TokenKey::LEN];
    match path {
        None => {
            warn!(
                "no --token-key-file: iterators end with this process, and no other gateway takes them"
            );
            entropy.fill(&mut secret);
        }
        Some(path) => {
            let bytes = std::fs::read(path)
                .with_context(|| format!("read the token key {}", path.display()))?;
            anyhow::ensure!(
                bytes.len() >= TokenKey::LEN,
                "the token key {} is shorter than {} bytes; `head -c 32 /dev/urandom` makes one",
                path.display(),
                TokenKey::LEN
            );
            secret.copy_from_slice(digest(&SHA256, &bytes).as_ref());
        }
    }
    Ok(TokenKey::new(&secret))
}

async fn serve_admin(
    address: SocketAddr,
    pace: Pace,
    requests_end: &CancellationToken,
    tasks: &TaskTracker,
    registry: Registry,
    catalog: &Arc<KubernetesCatalog>,
) -> anyhow::Result<()> {
    let (catalog, ending) = (Arc::clone(catalog), requests_end.clone());
    let admin = Admin {
        registry,
        // Not whether the Kubernetes API answers now: puts and gets go on without it.
        readiness: Arc::new(move || {
            if ending.is_cancelled() {
                Err("stopping".to_owned())
            } else if catalog.is_synced() {
                Ok(())
            } else {
                Err("the catalog is not listed yet".to_owned())
            }
        }),
        before_scrape: Arc::new(|| {}),
    };
    let listener = bind(address).await?;
    let connections = Connections::new(ADMIN_CONNECTIONS_MAX, pace, requests_end.clone());
    let pages = admin.service();
    tasks.spawn(connections.serve(listener, pages, None));
    Ok(())
}
