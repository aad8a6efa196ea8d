//! `anabranch-operator apply-crds`: the definitions that this release was built with, put on the API server.
//!
//! What a chart cannot do: Helm installs definitions once and never upgrades them. **Invariant:** a definition of a newer release
//! stays, so that two versions side by side, or a rollback, take no field away from stored objects.

use anabranch_crds::definitions;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt as _;
use kube::api::{Patch, PatchParams};
use tracing::info;

/// Which release a definition is of.
const VERSION: &str = "anabranch.dev/version";
const FIELD_MANAGER: &str = "anabranch-crds";

/// Applies every definition that is not of a newer release.
pub async fn apply(client: kube::Client) -> Result<(), kube::Error> {
    let api: kube::Api<CustomResourceDefinition> = kube::Api::all(client);
    let ours = env!("CARGO_PKG_VERSION");
    for mut definition in definitions::all() {
        let name = definition.name_any();
        let known = api.get_opt(&name).await?;
        let theirs = known.as_ref().and_then(|it| it.annotations().get(VERSION));
        if theirs.is_some_and(|theirs| is_newer(theirs, ours)) {
            info!(name, theirs, ours, "left as it is: of a newer release");
            continue;
        }
        definition
            .annotations_mut()
            .insert(VERSION.to_owned(), ours.to_owned());
        let params = PatchParams::apply(FIELD_MANAGER).force();
        api.patch(&name, &params, &Patch::Apply(&definition))
            .await?;
        info!(name, version = ours, "definition applied");
    }
    Ok(())
}

/// Whether one release is later than another. Texts that are no versions are of no release.
fn is_newer(one: &str, other: &str) -> bool {
    fn numbers(text: &str) -> Option<Vec<u64>> {
        let release = text.split(['-', '+']).next()?;
        release.split('.').map(|part| part.parse().ok()).collect()
    }
    match (numbers(one), numbers(other)) {
        (Some(one), Some(other)) => one > other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_newer;

    #[test]
    fn releases_are_compared_by_their_numbers() {
        for (one, other, newer) in [
            ("0.2.0", "0.1.9", true),
            ("0.10.0", "0.9.0", true),
            ("0.1.0", "0.1.0", false),
            ("0.1.0", "0.2.0", false),
            ("1.0.0-rc.1", "0.9.0", true),
            ("someone's", "0.1.0", false),
        ] {
            assert_eq!(is_newer(one, other), newer, "{one} {other}");
        }
    }
}
