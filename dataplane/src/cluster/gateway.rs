//! A gateway: the Kinesis API over a catalog of custom resources and shards on pods.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anabranch_wire::opaque_token::TokenKey;
use anyhow::Context;
use prometheus::Registry;
use ring::digest::{SHA256, digest};
use tracing::{info, warn};

use super::GatewayOptions;
use super::process::Process;
use super::recollection::{CATALOG, KEYS, keep_catalog};
use crate::admin::Admin;
use crate::catalog::Catalog;
use crate::catalog::kubernetes::{
    CatalogObjects, Client, KubernetesCatalog, LabelledSecret, NewStreams, Place, Role,
    follow_secrets,
};
use crate::clock::{Clock, SystemClock};
use crate::dial::Dial;
use crate::entropy::{Entropy, SystemEntropy};
use crate::fanout::Subscriptions;
use crate::gateway::Gateway;
use crate::gateway::admission::BodyBudget;
use crate::gateway::authenticate::Authenticator;
use crate::gateway::credentials::{KeySource, SharedKeys};
use crate::gateway::listener::{Connections, Pace};
use crate::gateway::reloaded::Reloaded;
use crate::gateway::tls::TlsFiles;
use crate::internal_tls::network;
use crate::metrics::Metrics;
use crate::operations::Services;
use crate::recollection::Recollection;
use crate::serving::{PodAddresses, RemoteShards, Shards};
use crate::standalone::assemble::{PUT_PATIENCE, account};
use crate::standalone::forget::keep_forgetting;
use crate::standalone::limits::{call_rates, limits};
use crate::standalone::options::Authentication;
use crate::standalone::serve::{ADMIN_CONNECTIONS_MAX, authenticator, bind, bounds, follow};
use crate::standalone::{logging, stop_signal};

/// Between SIGTERM and the first refused connection: by then the Service's endpoints no longer name this pod.
const ENDPOINTS_SETTLE: Duration = Duration::from_secs(2);

/// An API server that does not answer for this long is gone on without, where something is known.
const API_PATIENCE: Duration = Duration::from_secs(5);

/// Runs a gateway until it is told to stop.
pub async fn run_gateway(options: GatewayOptions) -> anyhow::Result<()> {
    logging::install(&options.log)?;
    let registry = Registry::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let account = account(&options.account_id, &options.region)?;
    let where_it_is = Place {
        namespace: options.cluster.namespace.clone(),
        role: Role::Gateway,
        new_streams: NewStreams {
            pool: options.default_pool.clone(),
            replication_factor: options.default_replication_factor,
        },
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
    let process = Process::new();
    let recollection = Recollection::in_directory(options.state_dir.clone());
    let pods = super::find_pods(&client, &options.cluster, &recollection, &process);
    let (tasks, ends) = (&process.tasks, &process.keeping_ends);
    let tls = super::open_tls(&options.cluster, tasks, ends)?;
    let shards = (pods, network(tls.as_ref()));
    let services = Arc::new(services(&options, &catalog, shards, clock, &registry)?);
    let followed = Arc::clone(&catalog);
    process.keep(async move { followed.follow().await });
    process.keep(keep_catalog(recollection.clone(), Arc::clone(&catalog)));
    let (forgetting, ends) = (Arc::clone(&services), process.keeping_ends.clone());
    process.keep(keep_forgetting(forgetting, ends));

    let pace = Pace {
        request_head_max: options.bounds.request_head_timeout,
        idle_max: options.bounds.idle_timeout,
    };
    let requests_end = process.requests_end.clone();
    let connections = Connections::new(options.bounds.connections, pace, requests_end);
    let who = who_may_call(&options, &services, &client, &recollection, &process)?;
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
        serve_admin(address, pace, &process, registry, &catalog).await?;
    }
    let mut stopping = std::pin::pin!(stop_signal());
    let signal = loop {
        tokio::select! {
            signal = &mut stopping => break Some(signal?),
            synced = catalog.is_synced_within(API_PATIENCE) => {
                if synced {
                    break None;
                }
                warn!("waiting for the Kubernetes API: the catalog is not listed yet");
                if let Some(seen_last) = recollection.recall::<CatalogObjects>(CATALOG) {
                    catalog.begin_with(seen_last);
                }
            }
        }
    };
    if signal.is_none() {
        let listener = bind(options.listen).await?;
        let listening = listener.local_addr()?;
        if let Some(tls) = &options.tls {
            let files = Arc::new(Reloaded::open(TlsFiles::new(&tls.certificate, &tls.key))?);
            follow(&process.tasks, &process.keeping_ends, &files);
            let listener = bind(tls.listen).await?;
            let service = Arc::clone(&gateway).service();
            let serving = connections.clone().serve(listener, service, Some(files));
            process.tasks.spawn(serving);
        }
        let serving = connections.clone().serve(listener, gateway.service(), None);
        process.tasks.spawn(serving);
        info!(listen = %listening, namespace = options.cluster.namespace, "ready");
        if options.authentication == Some(Authentication::Anonymous) {
            warn!("anybody may do anything: started with --allow-anonymous");
        }
        let signal = stopping.await?;
        info!(signal, "stopping");
        // New connections still come for a moment: they are served, not refused.
        tokio::time::sleep(ENDPOINTS_SETTLE).await;
    }
    process.requests_end.cancel();
    connections.drain(options.shutdown_grace).await;
    process.end(options.shutdown_grace).await;
    info!("stopped");
    Ok(())
}

/// Who may call: as the options say, else holders of the access keys in labelled Secrets.
fn who_may_call(
    options: &GatewayOptions,
    services: &Services,
    client: &Client,
    recollection: &Recollection,
    process: &Process,
) -> anyhow::Result<Authenticator> {
    let account = services.snapshot().account.id;
    let (region, skew) = (&options.region, options.clock_skew_max);
    if let Some(said) = &options.authentication {
        let (tasks, ends) = (&process.tasks, &process.keeping_ends);
        return authenticator(said, account, region, skew, tasks, ends);
    }
    let keys = Arc::new(SharedKeys::new(account));
    let (told, namespace) = (Arc::clone(&keys), options.cluster.namespace.clone());
    if let Some(secrets) = recollection.recall::<Vec<LabelledSecret>>(KEYS) {
        keys.replace(secrets);
    }
    let (client, recollection) = (client.clone(), recollection.clone());
    process.keep(async move {
        follow_secrets(client, &namespace, |secrets| {
            recollection.keep(KEYS, &secrets);
            told.replace(secrets);
        })
        .await;
    });
    Ok(Authenticator::with_keys(
        KeySource::Shared(keys),
        region,
        skew,
    ))
}

fn services(
    options: &GatewayOptions,
    catalog: &Arc<KubernetesCatalog>,
    (pods, dial): (PodAddresses, Arc<dyn Dial>),
    clock: Arc<dyn Clock>,
    registry: &Registry,
) -> anyhow::Result<Services> {
    let keys = super::key_file(options.encryption_keys.as_deref())?;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    Ok(Services {
        catalog: Arc::clone(catalog) as Arc<dyn Catalog>,
        subscriptions: Subscriptions::new(options.bounds.subscriptions),
        token_key: token_key(options.token_key_file.as_deref(), &*entropy)?,
        shards: Shards::Remote(Arc::new(RemoteShards::over(dial, pods, keys.ring()))),
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
    process: &Process,
    registry: Registry,
    catalog: &Arc<KubernetesCatalog>,
) -> anyhow::Result<()> {
    let (catalog, ending) = (Arc::clone(catalog), process.requests_end.clone());
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
    let ends = process.requests_end.clone();
    let connections = Connections::new(ADMIN_CONNECTIONS_MAX, pace, ends);
    let pages = admin.service();
    process
        .tasks
        .spawn(connections.serve(listener, pages, None));
    Ok(())
}
