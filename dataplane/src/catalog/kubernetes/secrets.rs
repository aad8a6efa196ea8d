//! Access keys in labelled Secrets: each Secret of the namespace with the label is one key. Watched, so that a key is taken
//! and dropped without a restart. Knows nothing of what the fields mean.

use std::collections::BTreeMap;
use std::pin::pin;

use anabranch_crds::labels;
use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Config, watcher};
use serde_json::{Map, Value};
use tracing::warn;

use super::watching::pauses;

/// A Secret's name and its fields as text; those that are no text are left out.
pub type LabelledSecret = (String, Value);

/// Watches the labelled Secrets until dropped, and tells all of them whenever one changes.
pub async fn follow_secrets(
    client: kube::Client,
    namespace: &str,
    tell: impl Fn(Vec<LabelledSecret>),
) {
    let api: kube::Api<Secret> = kube::Api::namespaced(client, namespace);
    let config = Config::default().labels(&format!("{}=true", labels::CREDENTIALS));
    let mut events = pin!(watcher(api, config).backoff(pauses()));
    let mut all = BTreeMap::new();
    let mut listing = BTreeMap::new();
    while let Some(next) = events.next().await {
        match next {
            Ok(watcher::Event::Init) => {
                // What was told stands until there is a whole list.
                listing.clear();
                continue;
            }
            Ok(watcher::Event::InitApply(secret)) => {
                listing.insert(secret.name_any(), fields(&secret));
                continue;
            }
            Ok(watcher::Event::InitDone) => all = std::mem::take(&mut listing),
            Ok(watcher::Event::Apply(secret)) => {
                all.insert(secret.name_any(), fields(&secret));
            }
            Ok(watcher::Event::Delete(secret)) => {
                all.remove(&secret.name_any());
            }
            Err(failure) => {
                warn!(%failure, "watch of access keys failed, made again");
                continue;
            }
        }
        tell(all.clone().into_iter().collect());
    }
}

fn fields(secret: &Secret) -> Value {
    let data = secret.data.iter().flatten();
    let text = data.filter_map(|(name, bytes)| {
        let text = String::from_utf8(bytes.0.clone()).ok()?;
        Some((name.clone(), Value::from(text.trim_end_matches('\n'))))
    });
    Value::Object(text.collect::<Map<_, _>>())
}
