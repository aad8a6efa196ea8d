//! The one way from a serde struct to bytes, for both codecs.
//!
//! `serde_json` has no place for a blob or a time, and a CBOR crate would be a second way: so the part of serde's data model
//! that answers use is mapped here once, onto the few things that a codec must know how to write.

use crate::timestamp::TIMESTAMP_TOKEN;
use serde::ser::{self, Impossible, Serialize};
use std::fmt;

/// What a codec can write, straight into its output buffer.
pub(super) trait Writer {
    fn null(&mut self);
    fn boolean(&mut self, flag: bool);
    fn integer(&mut self, number: i64);
    fn text(&mut self, text: &str);
    fn blob(&mut self, bytes: &[u8]);
    fn timestamp(&mut self, millis: i64);
    fn begin_list(&mut self, length: usize);
    fn end_list(&mut self);
    fn begin_map(&mut self, length: usize);
    fn end_map(&mut self);
    /// Before each element of a list and each key of a map.
    fn separate(&mut self, is_first: bool);
    /// Between a key and its value.
    fn separate_value(&mut self);
}

/// A struct that cannot be written: it holds a type that AWS's model does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotOfTheModel(String);

impl ser::Error for NotOfTheModel {
    fn custom<T: fmt::Display>(message: T) -> Self {
        NotOfTheModel(message.to_string())
    }
}

fn unsupported<T>(kind: &str) -> Result<T, NotOfTheModel> {
    Err(NotOfTheModel(format!("AWS's model has no {kind}")))
}

/// Serde's side of a writer.
pub(super) struct Serializer<'w, W> {
    writer: &'w mut W,
    /// What a number is: a time knows itself only by the name of its newtype, one step before its number comes.
    number_is: NumberIs,
}

#[derive(Clone, Copy)]
enum NumberIs {
    Plain,
    Time,
}

impl<'w, W: Writer> Serializer<'w, W> {
    pub(super) fn new(writer: &'w mut W) -> Self {
        Serializer {
            writer,
            number_is: NumberIs::Plain,
        }
    }
}

/// A list, map or structure that is being written.
pub(super) struct Collection<'w, W> {
    writer: &'w mut W,
    is_empty: bool,
}

impl<'w, W: Writer> Collection<'w, W> {
    fn new(writer: &'w mut W) -> Self {
        Collection {
            writer,
            is_empty: true,
        }
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotOfTheModel> {
        value.serialize(Serializer::new(self.writer))
    }

    fn separate(&mut self) {
        self.writer.separate(self.is_empty);
        self.is_empty = false;
    }
}

/// Numbers that fit are written as numbers.
macro_rules! integers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, number: $type) -> Result<(), NotOfTheModel> {
            self.serialize_i64(i64::from(number))
        })*
    };
}

/// Types that AWS's model does not have.
macro_rules! not_of_the_model {
    ($($method:ident($($argument:ty),*) -> $result:ty: $kind:literal;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$result, NotOfTheModel> {
            unsupported($kind)
        })*
    };
}

impl<'w, W: Writer> ser::Serializer for Serializer<'w, W> {
    type Ok = ();
    type Error = NotOfTheModel;
    type SerializeSeq = Collection<'w, W>;
    type SerializeTuple = Impossible<(), NotOfTheModel>;
    type SerializeTupleStruct = Impossible<(), NotOfTheModel>;
    type SerializeTupleVariant = Impossible<(), NotOfTheModel>;
    type SerializeMap = Collection<'w, W>;
    type SerializeStruct = Collection<'w, W>;
    type SerializeStructVariant = Impossible<(), NotOfTheModel>;

    integers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32);

    not_of_the_model! {
        serialize_f32(f32) -> (): "float";
        serialize_f64(f64) -> (): "float";
        serialize_char(char) -> (): "single character";
        serialize_unit_struct(&'static str) -> (): "empty structure";
        serialize_tuple(usize) -> Self::SerializeTuple: "tuple";
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct: "tuple";
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant: "variant";
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant: "variant";
    }

    fn serialize_bool(self, flag: bool) -> Result<(), NotOfTheModel> {
        self.writer.boolean(flag);
        Ok(())
    }

    fn serialize_i64(self, number: i64) -> Result<(), NotOfTheModel> {
        match self.number_is {
            NumberIs::Plain => self.writer.integer(number),
            NumberIs::Time => self.writer.timestamp(number),
        }
        Ok(())
    }

    fn serialize_u64(self, number: u64) -> Result<(), NotOfTheModel> {
        match i64::try_from(number) {
            Ok(number) => self.serialize_i64(number),
            Err(_) => unsupported("number past 2^63"),
        }
    }

    fn serialize_str(self, text: &str) -> Result<(), NotOfTheModel> {
        self.writer.text(text);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), NotOfTheModel> {
        self.writer.blob(bytes);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), NotOfTheModel> {
        self.writer.null();
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotOfTheModel> {
        value.serialize(self)
    }

    /// The answer of an action that has none: zero bytes, as AWS sends. `null` would not be a structure.
    fn serialize_unit(self) -> Result<(), NotOfTheModel> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), NotOfTheModel> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), NotOfTheModel> {
        if name == TIMESTAMP_TOKEN {
            return value.serialize(Serializer {
                writer: self.writer,
                number_is: NumberIs::Time,
            });
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NotOfTheModel> {
        unsupported("variant")
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, NotOfTheModel> {
        let Some(length) = length else {
            return unsupported("list of unknown length");
        };
        self.writer.begin_list(length);
        Ok(Collection::new(self.writer))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, NotOfTheModel> {
        let Some(length) = length else {
            return unsupported("map of unknown length");
        };
        self.writer.begin_map(length);
        Ok(Collection::new(self.writer))
    }

    fn serialize_struct(
        self,
        _: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStruct, NotOfTheModel> {
        self.serialize_map(Some(length))
    }
}

impl<W: Writer> ser::SerializeSeq for Collection<'_, W> {
    type Ok = ();
    type Error = NotOfTheModel;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotOfTheModel> {
        self.separate();
        self.value(value)
    }

    fn end(self) -> Result<(), NotOfTheModel> {
        self.writer.end_list();
        Ok(())
    }
}

impl<W: Writer> ser::SerializeMap for Collection<'_, W> {
    type Ok = ();
    type Error = NotOfTheModel;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotOfTheModel> {
        self.separate();
        self.value(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotOfTheModel> {
        self.writer.separate_value();
        self.value(value)
    }

    fn end(self) -> Result<(), NotOfTheModel> {
        self.writer.end_map();
        Ok(())
    }
}

impl<W: Writer> ser::SerializeStruct for Collection<'_, W> {
    type Ok = ();
    type Error = NotOfTheModel;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), NotOfTheModel> {
        self.separate();
        self.writer.text(name);
        self.writer.separate_value();
        self.value(value)
    }

    fn end(self) -> Result<(), NotOfTheModel> {
        self.writer.end_map();
        Ok(())
    }
}
