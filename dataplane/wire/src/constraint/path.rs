//! Where a value stands in a request: `records.3.member.partitionKey`.
//!
//! A chain of borrowed steps, so that the thousands of members that are as they should be cost no allocation.

use std::fmt;

/// One step of a path and the steps before it.
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Member(&'a str),
    /// Counted from zero; AWS prints from one.
    Element(usize),
    Entry(&'a str),
}

impl<'a> Path<'a> {
    pub(super) const fn member(parent: Option<&'a Path<'a>>, name: &'a str) -> Self {
        Path {
            parent,
            step: Step::Member(name),
        }
    }

    pub(super) const fn element(parent: &'a Path<'a>, index: usize) -> Self {
        Path {
            parent: Some(parent),
            step: Step::Element(index),
        }
    }

    pub(super) const fn entry(parent: &'a Path<'a>, key: &'a str) -> Self {
        Path {
            parent: Some(parent),
            step: Step::Entry(key),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        match self.step {
            Step::Member(name) => {
                let mut characters = name.chars();
                let first = characters.next().map(|first| first.to_ascii_lowercase());
                write!(
                    f,
                    "{}{}",
                    first.map(String::from).unwrap_or_default(),
                    characters.as_str()
                )
            }
            Step::Element(index) => write!(f, "{}.member", index + 1),
            Step::Entry(key) => write!(f, "{key}.member"),
        }
    }
}
