//! Reading: on the caller's thread, one copy from RocksDB's buffer to the caller's.

use std::ops::ControlFlow;

use bytes::Bytes;
use rocksdb::{DBPinnableSlice, ReadOptions};

use super::{fault::read_error, open::Database};
use crate::{Family, KeyRange, Order, StoreError, entry::HEADER_LEN, keys::LogKey};

/// The value under `key`.
pub(super) fn get(
    database: &Database,
    family: Family,
    key: &[u8],
) -> Result<Option<Bytes>, StoreError> {
    own(
        database
            .db()
            .get_pinned_cf_opt(database.family(family), key, &options(family)),
        family,
        key,
    )
}

/// The first bytes of the log value under `key`.
pub(super) fn head(database: &Database, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
    let head = own(
        database.db().get_pinned_cf(database.heads(), key),
        Family::Log,
        key,
    )?;
    if head.is_some() {
        return Ok(head);
    }
    // A value without a head of its own is small.
    let value = get(database, Family::Log, key)?;
    Ok(value.map(|value| value.slice(..value.len().min(HEADER_LEN))))
}

fn own(
    found: Result<Option<DBPinnableSlice<'_>>, rocksdb::Error>,
    family: Family,
    key: &[u8],
) -> Result<Option<Bytes>, StoreError> {
    let found = found.map_err(|error| read_error("read a value", family, key, &error))?;
    Ok(found.map(|value| Bytes::copy_from_slice(&value)))
}

/// Log entries are read once by each consumer, in order: caching their blocks would only push others out.
fn options(family: Family) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.fill_cache(family != Family::Log);
    options
}

/// Visits `range` in `order` until `visit` breaks.
pub(super) fn scan(
    database: &Database,
    family: Family,
    range: &KeyRange,
    order: Order,
    visit: &mut dyn FnMut(&[u8], Bytes) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    if range.is_empty() {
        return Ok(());
    }
    let mut options = options(family);
    options.set_iterate_lower_bound(range.start());
    options.set_iterate_upper_bound(range.end());
    let mut cursor = database
        .db()
        .raw_iterator_cf_opt(database.family(family), options);
    match order {
        Order::Forward => cursor.seek_to_first(),
        Order::Backward => cursor.seek_to_last(),
    }
    let mut next = first_of(range, order);
    while let Some((key, value)) = cursor.item() {
        if visit(key, Bytes::copy_from_slice(value)).is_break() {
            return Ok(());
        }
        next.clear();
        next.extend_from_slice(key);
        step(&mut next, order);
        match order {
            Order::Forward => cursor.next(),
            Order::Backward => cursor.prev(),
        }
    }
    // The cursor also stops where it cannot read on.
    cursor
        .status()
        .map_err(|error| read_error("scan", family, &next, &error))
}

/// The key at which a scan of a log begins: what it cannot read when it gives nothing at all.
fn first_of(range: &KeyRange, order: Order) -> Vec<u8> {
    match order {
        Order::Forward => range.start().to_vec(),
        Order::Backward => {
            let mut key = range.end().to_vec();
            step(&mut key, order);
            key
        }
    }
}

/// The neighbour of a log key in its log, which has no holes. Other keys stay as they are.
fn step(key: &mut [u8], order: Order) {
    let Ok(LogKey { shard, index }) = LogKey::decode(key) else {
        return;
    };
    let index = match order {
        Order::Forward => index.wrapping_add(1),
        Order::Backward => index.wrapping_sub(1),
    };
    key.copy_from_slice(&LogKey::new(shard, index).encode());
}
