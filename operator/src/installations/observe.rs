//! Which installations there are, by their `ConfigMap`s in all namespaces.

use std::collections::BTreeMap;

use anabranch::catalog::kubernetes::follow_all;
use k8s_openapi::api::core::v1::{ConfigMap, ObjectReference};
use kube::runtime::watcher::Config;
use kube::{Resource as _, ResourceExt as _};
use tokio::sync::watch;

/// The `ConfigMap`'s name: one a namespace, and all that this operator may read of `ConfigMap`s.
const OBJECT: &str = "anabranch-installation";

/// What one installation says of itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Installation {
    /// What its `ConfigMap` holds.
    pub(super) data: BTreeMap<String, String>,
    /// The `ConfigMap`: what is told of the installation is told there.
    pub(super) object: ObjectReference,
}

/// All of them, by namespace; none: they were not listed yet.
pub(super) type Installations = Option<BTreeMap<String, Installation>>;

/// Watches them until dropped.
pub(super) async fn follow(client: kube::Client, found: watch::Sender<Installations>) {
    let api: kube::Api<ConfigMap> = kube::Api::all(client);
    let which = Config::default().fields(&format!("metadata.name={OBJECT}"));
    let tell = |all: &BTreeMap<_, Installation>| {
        found.send_replace(Some(all.clone()));
    };
    follow_all(api, which, "installations", namespace, read, tell).await;
}

fn namespace(object: &ConfigMap) -> String {
    object.namespace().unwrap_or_default()
}

fn read(object: &ConfigMap) -> Installation {
    let mut reference = object.object_ref(&());
    // Another version of it is the same installation.
    reference.resource_version = None;
    Installation {
        data: object.data.clone().unwrap_or_default(),
        object: reference,
    }
}
