//! Serde's side of the type check: one visitor for both codecs, that knows at each place which shape is wanted there.

use super::collect::{Entries, Members};
use super::scalar::Scalar;
use super::{Checked, Conform, MapOf};
use crate::schema::{Shape, Structure};
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::fmt;

/// The most elements that room is made for before they come: those of the largest list of the model.
const ROOM_MAX: usize = 500;

/// The whole body: a structure. A single value in its place is no document.
pub(super) struct Root<'c, 'b> {
    pub(super) table: &'static Structure,
    pub(super) conform: &'c mut Conform<'b>,
}

impl<'b> DeserializeSeed<'b> for Root<'_, 'b> {
    type Value = Checked<'b>;

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<Checked<'b>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'b> Visitor<'b> for Root<'_, 'b> {
    type Value = Checked<'b>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map or a list")
    }

    fn visit_seq<A: SeqAccess<'b>>(self, elements: A) -> Result<Checked<'b>, A::Error> {
        self.conform
            .refuse(super::scalar::LIST_NOT_EXPECTED.to_owned());
        pass_over(elements)
    }

    fn visit_map<A: MapAccess<'b>>(self, entries: A) -> Result<Checked<'b>, A::Error> {
        members(Members::new(self.table), self.conform, entries)
    }
}

/// A value where a shape is wanted.
struct Node<'c, 'b> {
    shape: &'static Shape,
    conform: &'c mut Conform<'b>,
}

impl<'b> DeserializeSeed<'b> for Node<'_, 'b> {
    type Value = Checked<'b>;

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<Checked<'b>, D::Error> {
        if !self.conform.spend() {
            return Err(D::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'b> Visitor<'b> for Node<'_, 'b> {
    type Value = Checked<'b>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Checked<'b>, E> {
        Ok(Checked::Absent)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Checked<'b>, E> {
        Ok(self.conform.scalar(self.shape, Scalar::Boolean(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Checked<'b>, E> {
        Ok(self.conform.scalar(self.shape, Scalar::Integer(number)))
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "past 2^63 a number is only clamped or refused"
    )]
    fn visit_u64<E>(self, number: u64) -> Result<Checked<'b>, E> {
        let number = i64::try_from(number).map_or(Scalar::Float(number as f64), Scalar::Integer);
        Ok(self.conform.scalar(self.shape, number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Checked<'b>, E> {
        Ok(self.conform.scalar(self.shape, Scalar::Float(number)))
    }

    fn visit_borrowed_str<E>(self, text: &'b str) -> Result<Checked<'b>, E> {
        Ok(self
            .conform
            .scalar(self.shape, Scalar::Text(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Checked<'b>, E> {
        Ok(self
            .conform
            .scalar(self.shape, Scalar::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'b [u8]) -> Result<Checked<'b>, E> {
        Ok(self
            .conform
            .scalar(self.shape, Scalar::Bytes(Cow::Borrowed(bytes))))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Checked<'b>, E> {
        Ok(self
            .conform
            .scalar(self.shape, Scalar::Bytes(Cow::Owned(bytes))))
    }

    fn visit_seq<A: SeqAccess<'b>>(self, mut elements: A) -> Result<Checked<'b>, A::Error> {
        let Some(shape) = self.conform.list(self.shape) else {
            return pass_over(elements);
        };
        // A hint is the body's claim: it makes no more room than most requests need.
        let mut list = Vec::with_capacity(elements.size_hint().unwrap_or(0).min(ROOM_MAX));
        while let Some(element) = elements.next_element_seed(Node {
            shape,
            conform: &mut *self.conform,
        })? {
            list.push(element);
        }
        Ok(Checked::List(list))
    }

    fn visit_map<A: MapAccess<'b>>(self, mut entries: A) -> Result<Checked<'b>, A::Error> {
        match self.conform.map(self.shape) {
            Some(MapOf::Members(table)) => members(Members::new(table), self.conform, entries),
            Some(MapOf::Entries(rules)) => {
                let mut kept = Entries::default();
                while let Some(Key(key)) = entries.next_key()? {
                    let node = Node {
                        shape: rules.value,
                        conform: &mut *self.conform,
                    };
                    kept.insert(key, entries.next_value_seed(node)?);
                }
                Ok(kept.into_checked())
            }
            None => {
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Checked::Absent)
            }
        }
    }
}

fn members<'b, A: MapAccess<'b>>(
    mut members: Members<'b>,
    conform: &mut Conform<'b>,
    mut entries: A,
) -> Result<Checked<'b>, A::Error> {
    while let Some(position) = entries.next_key_seed(Position(members.table))? {
        match position {
            Some(position) => {
                let shape = members.table.members[position].shape;
                members.set(
                    position,
                    entries.next_value_seed(Node {
                        shape,
                        conform: &mut *conform,
                    })?,
                );
            }
            None => drop(entries.next_value::<IgnoredAny>()?),
        }
    }
    Ok(members.into_checked())
}

fn pass_over<'b, A: SeqAccess<'b>>(mut elements: A) -> Result<Checked<'b>, A::Error> {
    while elements.next_element::<IgnoredAny>()?.is_some() {}
    Ok(Checked::Absent)
}

/// A key of a map, borrowed where the body holds it as it is.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// A member's name, as its place in the table; none where it is not in the table.
struct Position(&'static Structure);

impl<'b> DeserializeSeed<'b> for Position {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Position {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<usize>, E> {
        self.visit_bytes(name.as_bytes())
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<Option<usize>, E> {
        Ok(self
            .0
            .members
            .iter()
            .position(|member| member.name.as_bytes() == name))
    }
}
