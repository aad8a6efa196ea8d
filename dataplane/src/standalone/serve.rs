//! Everything of a node that runs: listeners, keepers, reloading files. Started in order, stopped in the reverse.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anabranch_crds::DesiredStream;
use anabranch_store::Store;
use anabranch_wire::constraint::Bounds;
use anyhow::Context;
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::assemble::Node;
use super::options::{Authentication, StandaloneOptions};
use super::{forget, retention, scrubbing};
use anabranch_domain::AccountId;

use crate::admin::Admin;
use crate::autoscaling::Autoscaler;
use crate::clock::{CautiousClock, Clock};
use crate::gateway::Gateway;
use crate::gateway::admission::BodyBudget;
use crate::gateway::authenticate::Authenticator;
use crate::gateway::credentials::{CredentialsFile, KeySource};
use crate::gateway::listener::{Connections, Pace};
use crate::gateway::reloaded::{Reloaded, Source};
use crate::gateway::tls::TlsFiles;
use crate::lifecycle::Keeper;
use crate::manifests;
use crate::metrics::StoreMetrics;
use crate::operations::Services;
use crate::recollection::Recollection;
use crate::resharding::{Executor, ShardLogs};
use crate::shard::ShardRegistry;

/// How often certificates and access keys are looked at.
pub(crate) const RELOAD_EVERY: Duration = Duration::from_secs(5);

/// The admin port serves probes and scrapes: a handful of connections.
pub(crate) const ADMIN_CONNECTIONS_MAX: usize = 64;

/// A node that serves.
pub(super) struct Serving {
    connections: Connections,
    tasks: TaskTracker,
    /// Cancelled first: no new requests.
    requests_end: CancellationToken,
    /// Cancelled once requests are answered.
    keeping_ends: CancellationToken,
    listening: SocketAddr,
    listening_tls: Option<SocketAddr>,
    listening_admin: Option<SocketAddr>,
}

impl Serving {
    /// Binds every port and starts every task.
    pub(super) async fn start(options: &StandaloneOptions, node: &Node) -> anyhow::Result<Self> {
        let requests_end = CancellationToken::new();
        let keeping_ends = CancellationToken::new();
        let tasks = TaskTracker::new();
        let pace = Pace {
            request_head_max: options.bounds.request_head_timeout,
            idle_max: options.bounds.idle_timeout,
        };
        let connections = Connections::new(options.bounds.connections, pace, requests_end.clone());
        let authenticator = authenticator(
            &options.authentication,
            node.services.snapshot().account.id,
            &options.region,
            options.clock_skew_max,
            &tasks,
            &keeping_ends,
        )?;
        let gateway = Arc::new(gateway(options, node, authenticator));
        let api = bind(options.listen).await?;
        let mut serving = Self {
            listening: api.local_addr()?,
            listening_tls: None,
            listening_admin: None,
            connections,
            tasks,
            requests_end,
            keeping_ends,
        };
        serving.keep(options, node);
        serving.serve_tls(options, &gateway).await?;
        serving.serve_admin(options, node, pace).await?;
        let connections = serving.connections.clone();
        serving
            .tasks
            .spawn(connections.serve(api, gateway.service(), None));
        Ok(serving)
    }

    fn keep(&self, options: &StandaloneOptions, node: &Node) {
        let services = &node.services;
        let executor = Executor {
            catalog: Arc::clone(&services.catalog),
            logs: Arc::clone(&node.served.registry) as Arc<dyn ShardLogs>,
            entropy: Arc::clone(&services.entropy),
        };
        // What expires is deleted for good: by a clock that does not believe every jump.
        let clock: Arc<dyn Clock> = Arc::new(CautiousClock::new(Arc::clone(&services.clock)));
        let keeper = Keeper::new(executor, Arc::clone(&clock));
        self.tasks.spawn(keeper.run(self.keeping_ends.clone()));
        let forgetting = forget::keep_forgetting(Arc::clone(services), self.keeping_ends.clone());
        self.tasks.spawn(forgetting);
        self.tasks.spawn(retention::keep_trimming(
            Arc::clone(&services.catalog),
            Arc::clone(&node.served.registry),
            |_| true,
            clock,
            node.store_metrics.clone(),
            options.storage.retention_interval,
            self.keeping_ends.clone(),
        ));
        self.tasks.spawn(scrubbing::keep_scrubbing(
            Arc::clone(&node.served.registry),
            node.store_metrics.clone(),
            options.storage.scrub,
            self.keeping_ends.clone(),
        ));
    }

    /// Splits and merges shards after their load.
    pub(super) fn autoscale(
        &self,
        options: &StandaloneOptions,
        node: &Node,
        wishes: Vec<DesiredStream>,
    ) {
        let services = &node.services;
        let autoscaler = Autoscaler::new(
            Arc::clone(&services.catalog),
            Arc::clone(&node.served),
            Arc::clone(&services.clock),
            wishes,
            Recollection::in_directory(Some(options.data_dir.clone())),
        );
        self.tasks.spawn(autoscaler.run(self.keeping_ends.clone()));
    }

    /// Keeps what manifests say of how shards take records.
    pub(super) fn keep_wishes(&self, node: &Node, wishes: Vec<DesiredStream>) {
        let catalog = Arc::clone(&node.services.catalog);
        let keeping = manifests::keep(catalog, Arc::clone(&node.served), wishes);
        let ends = self.keeping_ends.clone();
        self.tasks.spawn(ends.run_until_cancelled_owned(keeping));
    }

    async fn serve_tls(
        &mut self,
        options: &StandaloneOptions,
        gateway: &Arc<Gateway>,
    ) -> anyhow::Result<()> {
        let Some(tls) = &options.tls else {
            return Ok(());
        };
        let files = Arc::new(Reloaded::open(TlsFiles::new(&tls.certificate, &tls.key))?);
        follow(&self.tasks, &self.keeping_ends, &files);
        let listener = bind(tls.listen).await?;
        self.listening_tls = Some(listener.local_addr()?);
        let service = Arc::clone(gateway).service();
        let connections = self.connections.clone();
        self.tasks
            .spawn(connections.serve(listener, service, Some(files)));
        Ok(())
    }

    async fn serve_admin(
        &mut self,
        options: &StandaloneOptions,
        node: &Node,
        pace: Pace,
    ) -> anyhow::Result<()> {
        let Some(address) = options.admin_listen else {
            return Ok(());
        };
        let listener = bind(address).await?;
        self.listening_admin = Some(listener.local_addr()?);
        let connections = Connections::new(ADMIN_CONNECTIONS_MAX, pace, self.requests_end.clone());
        let pages = admin(
            Arc::clone(&node.store),
            Arc::clone(&node.served.registry),
            node.store_metrics.clone(),
            node.registry.clone(),
        );
        let pages = pages.service();
        self.tasks.spawn(connections.serve(listener, pages, None));
        Ok(())
    }

    /// Says where it listens, for people and for tests that let the system choose ports.
    pub(super) fn announce(&self, options: &StandaloneOptions) {
        let data_dir = options.data_dir.display();
        info!(
            listen = %self.listening,
            tls = self.listening_tls.map(tracing::field::display),
            admin = self.listening_admin.map(tracing::field::display),
            %data_dir,
            "ready"
        );
        if options.authentication == Authentication::Anonymous {
            warn!("anybody may do anything: started with --allow-anonymous");
        }
    }

    /// Stops taking requests, answers those in flight, then stops what works in the background and every shard.
    pub(super) async fn stop(self, node: &Node, grace: Duration) {
        self.requests_end.cancel();
        self.connections.drain(grace).await;
        self.keeping_ends.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait())
            .await
            .is_err()
        {
            warn!(
                "background work did not end within the grace period; the next start goes on with it"
            );
        }
        node.served.registry.stop().await;
    }
}

fn gateway(options: &StandaloneOptions, node: &Node, authenticator: Authenticator) -> Gateway {
    Gateway {
        services: Arc::clone(&node.services),
        authenticator,
        bounds: bounds(&node.services),
        bodies: BodyBudget::new(
            usize::try_from(options.bounds.inflight_request_bytes).unwrap_or(usize::MAX),
        ),
        body_patience: options.bounds.request_body_timeout,
    }
}

/// AWS's bounds of a request, as they were set.
pub(crate) fn bounds(services: &Services) -> Bounds {
    let limits = services.snapshot().limits.request;
    Bounds {
        put_records_count: limits.put_records_count.map(|count| count as usize),
        get_records_limit: limits.get_records_count.map(i64::from),
    }
}

/// Who may call. Access keys are read again when their file changes.
pub(crate) fn authenticator(
    authentication: &Authentication,
    account: AccountId,
    region: &str,
    clock_skew_max: Duration,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<Authenticator> {
    let path = match authentication {
        Authentication::Anonymous => return Ok(Authenticator::anonymous(account)),
        Authentication::Credentials(path) => path,
    };
    let keys = Arc::new(Reloaded::open(CredentialsFile::new(path, account))?);
    follow(tasks, stop, &keys);
    let keys = KeySource::File(keys);
    Ok(Authenticator::with_keys(keys, region, clock_skew_max))
}

pub(crate) fn follow<S: Source>(
    tasks: &TaskTracker,
    stop: &CancellationToken,
    source: &Arc<Reloaded<S>>,
) {
    let following = Arc::clone(source).follow(RELOAD_EVERY);
    tasks.spawn(stop.clone().run_until_cancelled_owned(following));
}

pub(crate) fn admin(
    store: Arc<dyn Store>,
    shards: Arc<ShardRegistry>,
    metrics: StoreMetrics,
    registry: Registry,
) -> Admin {
    let store_of_probe = Arc::clone(&store);
    Admin {
        registry,
        readiness: Arc::new(move || match store_of_probe.usage() {
            Ok(_) => Ok(()),
            Err(failed) => Err(format!("the store does not answer: {failed}")),
        }),
        before_scrape: Arc::new(move || {
            let (found, replaced) = shards.damage().counts();
            metrics.show_damage(found, replaced);
            let sent = shards.catch_up().take_sent_bytes();
            metrics.catch_up_bytes.inc_by(sent);
            match store.usage() {
                Ok(usage) => metrics.show(&usage),
                Err(failed) => warn!(%failed, "cannot measure the disk"),
            }
        }),
    }
}

pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address}; is another process there already?"))
}
