//! The constraint check: required members, lengths, bounds, patterns and sets of values.
//!
//! Owns AWS's words for each broken constraint, their order and their number: all are reported in one
//! `ValidationException`, ten at the most. Later stages that find a broken constraint which only they can know (a stream's
//! own record size, a partition key that its stream needs) report it in the same words through [`Violations`].

mod path;
mod printed;

use crate::conform::Checked;
use crate::error::{ApiError, ErrorKind};
use crate::schema::{
    Length, ListRules, MapRules, Member, Range, Shape, StringRules, Structure, kinesis,
};
use path::Path;
use printed::Printed;

/// How many violations AWS reports at the most.
const VIOLATIONS_MAX: usize = 10;

/// Bounds of AWS's model that a server may be told to change. `None`: no bound but the process's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Records in one `PutRecords`.
    pub put_records_count: Option<usize>,
    /// `Limit` of one `GetRecords`.
    pub get_records_limit: Option<i64>,
}

impl Bounds {
    /// AWS's own.
    pub const AWS: Self = Self {
        put_records_count: Some(500),
        get_records_limit: Some(10_000),
    };

    fn of_length(&self, shape: &Shape, length: Length) -> Length {
        if std::ptr::eq(shape, &raw const kinesis::PUT_RECORDS_REQUEST_ENTRY_LIST) {
            let max = self.put_records_count;
            return Length { max, ..length };
        }
        length
    }

    fn of_range(&self, shape: &Shape, range: Range) -> Range {
        if std::ptr::eq(shape, &raw const kinesis::GET_RECORDS_INPUT_LIMIT) {
            let max = self.get_records_limit;
            return Range { max, ..range };
        }
        range
    }
}

/// The broken constraints of one request, in the order found.
#[derive(Debug)]
pub struct Violations {
    texts: Vec<String>,
    bounds: Bounds,
}

impl Default for Violations {
    fn default() -> Self {
        Self {
            texts: Vec::new(),
            bounds: Bounds::AWS,
        }
    }
}

impl Violations {
    /// None yet.
    pub fn new() -> Self {
        Violations::default()
    }

    /// The member at this path (`records.1.member.partitionKey`) is missing.
    pub fn missing(&mut self, path: &str) {
        self.push("null", path, "Member must not be null");
    }

    /// The bytes at this path are too many. AWS does not print what may be a secret.
    pub fn too_long_blob(&mut self, path: &str, bytes_max: usize) {
        self.push(
            "",
            path,
            format_args!("Member must have length less than or equal to {bytes_max}"),
        );
    }

    /// The one error for all violations; none where there are none.
    pub fn into_result(self) -> Result<(), ApiError> {
        if self.texts.is_empty() {
            return Ok(());
        }
        let plural = if self.texts.len() == 1 { "" } else { "s" };
        let message = format!(
            "{} validation error{plural} detected: {}",
            self.texts.len(),
            self.texts.join("; ")
        );
        Err(ApiError::new(ErrorKind::ValidationException, message))
    }

    fn is_full(&self) -> bool {
        self.texts.len() >= VIOLATIONS_MAX
    }

    fn push(
        &mut self,
        value: impl std::fmt::Display,
        path: impl std::fmt::Display,
        constraint: impl std::fmt::Display,
    ) {
        if !self.is_full() {
            let value = value.to_string();
            let blank = if value.is_empty() { "" } else { " " };
            self.texts.push(format!(
                "Value{blank}{value} at '{path}' failed to satisfy constraint: {constraint}"
            ));
        }
    }

    fn broken(&mut self, path: &Path<'_>, value: &Checked<'_>, constraint: impl std::fmt::Display) {
        self.push(Printed(value), path, constraint);
    }
}

/// Checks the members of a request against its table.
pub(crate) fn check(
    table: &Structure,
    members: &Checked<'_>,
    bounds: Bounds,
) -> Result<(), ApiError> {
    let mut violations = Violations {
        bounds,
        ..Violations::new()
    };
    check_structure(table, members, None, &mut violations);
    violations.into_result()
}

fn check_structure(
    table: &Structure,
    value: &Checked<'_>,
    parent: Option<&Path<'_>>,
    violations: &mut Violations,
) {
    let Checked::Structure(slots) = value else {
        return;
    };
    for (member, slot) in table.members.iter().zip(slots) {
        let path = Path::member(parent, member.name);
        if matches!(slot, Checked::Absent) {
            if is_needed(member, table, slots) {
                violations.broken(&path, slot, "Member must not be null");
            }
        } else {
            check_value(member.shape, slot, &path, violations);
        }
        if violations.is_full() {
            return;
        }
    }
}

fn is_needed(member: &Member, table: &Structure, slots: &[Checked<'_>]) -> bool {
    let is_given = |name: &&str| {
        table
            .position(name)
            .is_some_and(|position| !matches!(slots[position], Checked::Absent))
    };
    member.required
        || (!member.required_unless.is_empty() && !member.required_unless.iter().any(is_given))
}

fn check_value(shape: &Shape, value: &Checked<'_>, path: &Path<'_>, violations: &mut Violations) {
    match (shape, value) {
        (Shape::String(rules), Checked::Text(text)) => {
            check_text(rules, text, value, path, violations);
        }
        (Shape::Integer(range) | Shape::Long(range), Checked::Number(number)) => {
            let range = violations.bounds.of_range(shape, *range);
            check_range(range, *number, value, path, violations);
        }
        (Shape::Blob(length), Checked::Blob(bytes)) => {
            check_length(*length, bytes.len(), value, path, violations);
        }
        (Shape::List(rules), Checked::List(elements)) => {
            let length = violations.bounds.of_length(shape, rules.length);
            check_length(length, elements.len(), value, path, violations);
            check_list(rules, elements, value, path, violations);
        }
        (Shape::Map(rules), Checked::Map(entries)) => {
            check_length(rules.length, entries.len(), value, path, violations);
            check_entries(rules, entries, value, path, violations);
        }
        (Shape::Structure(table), members) => {
            check_structure(table(), members, Some(path), violations);
        }
        _ => {}
    }
}

fn check_text(
    rules: &StringRules,
    text: &str,
    value: &Checked<'_>,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    if let Some(pattern) = &rules.pattern
        && !pattern.matches(text)
    {
        let constraint = format_args!(
            "Member must satisfy regular expression pattern: {}",
            pattern.printed
        );
        violations.broken(path, value, constraint);
    }
    if !fits(rules.length, text) {
        check_length(rules.length, text.chars().count(), value, path, violations);
    }
    if !rules.values.is_empty() && !rules.values.contains(&text) {
        violations.broken(path, value, enum_constraint(rules.values));
    }
}

fn check_range(
    range: Range,
    number: i64,
    value: &Checked<'_>,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    if let Some(min) = range.min.filter(|&min| number < min) {
        violations.broken(
            path,
            value,
            format_args!("Member must have value greater than or equal to {min}"),
        );
    }
    if let Some(max) = range.max.filter(|&max| number > max) {
        violations.broken(
            path,
            value,
            format_args!("Member must have value less than or equal to {max}"),
        );
    }
}

fn check_length(
    length: Length,
    actual: usize,
    value: &Checked<'_>,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    if let Some(min) = length.min.filter(|&min| actual < min) {
        violations.broken(
            path,
            value,
            format_args!("Member must have length greater than or equal to {min}"),
        );
    }
    if let Some(max) = length.max.filter(|&max| actual > max) {
        violations.broken(
            path,
            value,
            format_args!("Member must have length less than or equal to {max}"),
        );
    }
}

fn check_list(
    rules: &ListRules,
    elements: &[Checked<'_>],
    value: &Checked<'_>,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    if !elements
        .iter()
        .all(|element| is_allowed(rules.element, element))
    {
        let constraint = format_args!(
            "Member must satisfy constraint: [{}]",
            constraints_of(rules.element)
        );
        violations.broken(path, value, constraint);
    }
    for (index, element) in elements.iter().enumerate() {
        if violations.is_full() {
            return;
        }
        check_member(
            rules.element,
            element,
            &Path::element(path, index),
            violations,
        );
    }
}

fn check_entries(
    rules: &MapRules,
    entries: &[(std::borrow::Cow<'_, str>, Checked<'_>)],
    value: &Checked<'_>,
    path: &Path<'_>,
    violations: &mut Violations,
) {
    if !entries
        .iter()
        .all(|(key, _)| is_allowed_text(rules.key, key))
    {
        let constraint = format_args!(
            "Map keys must satisfy constraint: [{}]",
            constraints_of(rules.key)
        );
        violations.broken(path, value, constraint);
    }
    if !entries
        .iter()
        .all(|(_, entry)| is_allowed(rules.value, entry))
    {
        let constraint = format_args!(
            "Map value must satisfy constraint: [{}]",
            constraints_of(rules.value)
        );
        violations.broken(path, value, constraint);
    }
    for (key, entry) in entries {
        if violations.is_full() {
            return;
        }
        check_member(rules.value, entry, &Path::entry(path, key), violations);
    }
}

/// What is said about a child at its own path: that it is null, or what its own members break. What a plain child breaks is
/// said at its list or map.
fn check_member(shape: &Shape, value: &Checked<'_>, path: &Path<'_>, violations: &mut Violations) {
    match (shape, value) {
        (_, Checked::Absent) => violations.broken(path, value, "Member must not be null"),
        (Shape::Structure(table), members) => {
            check_structure(table(), members, Some(path), violations);
        }
        _ => {}
    }
}

fn is_allowed(shape: &Shape, value: &Checked<'_>) -> bool {
    match value {
        Checked::Text(text) => is_allowed_text(shape, text),
        _ => true,
    }
}

fn is_allowed_text(shape: &Shape, text: &str) -> bool {
    let Shape::String(rules) = shape else {
        return true;
    };
    fits(rules.length, text)
        && rules
            .pattern
            .as_ref()
            .is_none_or(|pattern| pattern.matches(text))
        && (rules.values.is_empty() || rules.values.contains(&text))
}

/// Whether the text has an allowed number of characters. Few bytes are few characters: most texts need no counting.
fn fits(length: Length, text: &str) -> bool {
    let long_enough = length
        .min
        .is_none_or(|min| min == 0 || text.chars().nth(min - 1).is_some());
    long_enough
        && length
            .max
            .is_none_or(|max| text.len() <= max || text.chars().count() <= max)
}

/// All constraints of a child, in the order in which AWS lists them.
fn constraints_of(shape: &Shape) -> String {
    let Shape::String(rules) = shape else {
        return String::new();
    };
    let mut constraints = Vec::new();
    if let Some(max) = rules.length.max {
        constraints.push(format!(
            "Member must have length less than or equal to {max}"
        ));
    }
    if let Some(min) = rules.length.min {
        constraints.push(format!(
            "Member must have length greater than or equal to {min}"
        ));
    }
    if let Some(pattern) = &rules.pattern {
        constraints.push(format!(
            "Member must satisfy regular expression pattern: {}",
            pattern.printed
        ));
    }
    if !rules.values.is_empty() {
        constraints.push(enum_constraint(rules.values));
    }
    constraints.join(", ")
}

fn enum_constraint(values: &[&str]) -> String {
    format!(
        "Member must satisfy enum value set: [{}]",
        values.join(", ")
    )
}
