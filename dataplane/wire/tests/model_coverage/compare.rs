//! Tables and the model side by side.

use super::model::Model;
use anabranch_wire::schema::{Length, Range, Shape, Structure};
use serde_json::Value;
use std::collections::BTreeSet;

/// Collects every difference, each as `<Structure>.<Member> <what>`.
pub(crate) struct Comparison<'m> {
    model: &'m Model,
    differences: BTreeSet<String>,
}

impl<'m> Comparison<'m> {
    pub(crate) fn new(model: &'m Model) -> Self {
        Comparison {
            model,
            differences: BTreeSet::new(),
        }
    }

    pub(crate) fn into_differences(self) -> BTreeSet<String> {
        self.differences
    }

    pub(crate) fn differs(&mut self, difference: String) {
        self.differences.insert(difference);
    }

    /// Compares a structure with the shape of this name, members and all.
    pub(crate) fn structure(&mut self, shape: Option<&str>, table: Option<&Structure>) {
        let (name, table) = match (shape, table) {
            (Some(name), Some(table)) => (name, table),
            (None, None) => return,
            (name, table) => {
                let table = table.map(|table| table.name);
                return self.differs(format!("{name:?} in the model is {table:?} here"));
            }
        };
        self.equal(name, "name", Some(name), Some(table.name));
        let shape = self.model.shape(name);
        let members = shape["members"]
            .as_object()
            .expect("a structure has members");
        for (member, reference) in members {
            let path = format!("{name}.{member}");
            let Some(ours) = table.member(member) else {
                self.differs(format!("{path} missing"));
                continue;
            };
            let is_required = shape["required"]
                .as_array()
                .is_some_and(|names| names.iter().any(|name| name == member));
            self.equal(&path, "required", is_required, ours.required);
            self.shape(&path, reference, ours.shape);
        }
        for ours in table
            .members
            .iter()
            .filter(|ours| !members.contains_key(ours.name))
        {
            self.differs(format!("{name}.{} made up", ours.name));
        }
    }

    fn shape(&mut self, path: &str, reference: &Value, ours: &Shape) {
        let name = reference["shape"]
            .as_str()
            .expect("a member refers to a shape");
        let theirs = self.model.shape(name);
        self.equal(path, "type", theirs["type"].as_str(), Some(type_name(ours)));
        match ours {
            Shape::String(rules) => {
                self.length(path, theirs, rules.length);
                let pattern = rules.pattern.as_ref().map(|pattern| pattern.model);
                self.equal(path, "pattern", theirs["pattern"].as_str(), pattern);
                self.equal(
                    path,
                    "enum",
                    text_set(&theirs["enum"]),
                    rules.values.iter().copied().collect(),
                );
            }
            Shape::Integer(range) | Shape::Long(range) => self.range(path, theirs, *range),
            Shape::Blob(length) => self.length(path, theirs, *length),
            Shape::List(rules) => {
                self.length(path, theirs, rules.length);
                self.shape(&format!("{path}[]"), &theirs["member"], rules.element);
            }
            Shape::Map(rules) => {
                self.length(path, theirs, rules.length);
                self.shape(&format!("{path} key"), &theirs["key"], rules.key);
                self.shape(&format!("{path} value"), &theirs["value"], rules.value);
            }
            Shape::Structure(table) => self.structure(Some(name), Some(table())),
            Shape::Boolean | Shape::Timestamp => {}
        }
    }

    fn length(&mut self, path: &str, theirs: &Value, ours: Length) {
        let signed = |bound: Option<usize>| {
            bound.map(|bound| i64::try_from(bound).expect("a bound is small"))
        };
        self.range(
            path,
            theirs,
            Range {
                min: signed(ours.min),
                max: signed(ours.max),
            },
        );
    }

    fn range(&mut self, path: &str, theirs: &Value, ours: Range) {
        self.equal(path, "min", theirs["min"].as_i64(), ours.min);
        self.equal(path, "max", theirs["max"].as_i64(), ours.max);
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "callers compare what they have just made"
    )]
    fn equal<T: PartialEq>(&mut self, path: &str, what: &str, theirs: T, ours: T) {
        if theirs != ours {
            self.differs(format!("{path} {what}"));
        }
    }
}

fn type_name(shape: &Shape) -> &'static str {
    match shape {
        Shape::String(_) => "string",
        Shape::Integer(_) => "integer",
        Shape::Long(_) => "long",
        Shape::Boolean => "boolean",
        Shape::Timestamp => "timestamp",
        Shape::Blob(_) => "blob",
        Shape::List(_) => "list",
        Shape::Map(_) => "map",
        Shape::Structure(_) => "structure",
    }
}

fn text_set(values: &Value) -> BTreeSet<&str> {
    values
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
