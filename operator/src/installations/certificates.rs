//! The certificates of TLS between pods in another namespace: what a mounted Secret is in the operator's own.
//!
//! One Secret by its name, which the installation has given this operator the right to read, and no other. It is asked for at a
//! steady pace and not watched: a watch of one name needs the right to list it too.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Secret;
use tracing::warn;

use crate::namespace::Process;

/// A renewed certificate is taken within this, and the five seconds in which files are looked at.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// What is kept of the Secret.
const FILES: [&str; 3] = ["ca.crt", "tls.crt", "tls.key"];

/// Writes the Secret's files into a directory of the namespace's own, and gives back that and what keeps them as the Secret has them.
pub(super) async fn keep(
    process: &Process,
    namespace: &str,
    secret: &str,
) -> anyhow::Result<(PathBuf, impl Future<Output = ()> + Send + use<>)> {
    let root = process.options.certificates_dir.as_ref().context(
        "the installation has TLS between pods: start this operator with --certificates-dir, \
         where its certificates can be kept",
    )?;
    let directory = root.join(namespace);
    let api: kube::Api<Secret> = kube::Api::namespaced(process.client.clone(), namespace);
    let secret = secret.to_owned();
    let asked = api.get(&secret).await;
    write(
        &directory,
        &asked.with_context(|| format!("read Secret {secret}"))?,
    )
    .await?;
    let kept = directory.clone();
    let keeping = async move {
        loop {
            tokio::time::sleep(ASK_EVERY).await;
            let written = match api.get(&secret).await {
                Ok(object) => write(&kept, &object).await,
                Err(failure) => Err(failure.into()),
            };
            if let Err(failure) = written {
                warn!(
                    secret,
                    failure = format!("{failure:#}"),
                    "certificates stay as they are"
                );
            }
        }
    };
    Ok((directory, keeping))
}

/// Writes what is not there as it is to be. A file is whole or as it was; that two do not fit together for a moment is looked
/// past by who reads them, until they do.
async fn write(directory: &Path, secret: &Secret) -> anyhow::Result<()> {
    tokio::fs::create_dir_all(directory)
        .await
        .with_context(|| format!("make {}", directory.display()))?;
    for name in FILES {
        let data = secret.data.as_ref().and_then(|data| data.get(name));
        let wanted = &data.with_context(|| format!("the Secret has no {name}"))?.0;
        let path = directory.join(name);
        if tokio::fs::read(&path)
            .await
            .is_ok_and(|there| there == *wanted)
        {
            continue;
        }
        let new = directory.join(format!("{name}.new"));
        let written = async {
            tokio::fs::write(&new, wanted).await?;
            tokio::fs::rename(&new, &path).await
        };
        written
            .await
            .with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}
