//! What the account committed itself to, in one `ConfigMap`. Pure.

use anabranch_domain::catalog::{Account, BillingCommitment};
use serde_json::{Value, json};
use tracing::warn;

use super::objects::Objects;

/// The `ConfigMap`'s name.
pub(super) const OBJECT: &str = "anabranch-account";
/// Its one field.
const FIELD: &str = "billingCommitment";

/// `account` with what is kept of it.
pub(super) fn of(objects: &Objects, account: &Account) -> Account {
    let kept = objects.account.get(OBJECT).and_then(|it| it.data.as_ref());
    let text = kept.and_then(|data| data.get(FIELD));
    let read = text.map(|text| serde_json::from_str::<BillingCommitment>(text));
    let commitment = match read {
        None => BillingCommitment::default(),
        Some(Ok(commitment)) => commitment,
        Some(Err(failure)) => {
            warn!(%failure, object = OBJECT, "account left as it was shown last");
            account.billing_commitment
        }
    };
    Account {
        billing_commitment: commitment,
        ..account.clone()
    }
}

/// The `ConfigMap`'s data for an account.
pub(super) fn data(account: &Account) -> Value {
    let text = serde_json::to_string(&account.billing_commitment);
    json!({ "data": { FIELD: text.unwrap_or_default() } })
}

#[cfg(test)]
mod tests {
    use anabranch_domain::Timestamp;
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::super::objects::{Change, Event};
    use super::*;

    #[test]
    fn a_commitment_is_read_as_it_was_written_and_nonsense_changes_nothing() {
        let plain = Account::new(
            "000000000000".parse().expect("an account"),
            "us-east-1".parse().expect("a region"),
        );
        let committed = Account {
            billing_commitment: BillingCommitment::default().enable(Timestamp::from_secs(7)),
            ..plain.clone()
        };
        let mut objects = Objects::default();
        assert_eq!(of(&objects, &committed), plain, "there is none");
        let mut keep = |data: Value, version: &str| {
            let mut object: ConfigMap = serde_json::from_value(data).expect("a ConfigMap");
            object.metadata.name = Some(OBJECT.to_owned());
            object.metadata.resource_version = Some(version.to_owned());
            objects.take(Event::Account(Change::Applied(Box::new(object))));
            objects.clone()
        };
        assert_eq!(of(&keep(data(&committed), "1"), &plain), committed);
        let torn = keep(json!({ "data": { FIELD: "{" } }), "2");
        assert_eq!(of(&torn, &committed), committed);
    }
}
