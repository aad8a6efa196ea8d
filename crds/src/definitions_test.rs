//! What a definition must be so that an API server takes it and a person can read it.

use std::collections::BTreeSet;

use super::*;

/// Every schema of every kind below `spec` and `status`, with its path.
fn walk(visit: &mut impl FnMut(&str, &Value)) {
    for definition in all() {
        let kind = definition.spec.names.kind.clone();
        let definition = serde_json::to_value(definition).expect("JSON");
        let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        for part in ["spec", "status"] {
            descend(
                &format!("{kind}.{part}"),
                &schema["properties"][part],
                visit,
            );
        }
    }
}

fn descend(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        descend(&format!("{path}.{name}"), property, visit);
    }
    if let Some(items) = schema.get("items") {
        descend(&format!("{path}[]"), items, visit);
    }
    if let Some(values) = schema.get("additionalProperties") {
        descend(&format!("{path}.*"), values, visit);
    }
}

/// Paths of schemas for which something is wrong.
fn wrong(is_wrong: impl Fn(&str, &Value) -> bool) -> Vec<String> {
    let mut paths = Vec::new();
    walk(&mut |path, schema| {
        if is_wrong(path, schema) {
            paths.push(path.to_owned());
        }
    });
    paths
}

#[test]
fn every_field_is_described() {
    let undescribed = wrong(|path, schema| {
        let is_field = !path.ends_with("[]") && !path.ends_with(".*");
        is_field && schema["description"].as_str().is_none_or(str::is_empty)
    });
    assert_eq!(undescribed, [""; 0]);
}

#[test]
fn a_description_says_what_each_word_of_an_enumeration_means() {
    let unexplained = wrong(|path, schema| {
        let description = schema["description"].as_str().unwrap_or_default();
        let words = schema["enum"].as_array();
        !path.ends_with("[]")
            && words
                .into_iter()
                .flatten()
                .any(|word| !word.as_str().is_some_and(|word| description.contains(word)))
    });
    assert_eq!(unexplained, [""; 0]);
}

#[test]
fn every_schema_is_structural() {
    const UNTYPED: [&str; 2] = [
        "x-kubernetes-int-or-string",
        "x-kubernetes-preserve-unknown-fields",
    ];
    let untyped = wrong(|_, schema| {
        schema.get("type").is_none() && !UNTYPED.iter().any(|mark| schema[*mark] == true)
    });
    assert_eq!(untyped, [""; 0]);
    let forbidden = wrong(|_, schema| {
        ["$ref", "oneOf", "anyOf", "allOf", "not", "uniqueItems"]
            .iter()
            .any(|word| schema.get(*word).is_some())
    });
    assert_eq!(forbidden, [""; 0]);
    let both = wrong(|_, schema| {
        schema.get("properties").is_some() && schema.get("additionalProperties").is_some()
    });
    assert_eq!(both, [""; 0]);
}

#[test]
fn only_formats_that_kubernetes_knows_and_no_nulls() {
    const KNOWN: [&str; 3] = ["int32", "int64", "date-time"];
    let unknown = wrong(|_, schema| {
        schema
            .get("format")
            .is_some_and(|format| !format.as_str().is_some_and(|name| KNOWN.contains(&name)))
    });
    assert_eq!(unknown, [""; 0]);
    assert_eq!(wrong(|_, schema| schema.get("nullable").is_some()), [""; 0]);
}

#[test]
fn every_rule_has_a_sentence_and_what_it_looks_at_is_bounded() {
    let unsaid = wrong(|_, schema| {
        let rules = schema["x-kubernetes-validations"].as_array();
        rules
            .into_iter()
            .flatten()
            .any(|rule| rule["message"].as_str().is_none_or(str::is_empty))
    });
    assert_eq!(unsaid, [""; 0]);
    // The API server refuses a definition whose rules could cost too much; it reckons with these bounds.
    let unbounded = wrong(|_, schema| {
        let bound = match schema["type"].as_str() {
            Some("string") if schema.get("enum").is_none() => "maxLength",
            Some("array") => "maxItems",
            Some("object") if schema.get("additionalProperties").is_some() => "maxProperties",
            _ => return false,
        };
        schema.get("x-kubernetes-validations").is_some() && schema.get(bound).is_none()
    });
    assert_eq!(unbounded, [""; 0]);
}

#[test]
fn every_list_says_how_it_is_merged() {
    let unsaid = wrong(|path, schema| {
        // Parents and children of a running operation are inside of an atomic list.
        schema["type"] == "array"
            && !path.contains("[]")
            && schema.get("x-kubernetes-list-type").is_none()
    });
    assert_eq!(unsaid, [""; 0]);
}

#[test]
fn short_names_collide_with_nothing_built_in() {
    // `kubectl api-resources` of Kubernetes 1.36, and what is often installed beside it.
    const TAKEN: &str = "cm cs cj crd crds csr deploy ds ep ev hpa ing ip limits netpol no ns pc pdb po psp pv pvc quota rc rs \
        sa sc sts svc vac vap gw gc gtw tlsroute cert certs cr crs issuer pmon smon prom alert am ssm es ss css";
    let taken: BTreeSet<&str> = TAKEN.split_whitespace().collect();
    let mut names = BTreeSet::new();
    for definition in all() {
        let found = definition.spec.names;
        for name in found
            .short_names
            .into_iter()
            .flatten()
            .chain(found.singular)
            .chain([found.plural])
        {
            assert!(!taken.contains(name.as_str()), "{name}");
            assert!(names.insert(name.clone()), "{name} twice");
        }
        assert_eq!(found.categories, Some(vec!["anabranch".to_owned()]));
    }
}

#[test]
fn columns_tell_the_story() {
    let columns: Vec<(String, String)> = all()
        .into_iter()
        .map(|definition| {
            let version = &definition.spec.versions[0];
            let names = version.additional_printer_columns.iter().flatten();
            let shown = names.map(|column| match column.priority {
                Some(1) => format!("({})", column.name),
                _ => column.name.clone(),
            });
            (
                definition.spec.names.kind,
                shown.collect::<Vec<_>>().join(" "),
            )
        })
        .collect();
    let columns: Vec<(&str, &str)> = columns
        .iter()
        .map(|(kind, names)| (kind.as_str(), names.as_str()))
        .collect();
    assert_eq!(
        columns,
        [
            (
                "DataStream",
                "Ready Mode Shards Wanted Load Throttled (Recommended) Retention (Stream) (Pool) (Why) Age"
            ),
            ("ShardPool", "Ready Pods Up Shards Size (Why) Age"),
            (
                "Shard",
                "Stream Shard Phase Share Parents Leader (Start) (End) (Voters) (Closed) Age"
            ),
            (
                "Reshard",
                "Stream Phase Split Merge Target Done Reason (Message) (Finished) Age"
            ),
            ("StreamConsumer", "Stream Phase (Consumer) (ARN) Age"),
        ]
    );
}

/// The columns, the `scale` subresource and selectable fields name fields by path, which nothing else checks.
#[test]
fn every_path_leads_to_a_field() {
    for definition in all() {
        let kind = definition.spec.names.kind.clone();
        let value = serde_json::to_value(definition).expect("JSON");
        let version = &value["spec"]["versions"][0];
        let scale = &version["subresources"]["scale"];
        let columns = version["additionalPrinterColumns"].as_array();
        let selectable = version["selectableFields"].as_array();
        let paths = columns
            .into_iter()
            .chain(selectable)
            .flatten()
            .map(|column| &column["jsonPath"])
            .chain(scale.as_object().into_iter().flat_map(Map::values))
            .map(|path| path.as_str().expect("a path"));
        for path in paths.filter(|path| !path.starts_with(".metadata.")) {
            let mut schema = &version["schema"]["openAPIV3Schema"];
            for step in path.trim_start_matches('.').split('.') {
                let name = step.split('[').next().unwrap_or(step);
                if schema["type"] == "array" || name.ends_with(')') {
                    break;
                }
                schema = &schema["properties"][name];
            }
            assert!(schema.is_object(), "{kind}: {path} leads nowhere");
        }
    }
}
