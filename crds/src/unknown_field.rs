//! Finds fields that a kind does not have, and the field that was probably meant.
//!
//! Reads the kind's own generated schema, so that it can never know other fields than the kind does.

use serde_json::Value;

/// A field that is not the kind's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownField {
    /// Its path from the document's root.
    pub(crate) path: String,
    /// The field that was probably meant, or else all that there are.
    pub(crate) instead: String,
}

/// The first field of `value` that `schema` does not know.
pub(crate) fn find(schema: &Value, value: &Value, path: &str) -> Option<UnknownField> {
    if schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true)) {
        return None;
    }
    match value {
        Value::Object(fields) => {
            if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
                fields.iter().find_map(|(name, value)| {
                    let path = join(path, name);
                    match properties.get(name) {
                        Some(schema) => find(schema, value, &path),
                        None => Some(UnknownField {
                            path,
                            instead: instead(name, properties.keys()),
                        }),
                    }
                })
            } else {
                // A map from names to one kind of value, or somebody else's language: nothing to know about names.
                let schema = schema.get("additionalProperties")?;
                fields
                    .iter()
                    .find_map(|(name, value)| find(schema, value, &join(path, name)))
            }
        }
        Value::Array(items) => {
            let schema = schema.get("items")?;
            items
                .iter()
                .enumerate()
                .find_map(|(index, item)| find(schema, item, &format!("{path}[{index}]")))
        }
        _ => None,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn instead<'a>(name: &str, known: impl Iterator<Item = &'a String> + Clone) -> String {
    let nearest = known
        .clone()
        .map(|known| (distance(name, known), known))
        .min();
    match nearest {
        Some((distance, known)) if distance <= 1 + name.len() / 4 => format!("write `{known}`"),
        _ => {
            let known: Vec<&str> = known.map(String::as_str).collect();
            format!("write one of {}", known.join(", "))
        }
    }
}

/// How many letters must be put in, taken out or changed (case counts as nothing).
fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (
        left.to_ascii_lowercase().into_bytes(),
        right.to_ascii_lowercase().into_bytes(),
    );
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, left_byte) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right_byte) in right.iter().enumerate() {
            let changed = diagonal + usize::from(left_byte != right_byte);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Value {
        json!({ "properties": {
            "shards": { "type": "integer" },
            "replication": { "properties": { "factor": {} } },
            "tags": { "additionalProperties": { "type": "string" } },
            "list": { "items": { "properties": { "key": {} } } },
            "policy": { "x-kubernetes-preserve-unknown-fields": true },
        } })
    }

    #[test]
    fn a_misspelt_field_is_found_with_its_path_and_what_was_meant() {
        for (value, path, instead) in [
            (json!({ "shard": 1 }), "spec.shard", "write `shards`"),
            (json!({ "Shards": 1 }), "spec.Shards", "write `shards`"),
            (
                json!({ "replication": { "fctor": 1 } }),
                "spec.replication.fctor",
                "write `factor`",
            ),
            (
                json!({ "list": [{ "key": 1 }, { "kee": 1 }] }),
                "spec.list[1].kee",
                "write `key`",
            ),
            (
                json!({ "colour": 1 }),
                "spec.colour",
                "write one of list, policy, replication, shards, tags",
            ),
        ] {
            let unknown = find(&schema(), &value, "spec").expect("unknown");
            assert_eq!(
                (unknown.path.as_str(), unknown.instead.as_str()),
                (path, instead)
            );
        }
    }

    #[test]
    fn names_inside_maps_and_free_objects_are_the_users_own() {
        let value =
            json!({ "tags": { "anything": "x" }, "policy": { "Statement": [{ "Any": 1 }] } });
        assert_eq!(find(&schema(), &value, "spec"), None);
    }
}
