//! Writes to the API server, each on the version of its object that the decision was made on.

use std::collections::HashMap;
use std::fmt::Debug;

use anabranch_crds::{DataStream, Reshard, Shard, StreamConsumer, labels};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::core::{DeserializeGuard, NamespaceResourceScope};
use kube::{Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::objects::{Change, Event, Objects};
use super::writes::{Kind, Verb, Write};

/// What the API server sees as the writer.
const FIELD_MANAGER: &str = "anabranch";

/// Why a write was not made.
#[derive(Debug)]
pub(super) enum WriteError {
    /// The object is not what the decision was made on.
    Conflict,
    /// The API server refused, or could not be asked.
    Failed(String),
}

/// Which version of each object a decision was made on.
type Versions = HashMap<(u8, String), String>;

/// Writes, and what they were decided on.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) writes: Vec<Write>,
    pub(super) versions: Versions,
}

impl Planned {
    /// Writes that were decided on `objects`, which must not have changed since.
    pub(super) fn on(objects: &Objects, writes: Vec<Write>) -> Self {
        let versions = versions(objects, &writes);
        Self { writes, versions }
    }
}

/// The kinds of one namespace.
pub(super) struct Api {
    client: kube::Client,
    namespace: String,
    streams: kube::Api<DataStream>,
    shards: kube::Api<Shard>,
    reshards: kube::Api<Reshard>,
    consumers: kube::Api<StreamConsumer>,
    accounts: kube::Api<ConfigMap>,
}

impl Api {
    pub(super) fn new(client: kube::Client, namespace: &str) -> Self {
        Self {
            streams: kube::Api::namespaced(client.clone(), namespace),
            shards: kube::Api::namespaced(client.clone(), namespace),
            reshards: kube::Api::namespaced(client.clone(), namespace),
            consumers: kube::Api::namespaced(client.clone(), namespace),
            accounts: kube::Api::namespaced(client.clone(), namespace),
            namespace: namespace.to_owned(),
            client,
        }
    }

    /// A kind to be watched, whether or not each of its objects can be read.
    pub(super) fn guarded<T>(&self) -> kube::Api<DeserializeGuard<T>>
    where
        T: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        kube::Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Makes one write. What the API server answered is an event, as if a watch had brought it; so is what it has instead,
    /// where there was a conflict.
    pub(super) async fn write(
        &self,
        write: &Write,
        owner: Option<&DataStream>,
        versions: &mut Versions,
    ) -> Result<Option<Event>, WriteError> {
        match write.kind {
            Kind::Stream => {
                let written = one(&self.streams, write, None, versions).await;
                written.map(|change| change.map(Event::Stream))
            }
            Kind::Shard => {
                let written = one(&self.shards, write, owner, versions).await;
                written.map(|change| change.map(Event::Shard))
            }
            Kind::Reshard => {
                let written = one(&self.reshards, write, owner, versions).await;
                written.map(|change| change.map(Event::Reshard))
            }
            Kind::Account => {
                let written = one(&self.accounts, write, None, versions).await;
                written.map(|change| change.map(Event::Account))
            }
            Kind::Consumer => {
                let written = one(&self.consumers, write, owner, versions).await;
                written.map(|change| change.map(Event::Consumer))
            }
        }
    }
}

/// The versions that are known of the objects that `writes` are about.
fn versions(objects: &Objects, writes: &[Write]) -> Versions {
    let known = writes.iter().filter_map(|write| {
        let name = &write.name;
        let version = match write.kind {
            Kind::Stream => objects.streams.get(name)?.resource_version(),
            Kind::Shard => objects.shards.get(name)?.resource_version(),
            Kind::Reshard => objects.reshards.get(name)?.resource_version(),
            Kind::Consumer => objects.consumers.get(name)?.resource_version(),
            Kind::Account => objects.account.get(name)?.resource_version(),
        };
        Some(((write.kind as u8, name.clone()), version?))
    });
    known.collect()
}

async fn one<T>(
    api: &kube::Api<T>,
    write: &Write,
    owner: Option<&DataStream>,
    versions: &mut Versions,
) -> Result<Option<Change<T>>, WriteError>
where
    T: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned,
{
    let name = &write.name;
    let key = (write.kind as u8, name.clone());
    let version = versions.get(&key).cloned();
    let params = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let written = match &write.verb {
        Verb::Create(body) => {
            let object = whole::<T>(write, body, owner).map_err(failed)?;
            let params = PostParams {
                field_manager: Some(FIELD_MANAGER.to_owned()),
                ..PostParams::default()
            };
            api.create(&params, &object).await
        }
        Verb::Patch(body) => {
            let body = Patch::Merge(on_version(body, version.as_deref()));
            api.patch(name, &params, &body).await
        }
        Verb::PatchStatus(body) => {
            let body = Patch::Merge(on_version(body, version.as_deref()));
            api.patch_status(name, &params, &body).await
        }
        Verb::Release => {
            let Some(object) = api.get_opt(name).await.map_err(failed)? else {
                return Ok(None);
            };
            let others: Vec<_> = object
                .finalizers()
                .iter()
                .filter(|it| *it != labels::FINALIZER)
                .collect();
            let body = json!({ "metadata": { "finalizers": others } });
            let body = Patch::Merge(on_version(&body, object.resource_version().as_deref()));
            let released = api.patch(name, &params, &body).await.map_err(refused)?;
            return Ok(Some(Change::Applied(Box::new(released))));
        }
        Verb::Delete => {
            let params = DeleteParams {
                preconditions: version.map(|version| Preconditions {
                    resource_version: Some(version),
                    uid: None,
                }),
                ..DeleteParams::default()
            };
            return match api.delete(name, &params).await {
                // What has finalizers is still there, with a deletion time; the watch says when it is gone.
                Ok(answer) => Ok(answer
                    .left()
                    .map(|object| Change::Applied(Box::new(object)))),
                Err(error) if is_status(&error, 404) => Ok(None),
                Err(error) => Err(refused(error)),
            };
        }
    };
    let object = written.map_err(refused)?;
    if let Some(version) = object.resource_version() {
        versions.insert(key, version);
    }
    Ok(Some(Change::Applied(Box::new(object))))
}

/// A new object: named, labelled, and owned by the stream's where it is of one. But a shard: it is what is known of records
/// that may have to outlive the object, however that is deleted.
fn whole<T>(write: &Write, body: &Value, owner: Option<&DataStream>) -> serde_json::Result<T>
where
    T: Resource<DynamicType = ()> + DeserializeOwned,
{
    let mut object = body.clone();
    object["apiVersion"] = Value::from(T::api_version(&()).as_ref());
    object["kind"] = Value::from(T::kind(&()).as_ref());
    let metadata = &mut object["metadata"];
    metadata["name"] = Value::from(write.name.clone());
    metadata["labels"] = json!({ "app.kubernetes.io/name": "anabranch" });
    if let Some(owner) = owner {
        metadata["labels"][labels::STREAM] = Value::from(write.stream.clone());
        if write.kind == Kind::Shard {
            metadata["annotations"][labels::MADE_FOR] = json!(owner.metadata.uid);
        } else {
            metadata["ownerReferences"] = json!([owner.controller_owner_ref(&())]);
        }
    }
    serde_json::from_value(object)
}

fn on_version(body: &Value, version: Option<&str>) -> Value {
    let mut body = body.clone();
    if let Some(version) = version {
        body["metadata"]["resourceVersion"] = Value::from(version);
    }
    body
}

fn is_status(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}

/// 409 is both "there is one of that name" and "it is another version"; 404 of a patch: it is gone.
fn refused(error: kube::Error) -> WriteError {
    if is_status(&error, 409) || is_status(&error, 404) {
        WriteError::Conflict
    } else {
        failed(error)
    }
}

fn failed(error: impl std::error::Error) -> WriteError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    WriteError::Failed(text)
}
