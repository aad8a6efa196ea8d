//! Does what a plan says, by server-side apply.

use anabranch_crds::{ShardPool, ShardPoolStatus};
use kube::ResourceExt as _;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

/// The field manager of this controller.
pub(crate) const FIELD_MANAGER: &str = "anabranch-operator-pools";

/// Applies an object as it was built.
pub(super) async fn apply(
    client: &kube::Client,
    namespace: &str,
    object: Value,
) -> Result<(), kube::Error> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    let name = text(&object["metadata"]["name"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &kind));
    let api: kube::Api<DynamicObject> =
        kube::Api::namespaced_with(client.clone(), namespace, &resource);
    let params = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(&name, &params, &Patch::Apply(object)).await?;
    Ok(())
}

/// Writes a pool's status, if it says something new.
pub(super) async fn report(
    pools: &kube::Api<ShardPool>,
    pool: &ShardPool,
    status: ShardPoolStatus,
) -> Result<(), kube::Error> {
    if pool.status.as_ref() == Some(&status) {
        return Ok(());
    }
    let body = Patch::Merge(json!({ "status": status }));
    pools
        .patch_status(&pool.name_any(), &PatchParams::default(), &body)
        .await?;
    Ok(())
}
