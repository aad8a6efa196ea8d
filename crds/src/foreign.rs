//! Fields whose inside is somebody else's language (an IAM policy, a pod's affinity): only their outermost shape is checked.

use schemars::{Schema, SchemaGenerator, json_schema};

/// A policy document: an object that has a `Statement`; the rest is read by the gateway.
pub(crate) fn document(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
        "required": ["Statement"],
        "properties": {
            "Statement": {
                "description": "Who may do what: one statement or a list of them.",
                "x-kubernetes-preserve-unknown-fields": true,
            },
        },
    })
}

/// A part of a pod's spec that is handed on as it is.
pub(crate) fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}
