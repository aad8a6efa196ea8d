//! AWS's model as data: which members a structure has, of which shape, under which constraints.
//!
//! The tables that the decoder walks are the tables that a test compares with AWS's published model. A table is written
//! once, next to the struct that it describes (`structure!`), so the two cannot drift apart. The order of members is the
//! order in which AWS reports violations.

pub(crate) mod kinesis;
mod pattern;
mod rules;

pub use pattern::Pattern;
pub use rules::{Length, ListRules, MapRules, Range, Shape, StringRules};

use crate::action::Action;

/// A structure of the model.
#[derive(Debug)]
pub struct Structure {
    /// AWS's name of the shape.
    pub name: &'static str,
    /// The members, in the order in which AWS checks them.
    pub members: &'static [Member],
}

/// One member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The name on the wire.
    pub name: &'static str,
    /// The type and its constraints.
    pub shape: &'static Shape,
    /// Whether a request without it is refused.
    pub required: bool,
    /// Where not empty: the member is needed unless one of these is given (a stream is named by name or by ARN).
    pub required_unless: &'static [&'static str],
}

impl Structure {
    /// Where the member of this name stands in the table.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| member.name == name)
    }

    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

/// A Rust struct that has a table.
pub trait Structured {
    /// The table of this struct.
    fn structure() -> &'static Structure;
}

/// The struct of an operation's request: which operation, and what it answers.
pub trait Operation: Structured {
    /// The operation.
    const ACTION: Action;
    /// What a successful answer holds; `()` where AWS answers an empty body.
    type Output;
}

/// The request of an operation; none for those that this server does not offer.
pub fn input(action: Action) -> Option<&'static Structure> {
    crate::request::input_structure(action)
}

/// The answer of an operation; none where AWS answers an empty body.
pub fn output(action: Action) -> Option<&'static Structure> {
    crate::request::output_structure(action)
}
