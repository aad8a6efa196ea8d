//! Access keys in labelled Secrets: each Secret of the namespace with the label is one key. Watched, so that a key is taken
//! and dropped without a restart. Knows nothing of what the fields mean.

use std::collections::BTreeMap;

use anabranch_crds::labels;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::runtime::watcher::Config;
use serde_json::{Map, Value};

use super::watching::follow_all;

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
    let tell = |all: &BTreeMap<_, _>| tell(all.clone().into_iter().collect());
    follow_all(api, config, "access keys", Secret::name_any, fields, tell).await;
}

fn fields(secret: &Secret) -> Value {
    let data = secret.data.iter().flatten();
    let text = data.filter_map(|(name, bytes)| {
        let text = String::from_utf8(bytes.0.clone()).ok()?;
        Some((name.clone(), Value::from(text.trim_end_matches('\n'))))
    });
    Value::Object(text.collect::<Map<_, _>>())
}
