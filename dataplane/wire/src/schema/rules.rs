//! The shapes of the model and the constraints that each may carry.

use super::{Pattern, Structure};

/// A type of the model with its constraints.
#[derive(Debug)]
pub enum Shape {
    /// Text.
    String(StringRules),
    /// A 32-bit number.
    Integer(Range),
    /// A 64-bit number.
    Long(Range),
    /// True or false.
    Boolean,
    /// A moment.
    Timestamp,
    /// Bytes.
    Blob(Length),
    /// Several values of one shape.
    List(ListRules),
    /// Text to values of one shape.
    Map(MapRules),
    /// Named members. A function, since the table stands beside the struct it describes.
    Structure(fn() -> &'static Structure),
}

/// Bounds of a length, both included; none where the model has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// The least.
    pub min: Option<usize>,
    /// The most.
    pub max: Option<usize>,
}

/// Bounds of a number, both included; none where the model has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub min: Option<i64>,
    /// The most.
    pub max: Option<i64>,
}

/// Constraints of text.
#[derive(Debug)]
pub struct StringRules {
    /// In characters.
    pub length: Length,
    /// What the whole text must match.
    pub pattern: Option<Pattern>,
    /// The only values allowed; empty where any is. In the order in which AWS prints them.
    pub values: &'static [&'static str],
}

/// Constraints of a list.
#[derive(Debug)]
pub struct ListRules {
    /// In elements.
    pub length: Length,
    /// What each element is.
    pub element: &'static Shape,
}

/// Constraints of a map.
#[derive(Debug)]
pub struct MapRules {
    /// In entries.
    pub length: Length,
    /// Constraints of each key.
    pub key: &'static Shape,
    /// What each value is.
    pub value: &'static Shape,
}

impl Length {
    /// Any length.
    pub(crate) const ANY: Length = Length {
        min: None,
        max: None,
    };

    pub(crate) const fn between(min: usize, max: usize) -> Length {
        Length {
            min: Some(min),
            max: Some(max),
        }
    }
}

impl Shape {
    /// Text of any content.
    pub(crate) const TEXT: Shape = Shape::String(StringRules {
        length: Length::ANY,
        pattern: None,
        values: &[],
    });

    pub(crate) const fn text(min: usize, max: usize) -> Shape {
        Shape::String(StringRules {
            length: Length::between(min, max),
            pattern: None,
            values: &[],
        })
    }

    pub(crate) const fn matching(length: Length, pattern: Pattern) -> Shape {
        Shape::String(StringRules {
            length,
            pattern: Some(pattern),
            values: &[],
        })
    }

    pub(crate) const fn one_of(values: &'static [&'static str]) -> Shape {
        Shape::String(StringRules {
            length: Length::ANY,
            pattern: None,
            values,
        })
    }

    pub(crate) const fn integer(min: i64, max: i64) -> Shape {
        Shape::Integer(Range {
            min: Some(min),
            max: Some(max),
        })
    }

    pub(crate) const fn integer_from(min: i64) -> Shape {
        Shape::Integer(Range {
            min: Some(min),
            max: None,
        })
    }

    pub(crate) const fn long_from(min: i64) -> Shape {
        Shape::Long(Range {
            min: Some(min),
            max: None,
        })
    }

    pub(crate) const fn list(length: Length, element: &'static Shape) -> Shape {
        Shape::List(ListRules { length, element })
    }
    pub(crate) const fn map(length: Length, key: &'static Shape, value: &'static Shape) -> Shape {
        Shape::Map(MapRules { length, key, value })
    }
}
