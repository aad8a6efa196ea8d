//! The story: look at which installations there are, work out what follows, begin and let go. No namespace waits for another.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use prometheus::{IntGaugeVec, Opts, Registry};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::observe::{Installation, follow};
use super::plan::{Plan, plan};
use super::ward::Ward;
use crate::events::{Announcement, Announcer, Severity};
use crate::namespace::Process;

/// How many namespaces there are, besides the operator's own.
#[derive(Clone)]
pub struct InstallationMetrics {
    installations: IntGaugeVec,
}

impl InstallationMetrics {
    /// Registers them.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let installations = Opts::new(
            "anabranch_operator_installations",
            "Namespaces besides the operator's own that name it: looked after, or refused",
        );
        let installations = IntGaugeVec::new(installations, &["state"])?;
        registry.register(Box::new(installations.clone()))?;
        Ok(Self { installations })
    }

    fn show(&self, wards: usize, refused: usize) {
        for (state, count) in [("looked_after", wards), ("refused", refused)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.installations.with_label_values(&[state]).set(count);
        }
    }
}

/// Those that are in care.
struct Wards {
    process: Arc<Process>,
    in_care: BTreeMap<String, Ward>,
    /// Let go of, and perhaps not over yet.
    leaving: BTreeMap<String, JoinHandle<()>>,
    /// What was told of those that are refused.
    told: BTreeMap<String, String>,
    announcer: Announcer,
    ends: CancellationToken,
}

/// Looks after every other namespace whose installation names this operator, until `ends`; then lets go of all.
pub async fn run(
    process: Arc<Process>,
    metrics: InstallationMetrics,
    ends: CancellationToken,
) -> anyhow::Result<()> {
    let (client, pod) = (process.client.clone(), process.options.pod_name.clone());
    let (announcer, telling) = Announcer::new(client.clone(), &pod, ends.clone());
    tokio::spawn(telling);
    let (found, mut installations) = watch::channel(None);
    let following = follow(client, found);
    tokio::spawn(ends.clone().run_until_cancelled_owned(following));
    let mut wards = Wards {
        process,
        in_care: BTreeMap::new(),
        leaving: BTreeMap::new(),
        told: BTreeMap::new(),
        announcer,
        ends: ends.clone(),
    };
    while let Some(changed) = ends.run_until_cancelled(installations.changed()).await {
        changed.context("watch installations")?;
        let there = installations.borrow_and_update().clone();
        if let Some(there) = there {
            wards.reconcile(&there);
            metrics.show(wards.in_care.len(), wards.told.len());
        }
    }
    wards.end().await;
    Ok(())
}

impl Wards {
    fn reconcile(&mut self, installations: &BTreeMap<String, Installation>) {
        let running = self.in_care.iter();
        let running = running.map(|(name, ward)| (name.clone(), ward.settings.clone()));
        let own = &self.process.options.namespace;
        let Plan {
            start,
            stop,
            refused,
        } = plan(own, installations, &running.collect());
        self.leaving.retain(|_, task| !task.is_finished());
        for name in stop {
            if let Some(ward) = self.in_care.remove(&name) {
                self.leaving.insert(name, ward.end());
            }
        }
        for (name, settings) in start {
            let before = self.leaving.remove(&name);
            let (process, ends) = (Arc::clone(&self.process), self.ends.child_token());
            let ward = Ward::begin(process, name.clone(), settings, before, ends);
            self.in_care.insert(name, ward);
        }
        for (name, refusal) in &refused {
            if self.told.get(name) != Some(refusal) {
                self.tell(name, refusal, &installations[name]);
            }
        }
        self.told = refused;
    }

    /// Says at the installation's `ConfigMap` why it is not looked after as it says.
    fn tell(&self, name: &str, refusal: &str, installation: &Installation) {
        let goes_on = self.in_care.contains_key(name);
        warn!(namespace = name, refusal, goes_on, "installation refused");
        let rest = if goes_on {
            "; it is looked after as it was before"
        } else {
            ""
        };
        let announcement = Announcement {
            severity: Severity::Warning,
            reason: "Refused".to_owned(),
            action: "LookAfter".to_owned(),
            text: format!("{refusal}{rest}"),
        };
        self.announcer.tell(&installation.object, announcement);
    }

    async fn end(self) {
        let in_care = self.in_care.into_values().map(Ward::end);
        for task in in_care.chain(self.leaving.into_values()) {
            let _ = task.await;
        }
    }
}
