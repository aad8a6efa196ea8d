//! A refused value as AWS prints it: Java's own text of it, in quotes.

use crate::conform::Checked;
use std::fmt;

/// Prints `null`, `'value'`, or nothing for what holds a record's data, which AWS keeps out of its messages.
pub(super) struct Printed<'v>(pub(super) &'v Checked<'v>);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Checked::Absent => f.write_str("null"),
            value if holds_data(value) => Ok(()),
            value => {
                f.write_str("'")?;
                write_value(f, value)?;
                f.write_str("'")
            }
        }
    }
}

fn holds_data(value: &Checked<'_>) -> bool {
    match value {
        Checked::Blob(_) => true,
        Checked::List(children) | Checked::Structure(children) => children.iter().any(holds_data),
        Checked::Map(entries) => entries.iter().any(|(_, entry)| holds_data(entry)),
        _ => false,
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, value: &Checked<'_>) -> fmt::Result {
    match value {
        Checked::Absent => f.write_str("null"),
        Checked::Boolean(flag) => write!(f, "{flag}"),
        Checked::Number(number) => write!(f, "{number}"),
        Checked::Timestamp(time) => write!(f, "{}", time.as_millis()),
        Checked::Text(text) => f.write_str(text),
        Checked::Blob(bytes) => write!(
            f,
            "java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]",
            bytes.len()
        ),
        Checked::List(children) | Checked::Structure(children) => {
            f.write_str("[")?;
            for (index, child) in children.iter().enumerate() {
                f.write_str(if index == 0 { "" } else { ", " })?;
                write_value(f, child)?;
            }
            f.write_str("]")
        }
        Checked::Map(entries) => {
            f.write_str("{")?;
            for (index, (key, entry)) in entries.iter().enumerate() {
                write!(f, "{}{key}=", if index == 0 { "" } else { ", " })?;
                write_value(f, entry)?;
            }
            f.write_str("}")
        }
    }
}
