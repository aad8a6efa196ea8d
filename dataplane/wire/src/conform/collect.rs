//! The members of a structure and the entries of a map, as they come.
//!
//! One that comes twice stands where it was first and has its last value, as in JSON.

use super::Checked;
use crate::schema::Structure;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Members in the slots of their table.
pub(super) struct Members<'a> {
    pub(super) table: &'static Structure,
    slots: Vec<Checked<'a>>,
}

impl<'a> Members<'a> {
    pub(super) fn new(table: &'static Structure) -> Self {
        let mut slots = Vec::with_capacity(table.members.len());
        slots.resize_with(table.members.len(), || Checked::Absent);
        Members { table, slots }
    }

    pub(super) fn set(&mut self, position: usize, value: Checked<'a>) {
        self.slots[position] = value;
    }

    pub(super) fn into_checked(self) -> Checked<'a> {
        Checked::Structure(self.slots)
    }
}

/// Entries in the order in which they came.
#[derive(Default)]
pub(super) struct Entries<'a> {
    entries: Vec<(Cow<'a, str>, Checked<'a>)>,
    positions: BTreeMap<Cow<'a, str>, usize>,
}

impl<'a> Entries<'a> {
    pub(super) fn insert(&mut self, key: Cow<'a, str>, value: Checked<'a>) {
        if let Some(&position) = self.positions.get(&key) {
            self.entries[position].1 = value;
        } else {
            self.positions.insert(key.clone(), self.entries.len());
            self.entries.push((key, value));
        }
    }

    pub(super) fn into_checked(self) -> Checked<'a> {
        Checked::Map(self.entries)
    }
}
