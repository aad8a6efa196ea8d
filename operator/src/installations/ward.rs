//! One namespace in this operator's care, for as long as its installation asks for it.
//!
//! It takes the Lease of the namespace, which an operator in the namespace itself would hold: where care is handed over, in either
//! direction, the next one begins when the one before has let go. **Invariant:** it works only while it holds that Lease.

use std::sync::Arc;
use std::time::Duration;

use anabranch::internal_tls::InternalTls;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::certificates;
use super::settings::Settings;
use crate::election::{Candidate, NAME};
use crate::namespace::{Namespace, Process};

/// After a failure it is begun anew, not sooner than this.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A namespace that is in care.
pub(super) struct Ward {
    /// What it is looked after by.
    pub(super) settings: Settings,
    ends: CancellationToken,
    task: JoinHandle<()>,
}

impl Ward {
    /// Begins, when whoever cared for the same namespace `before` in this process has ended.
    pub(super) fn begin(
        process: Arc<Process>,
        name: String,
        settings: Settings,
        before: Option<JoinHandle<()>>,
        ends: CancellationToken,
    ) -> Self {
        let (known, until) = (settings.clone(), ends.clone());
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            care(process, name, known, until).await;
        });
        Self {
            settings,
            ends,
            task,
        }
    }

    /// Lets go of it. Gives back what ends when that is done.
    pub(super) fn end(self) -> JoinHandle<()> {
        self.ends.cancel();
        self.task
    }
}

async fn care(process: Arc<Process>, name: String, settings: Settings, ends: CancellationToken) {
    // The same for every pod of this operator, so that its next leader need not wait: of them only the one leader is here.
    let identity = format!("{}/{NAME}", process.options.namespace);
    let candidate = Candidate::new(process.client.clone(), &name, identity);
    while !ends.is_cancelled() {
        if ends
            .run_until_cancelled(candidate.acquire())
            .await
            .is_none()
        {
            return;
        }
        info!(namespace = name, "looking after");
        match look_after(&process, &name, &settings, &candidate, &ends).await {
            Ok(Ended::Lost) => warn!(
                namespace = name,
                "the Lease was lost: another operator holds it"
            ),
            Ok(Ended::Told) => info!(namespace = name, "let go of"),
            Err(failure) => warn!(
                namespace = name,
                failure = format!("{failure:#}"),
                "not looked after, begun anew soon"
            ),
        }
        candidate.release().await;
        let _ = ends
            .run_until_cancelled(tokio::time::sleep(AGAIN_AFTER))
            .await;
    }
}

/// Why it is over.
enum Ended {
    Told,
    Lost,
}

async fn look_after(
    process: &Arc<Process>,
    name: &str,
    settings: &Settings,
    candidate: &Candidate,
    ends: &CancellationToken,
) -> anyhow::Result<Ended> {
    let ends = ends.child_token();
    let _ends_what_follows = ends.clone().drop_guard();
    let tls = tls(process, name, settings, &ends).await?;
    let namespace = Namespace {
        process: Arc::clone(process),
        name: name.to_owned(),
        settings: settings.clone(),
        tls,
    };
    let mut working = std::pin::pin!(namespace.look_after(&ends));
    tokio::select! {
        worked = &mut working => {
            worked?;
            Ok(Ended::Told)
        }
        () = candidate.hold() => {
            ends.cancel();
            working.await?;
            Ok(Ended::Lost)
        }
    }
}

/// How the operator proves itself to the shard pods there, if they ask for it.
async fn tls(
    process: &Process,
    name: &str,
    settings: &Settings,
    ends: &CancellationToken,
) -> anyhow::Result<Option<InternalTls>> {
    let Some(secret) = &settings.internal_tls_secret else {
        return Ok(None);
    };
    let (directory, keeping) = certificates::keep(process, name, secret).await?;
    let tls = InternalTls::open(&settings.internal_tls.in_directory(directory))?;
    tokio::spawn(ends.clone().run_until_cancelled_owned(keeping));
    tokio::spawn(ends.clone().run_until_cancelled_owned(tls.follow()));
    Ok(Some(tls))
}
