//! Which namespaces are to be begun with, and which are to be let go of. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::observe::Installation;
use super::settings::Settings;

/// The key that names the namespace of the operator that looks after an installation.
const OPERATOR: &str = "operator-namespace";

/// What is to be done. A namespace whose settings are others is in both `stop` and `start`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Begun with, as soon as they are let go of if they are looked after.
    pub(super) start: BTreeMap<String, Settings>,
    /// Let go of.
    pub(super) stop: BTreeSet<String>,
    /// Left as they are, with what is to be told of them.
    pub(super) refused: BTreeMap<String, String>,
}

/// What follows from what is there, for the operator in the namespace `own`, which looks after `running`. Its own namespace is
/// none of this plan's: it is looked after by what the process was told.
pub(super) fn plan(
    own: &str,
    installations: &BTreeMap<String, Installation>,
    running: &BTreeMap<String, Settings>,
) -> Plan {
    let mut plan = Plan::default();
    let ours = |namespace: &str, installation: &Installation| {
        let operator = installation.data.get(OPERATOR);
        namespace != own && operator.is_some_and(|operator| operator == own)
    };
    for (namespace, installation) in installations {
        if !ours(namespace, installation) {
            continue;
        }
        let mut data = installation.data.clone();
        data.remove(OPERATOR);
        match Settings::of_installation(&data) {
            // What runs goes on as it was: a wish that nobody understands takes nothing away.
            Err(refusal) => {
                plan.refused.insert(namespace.clone(), refusal);
            }
            Ok(settings) if running.get(namespace) == Some(&settings) => {}
            Ok(settings) => {
                if running.contains_key(namespace) {
                    plan.stop.insert(namespace.clone());
                }
                plan.start.insert(namespace.clone(), settings);
            }
        }
    }
    let is_wanted = |namespace: &str| {
        let installation = installations.get(namespace);
        installation.is_some_and(|it| ours(namespace, it))
    };
    let gone = running.keys().filter(|namespace| !is_wanted(namespace));
    plan.stop.extend(gone.cloned());
    plan
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ObjectReference;

    use super::*;

    const OWN: &str = "anabranch-system";

    fn installation(operator: &str, account: &str) -> Installation {
        let data = [
            (OPERATOR, operator),
            ("shard-image", "localhost/anabranch:1"),
            ("account-id", account),
        ];
        let data = data.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Installation {
            data: BTreeMap::from(data),
            object: ObjectReference::default(),
        }
    }

    fn settings(account: &str) -> Settings {
        let mut data = installation(OWN, account).data;
        data.remove(OPERATOR);
        Settings::of_installation(&data).expect("settings")
    }

    fn all<T: Clone>(of: &[(&str, T)]) -> BTreeMap<String, T> {
        let of = of.iter();
        of.map(|(name, it)| ((*name).to_owned(), it.clone()))
            .collect()
    }

    const ONE: &str = "111111111111";
    const TWO: &str = "222222222222";

    #[test]
    fn those_that_name_this_operator_are_begun_with_and_no_others() {
        let there = all(&[
            ("orders", installation(OWN, ONE)),
            ("own-operator", installation("own-operator", ONE)),
            ("other-operator", installation("elsewhere", ONE)),
            (
                "says-nothing",
                Installation {
                    data: BTreeMap::new(),
                    ..installation("", ONE)
                },
            ),
            (OWN, installation(OWN, ONE)),
        ]);
        let plan = plan(OWN, &there, &BTreeMap::new());
        assert_eq!(plan.start, all(&[("orders", settings(ONE))]));
        assert!(plan.stop.is_empty() && plan.refused.is_empty());
    }

    #[test]
    fn after_a_plan_there_is_nothing_more_to_do() {
        let there = all(&[("a", installation(OWN, ONE)), ("b", installation(OWN, TWO))]);
        let first = plan(OWN, &there, &BTreeMap::new());
        assert_eq!(plan(OWN, &there, &first.start), Plan::default());
    }

    #[test]
    fn other_settings_restart_and_only_the_one_that_has_them() {
        let there = all(&[("a", installation(OWN, TWO)), ("b", installation(OWN, ONE))]);
        let running = all(&[("a", settings(ONE)), ("b", settings(ONE))]);
        let plan = plan(OWN, &there, &running);
        assert_eq!(plan.start, all(&[("a", settings(TWO))]));
        assert_eq!(plan.stop, BTreeSet::from(["a".to_owned()]));
    }

    #[test]
    fn one_that_is_gone_or_names_another_operator_is_let_go_of() {
        let there = all(&[("b", installation("b", ONE)), ("c", installation(OWN, ONE))]);
        let running = all(&[
            ("a", settings(ONE)),
            ("b", settings(ONE)),
            ("c", settings(ONE)),
        ]);
        let plan = plan(OWN, &there, &running);
        assert_eq!(plan.stop, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        assert!(plan.start.is_empty());
    }

    #[test]
    fn what_is_not_understood_is_told_and_what_runs_goes_on() {
        let there = all(&[
            ("a", installation(OWN, "twelve")),
            ("b", installation(OWN, "12")),
        ]);
        let plan = plan(OWN, &there, &all(&[("a", settings(ONE))]));
        assert!(plan.start.is_empty() && plan.stop.is_empty());
        assert_eq!(plan.refused.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert!(plan.refused["a"].contains("account-id"));
    }
}
