//! `rules.yaml`, judged by kube's CEL. The same table is judged by Kubernetes itself in `tests/`.

use std::collections::BTreeSet;

use kube_cel::Validator;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{DataStream, DesiredStream, definitions};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Row {
    kind: String,
    #[serde(default = "any_name")]
    name: String,
    spec: Value,
    old: Option<Value>,
    status: Option<Value>,
    refused: Option<String>,
    by: Option<String>,
}

fn any_name() -> String {
    "any".to_owned()
}

impl Row {
    fn object(&self, spec: &Value) -> Value {
        let mut object = Map::new();
        object.insert("metadata".to_owned(), json!({ "name": self.name }));
        object.insert("spec".to_owned(), spec.clone());
        if let Some(status) = &self.status {
            object.insert("status".to_owned(), status.clone());
        }
        Value::Object(object)
    }
}

fn rows() -> Vec<Row> {
    let mut table: serde_yaml::Value =
        serde_yaml::from_str(include_str!("../rules.yaml")).expect("YAML");
    for row in table.as_sequence_mut().expect("a list") {
        row.apply_merge().expect("merges");
    }
    serde_yaml::from_value(table).expect("rows")
}

fn schema(kind: &str) -> Value {
    let definition = definitions::all()
        .into_iter()
        .find(|definition| definition.spec.names.kind == kind)
        .expect("one of ours");
    serde_json::to_value(definition).expect("JSON")["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        .clone()
}

/// What is wrong with a verdict, if anything is.
fn disagreement(row: &Row) -> Option<String> {
    let (object, old) = (
        row.object(&row.spec),
        row.old.as_ref().map(|old| row.object(old)),
    );
    let verdict = Validator::new().validate(&schema(&row.kind), &object, old.as_ref());
    let is_right = match (&row.refused, &verdict) {
        (None, Ok(())) => true,
        (Some(sentence), Err(errors)) => errors
            .as_slice()
            .iter()
            .any(|error| error.message == *sentence),
        _ => false,
    };
    let (kind, spec, refused) = (&row.kind, &row.spec, &row.refused);
    (!is_right).then(|| format!("{kind} {spec}: {verdict:?} instead of {refused:?}"))
}

#[test]
fn rules_take_and_refuse_what_the_table_says() {
    // What the schema refuses does not come to the rules.
    let rows = rows().into_iter().filter(|row| row.by.is_none());
    let wrong: Vec<String> = rows.filter_map(|row| disagreement(&row)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_in_the_table() {
    fn sentences(schema: &Value, found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(fields) => {
                let rules = fields.get("x-kubernetes-validations");
                let rules = rules.and_then(Value::as_array).into_iter().flatten();
                found.extend(rules.map(|rule| rule["message"].as_str().unwrap_or("").to_owned()));
                fields.values().for_each(|value| sentences(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| sentences(value, found)),
            _ => {}
        }
    }
    for kind in [
        "DataStream",
        "ShardPool",
        "Shard",
        "Reshard",
        "StreamConsumer",
    ] {
        let mut untested = BTreeSet::new();
        sentences(&schema(kind), &mut untested);
        for row in rows() {
            if let Some(refused) = row.refused {
                untested.remove(&refused);
            }
        }
        assert_eq!(untested, BTreeSet::new(), "{kind}");
    }
}

/// Without an API server the same is refused: by the types, or by [`DesiredStream::of`] in the same words. Updates are
/// not known there, pods do not concern one process, and a metric that is named twice is one.
#[test]
fn a_manifest_without_kubernetes_is_judged_alike() {
    let concerns_one_process = |row: &Row| {
        row.kind == "DataStream"
            && row.old.is_none()
            && row.spec.get("podTemplate").is_none()
            && row.refused.as_deref() != Some("Duplicate value")
    };
    let mut wrong = Vec::new();
    for row in rows().into_iter().filter(concerns_one_process) {
        let object = json!({
            "apiVersion": "anabranch.dev/v1alpha1",
            "kind": "DataStream",
            "metadata": { "name": row.name },
            "spec": row.spec,
        });
        let verdict = serde_json::from_value::<DataStream>(object)
            .map_err(|error| error.to_string())
            .and_then(|object| DesiredStream::of(&object).map_err(|error| error.to_string()));
        if verdict.is_err() != row.refused.is_some() {
            wrong.push(format!("{}: {verdict:?}", row.spec));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
