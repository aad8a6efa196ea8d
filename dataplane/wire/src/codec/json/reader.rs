//! A JSON body as a tree. `serde_json` reads; what is ours is the bound on depth and values, and borrowing.

use crate::document::{Budget, DEPTH_MAX, Malformed, Value};
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::fmt;

/// The tree of a whole body.
pub(crate) fn read(body: &[u8]) -> Result<Value<'_>, Malformed> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let mut budget = Budget::new();
    let value = Node {
        depth: 0,
        budget: &mut budget,
    }
    .deserialize(&mut deserializer)
    .map_err(|_| Malformed)?;
    deserializer.end().map_err(|_| Malformed)?;
    Ok(value)
}

/// Reads one value at a depth.
struct Node<'b> {
    depth: usize,
    budget: &'b mut Budget,
}

impl Node<'_> {
    fn child(&mut self) -> Node<'_> {
        Node {
            depth: self.depth + 1,
            budget: self.budget,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        if self.depth > DEPTH_MAX || self.budget.spend().is_err() {
            return Err(D::Error::custom("the document is too large"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value<'de>, E> {
        Ok(Value::Boolean(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value<'de>, E> {
        Ok(Value::Integer(number))
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "past 2^63 a number is only clamped or refused"
    )]
    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value<'de>, E> {
        Ok(Value::Float(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<Value<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(self.child())? {
            list.push(element);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value<'de>, A::Error> {
        let mut map = Vec::new();
        while let Some(Key(key)) = entries.next_key()? {
            map.push((key, entries.next_value_seed(self.child())?));
        }
        Ok(Value::Map(map))
    }
}

/// A member's name, borrowed where it holds no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
