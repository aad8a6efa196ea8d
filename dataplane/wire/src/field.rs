//! How a checked value becomes a field of a request's struct.
//!
//! The value was checked against the same table that declares the field, so a mismatch can only be a mistake in a table;
//! the tests of the tables exclude it, and a request that still met one would be answered with `InternalFailure`.

use crate::blob::Blob;
use crate::conform::Checked;
use crate::text::Text;
use crate::timestamp::Timestamp;
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A table and its struct disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mismatch;

/// A type that a member of a request can have.
pub(crate) trait Field: Sized {
    /// Whether a request may leave it out.
    const OPTIONAL: bool = false;

    /// Takes the value; `body` is the buffer that borrowed text points into.
    fn from_checked(value: Checked<'_>, body: &Bytes) -> Result<Self, Mismatch>;

    /// Whether there is nothing to be sent.
    fn is_absent(&self) -> bool {
        false
    }

    /// The value where it is text.
    fn as_text(&self) -> Option<&str> {
        None
    }

    /// The value where it is true or false.
    fn as_flag(&self) -> Option<bool> {
        None
    }
}

impl<T: Field> Field for Option<T> {
    const OPTIONAL: bool = true;

    fn from_checked(value: Checked<'_>, body: &Bytes) -> Result<Self, Mismatch> {
        match value {
            Checked::Absent => Ok(None),
            value => T::from_checked(value, body).map(Some),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn as_text(&self) -> Option<&str> {
        self.as_ref()?.as_text()
    }

    fn as_flag(&self) -> Option<bool> {
        self.as_ref()?.as_flag()
    }
}

impl Field for String {
    fn from_checked(value: Checked<'_>, _: &Bytes) -> Result<Self, Mismatch> {
        match value {
            Checked::Text(text) => Ok(text.into_owned()),
            _ => Err(Mismatch),
        }
    }

    fn as_text(&self) -> Option<&str> {
        Some(self)
    }
}

impl Field for Text {
    fn from_checked(value: Checked<'_>, body: &Bytes) -> Result<Self, Mismatch> {
        match value {
            Checked::Text(Cow::Borrowed(text)) => Ok(Text::shared(text, body)),
            Checked::Text(Cow::Owned(text)) => Ok(Text::from(text)),
            _ => Err(Mismatch),
        }
    }

    fn as_text(&self) -> Option<&str> {
        Some(self)
    }
}

impl Field for bool {
    fn from_checked(value: Checked<'_>, _: &Bytes) -> Result<Self, Mismatch> {
        match value {
            Checked::Boolean(flag) => Ok(flag),
            _ => Err(Mismatch),
        }
    }

    fn as_flag(&self) -> Option<bool> {
        Some(*self)
    }
}

impl Field for i64 {
    fn from_checked(value: Checked<'_>, _: &Bytes) -> Result<Self, Mismatch> {
        match value {
            Checked::Number(number) => Ok(number),
            _ => Err(Mismatch),
        }
    }
}

impl Field for i32 {
    fn from_checked(value: Checked<'_>, body: &Bytes) -> Result<Self, Mismatch> {
        i64::from_checked(value, body)?
            .try_into()
            .map_err(|_| Mismatch)
    }
}

impl Field for Timestamp {
    fn from_checked(value: Checked<'_>, _: &Bytes) -> Result<Self, Mismatch> {
        match value {
            Checked::Timestamp(time) => Ok(time),
            _ => Err(Mismatch),
        }
    }
}

impl Field for Blob {
    fn from_checked(value: Checked<'_>, _: &Bytes) -> Result<Self, Mismatch> {
        match value {
            Checked::Blob(bytes) => Ok(Blob(bytes)),
            _ => Err(Mismatch),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn from_checked(value: Checked<'_>, body: &Bytes) -> Result<Self, Mismatch> {
        match value {
            Checked::List(elements) => elements
                .into_iter()
                .map(|element| T::from_checked(element, body))
                .collect(),
            _ => Err(Mismatch),
        }
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn from_checked(value: Checked<'_>, body: &Bytes) -> Result<Self, Mismatch> {
        match value {
            Checked::Map(entries) => entries
                .into_iter()
                .map(|(key, value)| Ok((key.into_owned(), T::from_checked(value, body)?)))
                .collect(),
            _ => Err(Mismatch),
        }
    }
}

/// A request's members by their wire names, so that what many requests share can be asked for in one way.
pub(crate) trait Members {
    /// The text of this member, where it is given and is text.
    fn text(&self, name: &str) -> Option<&str>;

    /// The value of this member, where it is given and is true or false.
    fn flag(&self, name: &str) -> Option<bool>;
}
