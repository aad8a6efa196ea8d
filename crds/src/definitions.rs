//! The `CustomResourceDefinition`s of all kinds, as an API server takes them without a warning.
//!
//! What the derived ones have beyond that is taken away: Rust's number formats, which Kubernetes does not know, and
//! `nullable`, because a field that is left out is the one way to leave it out (the API server prunes a `null`).

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Map, Value};

use crate::{DataStream, Reshard, Shard, ShardPool, StreamConsumer};

/// All definitions, in the order in which a reader wants to learn the kinds.
pub fn all() -> Vec<CustomResourceDefinition> {
    [
        DataStream::crd(),
        ShardPool::crd(),
        Shard::crd(),
        Reshard::crd(),
        StreamConsumer::crd(),
    ]
    .into_iter()
    .map(as_kubernetes_takes_it)
    .collect()
}

fn as_kubernetes_takes_it(definition: CustomResourceDefinition) -> CustomResourceDefinition {
    let mut value = serde_json::to_value(definition).expect("a definition is JSON");
    if let Some(versions) = value
        .pointer_mut("/spec/versions")
        .and_then(Value::as_array_mut)
    {
        for version in versions {
            if let Some(schema) = version.pointer_mut("/schema/openAPIV3Schema") {
                clean(schema);
            }
        }
    }
    serde_json::from_value(value).expect("it was a definition before")
}

fn clean(schema: &mut Value) {
    let Value::Object(fields) = schema else {
        return;
    };
    fields.remove("nullable");
    if let Some(Value::Array(words)) = fields.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    clean_number(fields);
    for children in ["properties", "patternProperties"] {
        if let Some(Value::Object(children)) = fields.get_mut(children) {
            children.values_mut().for_each(clean);
        }
    }
    for child in ["items", "additionalProperties"] {
        if let Some(child) = fields.get_mut(child) {
            clean(child);
        }
    }
}

/// A Rust number becomes the smallest of Kubernetes' that holds it; a bound stays a bound.
fn clean_number(fields: &mut Map<String, Value>) {
    let format = match fields.get("format").and_then(Value::as_str) {
        Some("uint8" | "uint16" | "int8" | "int16") => "int32",
        Some("uint32" | "uint64" | "uint" | "int") => "int64",
        _ => return,
    };
    fields.insert("format".to_owned(), format.into());
}

#[cfg(test)]
#[path = "definitions_test.rs"]
mod tests;
