//! Does what a plan says, by server-side apply.

use anabranch_crds::{ShardPool, ShardPoolStatus};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::ResourceExt as _;
use kube::api::{
    DeleteParams, DynamicObject, Patch, PatchParams, Preconditions, PropagationPolicy,
};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};
use tracing::info;

/// The field manager of this controller.
pub(crate) const FIELD_MANAGER: &str = "anabranch-operator-pools";

/// Applies an object as it was built. Gives back the generation that it has now.
pub(super) async fn apply(
    client: &kube::Client,
    namespace: &str,
    object: &Value,
) -> Result<Option<i64>, kube::Error> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    let name = text(&object["metadata"]["name"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &kind));
    let api: kube::Api<DynamicObject> =
        kube::Api::namespaced_with(client.clone(), namespace, &resource);
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let applied = api.patch(&name, &params, &Patch::Apply(object)).await?;
    Ok(applied.metadata.generation)
}

/// Makes claims ask for `size`. Gives back why the API server refuses it, where it does: that is for a person.
pub(super) async fn grow(
    claims: &kube::Api<PersistentVolumeClaim>,
    names: &[String],
    size: &str,
) -> Result<Option<String>, kube::Error> {
    let wish = json!({ "spec": { "resources": { "requests": { "storage": size } } } });
    for name in names {
        let params = PatchParams::default();
        match claims.patch(name, &params, &Patch::Merge(&wish)).await {
            Ok(_) => info!(claim = name, size, "volume is to grow"),
            Err(kube::Error::Api(status)) if [403, 422].contains(&status.code) => {
                return Ok(Some(status.message.clone()));
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(None)
}

/// Takes a `StatefulSet` away and leaves its pods where they are: the next one of the name takes them over.
pub(super) async fn orphan(
    sets: &kube::Api<StatefulSet>,
    set: &StatefulSet,
) -> Result<(), kube::Error> {
    let params = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Orphan),
        preconditions: Some(Preconditions {
            uid: set.uid(),
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    sets.delete(&set.name_any(), &params).await?;
    info!(
        set = set.name_any(),
        "made anew around its pods, for larger volumes"
    );
    Ok(())
}

/// Writes a pool's status, if it says something new.
pub(super) async fn report(
    pools: &kube::Api<ShardPool>,
    pool: &ShardPool,
    status: &ShardPoolStatus,
) -> Result<(), kube::Error> {
    if pool.status.as_ref() == Some(status) {
        return Ok(());
    }
    let body = Patch::Merge(json!({ "status": status }));
    pools
        .patch_status(&pool.name_any(), &PatchParams::default(), &body)
        .await?;
    Ok(())
}
