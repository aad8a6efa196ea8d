//! Valid documents of any structure, made from its table: what the tables allow, the decoders must take.

use anabranch_wire::schema::{Length, Member, Range, Shape, StringRules, Structure};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::string::string_regex;
use serde_json::{Map, Value, json};

/// JSON documents with all members that are needed and any of the others.
pub(crate) fn structure(table: &'static Structure) -> BoxedStrategy<Value> {
    let members: Vec<_> = table.members.iter().map(member).collect();
    members
        .prop_map(|members| Value::Object(members.into_iter().flatten().collect::<Map<_, _>>()))
        .boxed()
}

fn member(member: &'static Member) -> BoxedStrategy<Option<(String, Value)>> {
    let value = shape(member.shape).prop_map(|value| Some((member.name.to_owned(), value)));
    if member.required || !member.required_unless.is_empty() {
        value.boxed()
    } else {
        prop_oneof![Just(None), value].boxed()
    }
}

fn shape(shape: &'static Shape) -> BoxedStrategy<Value> {
    match shape {
        Shape::String(rules) => text(rules).prop_map(Value::from).boxed(),
        Shape::Integer(range) => number(*range, i64::from(i32::MAX)),
        Shape::Long(range) => number(*range, i64::MAX),
        Shape::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Shape::Timestamp => timestamp(),
        Shape::Blob(_) => {
            let encode = |bytes: Vec<u8>| json!(base64_simd::STANDARD.encode_to_string(bytes));
            vec(any::<u8>(), 0..64).prop_map(encode).boxed()
        }
        Shape::List(rules) => vec(self::shape(rules.element), few(rules.length))
            .prop_map(Value::from)
            .boxed(),
        Shape::Map(rules) => {
            let Shape::String(keys) = rules.key else {
                panic!("the model's maps have text as keys")
            };
            let entries = btree_map(text(keys), self::shape(rules.value), few(rules.length));
            entries
                .prop_map(|entries| Value::Object(entries.into_iter().collect()))
                .boxed()
        }
        Shape::Structure(table) => structure(table()),
    }
}

fn text(rules: &'static StringRules) -> BoxedStrategy<String> {
    if !rules.values.is_empty() {
        return proptest::sample::select(rules.values)
            .prop_map(str::to_owned)
            .boxed();
    }
    if let Some(pattern) = &rules.pattern {
        let unanchored = pattern.model.trim_start_matches('^').trim_end_matches('$');
        return string_regex(&unanchored.replace(r"\d", "[0-9]"))
            .expect("a pattern of the model")
            .boxed();
    }
    let lengths = few(rules.length);
    vec(any::<char>(), lengths)
        .prop_map(String::from_iter)
        .boxed()
}

fn number(range: Range, most: i64) -> BoxedStrategy<Value> {
    (range.min.unwrap_or(-most)..=range.max.unwrap_or(most))
        .prop_map(Value::from)
        .boxed()
}

/// Seconds with a fraction, since JSON's `5.0` and `5` are one number to us and two to a comparison of documents.
#[allow(
    clippy::cast_precision_loss,
    reason = "milliseconds of some ten thousand years fit"
)]
fn timestamp() -> BoxedStrategy<Value> {
    let millis = (0..4_000_000_000_000_i64).prop_filter("a fraction", |millis| millis % 1000 != 0);
    millis
        .prop_map(|millis| json!(millis as f64 / 1000.0))
        .boxed()
}

/// A small allowed number of children.
fn few(length: Length) -> std::ops::RangeInclusive<usize> {
    let min = length.min.unwrap_or(0);
    min..=length.max.unwrap_or(usize::MAX).min(min + 4)
}
