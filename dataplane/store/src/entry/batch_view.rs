//! Reads the records of a stored entry as slices of it. Lengths are checked against the bytes that are there.

use anabranch_domain::{
    HashKey,
    shard_state::{AppendToken, TokenOfAppend},
};
use bytes::{Buf, Bytes, BytesMut};

use super::{
    Entry, EntryError, EntryFault, EntryKind, KeyRing,
    batch_builder::{EXPLICIT_HASH_KEY, RECORD_HEADER_LEN, RECORDS_LEN, SEALING_LEN, TOKEN_LEN},
    encryption::{KeyFingerprint, TAG_LEN, associated_data},
};
use crate::keys::LogKey;

/// The records of one entry, unsealed.
#[derive(Clone, Debug)]
pub struct BatchView {
    key: LogKey,
    records: Bytes,
    record_count: u32,
    is_sealed: bool,
}

/// One record, borrowed from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Partition key, if it came with one.
    pub partition_key: Option<&'a str>,
    /// The hash key that the caller chose, if it did.
    pub explicit_hash_key: Option<HashKey>,
    /// The blob.
    pub data: &'a [u8],
}

/// Where the parts of an append's payload lie.
struct Parts {
    sealing: Bytes,
    records: Bytes,
    tokens: Bytes,
}

fn parts(entry: &Entry) -> Result<Parts, EntryFault> {
    if entry.envelope().kind != EntryKind::Append {
        return Err(EntryFault::WrongKind("records"));
    }
    let mut rest = entry.payload().clone();
    let found = rest.len();
    let sealing_len = if entry.envelope().encrypted {
        SEALING_LEN
    } else {
        0
    };
    if found < RECORDS_LEN + sealing_len {
        return Err(EntryFault::Length {
            found,
            expected: RECORDS_LEN + sealing_len,
        });
    }
    let records_len = rest.get_u32() as usize;
    let sealing = rest.split_to(sealing_len);
    if rest.len() < records_len || !(rest.len() - records_len).is_multiple_of(TOKEN_LEN) {
        return Err(EntryFault::Length {
            found,
            expected: RECORDS_LEN + sealing_len + records_len,
        });
    }
    let records = rest.split_to(records_len);
    Ok(Parts {
        sealing,
        records,
        tokens: rest,
    })
}

/// The tokens of the appends that `entry` brings together. Needs no key.
pub fn tokens(entry: &Entry) -> Result<Tokens, EntryError> {
    let parts = parts(entry).map_err(|fault| EntryError::new(entry.key(), fault))?;
    Ok(Tokens { rest: parts.tokens })
}

/// The tokens of one batch, in the order in which the appends were added.
#[derive(Clone, Debug)]
pub struct Tokens {
    rest: Bytes,
}

impl Iterator for Tokens {
    type Item = TokenOfAppend;

    fn next(&mut self) -> Option<TokenOfAppend> {
        // Their length was checked to be a whole number of them.
        if self.rest.len() < TOKEN_LEN {
            return None;
        }
        Some(TokenOfAppend {
            token: AppendToken::from_bits(self.rest.get_u128()),
            first_record: self.rest.get_u32(),
        })
    }
}

impl BatchView {
    /// The records of `entry`. Unencrypted ones are not copied; sealed ones are opened into a buffer of their own.
    pub fn open(entry: &Entry, keys: &KeyRing) -> Result<Self, EntryError> {
        let fail = |fault| EntryError::new(entry.key(), fault);
        let parts = parts(entry).map_err(fail)?;
        let records = if entry.envelope().encrypted {
            unseal(entry, &parts.sealing, &parts.records, keys).map_err(fail)?
        } else {
            parts.records
        };
        Ok(Self {
            key: entry.key(),
            records,
            record_count: entry.envelope().record_count,
            is_sealed: entry.envelope().encrypted,
        })
    }

    /// Records inside.
    pub fn record_count(&self) -> u32 {
        self.record_count
    }

    /// Whether they are sealed at rest. They are open here.
    pub fn is_sealed(&self) -> bool {
        self.is_sealed
    }

    /// Every record, in order.
    pub fn records(&self) -> Records<'_> {
        Records {
            key: self.key,
            rest: &self.records,
            next: 0,
            count: self.record_count,
        }
    }

    /// `part`, which one of its records lent, as bytes that keep the batch alive. Not a copy.
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.records.slice_ref(part)
    }
}

fn unseal(
    entry: &Entry,
    sealing: &[u8],
    sealed: &[u8],
    keys: &KeyRing,
) -> Result<Bytes, EntryFault> {
    let (fingerprint, salt) = sealing.split_first_chunk().expect("its length was checked");
    let salt = salt.try_into().expect("its length was checked");
    let fingerprint = KeyFingerprint::from_bytes(*fingerprint);
    let key = keys
        .get(fingerprint)
        .ok_or(EntryFault::MissingKey(fingerprint))?;
    if sealed.len() < TAG_LEN {
        return Err(EntryFault::Unsealing);
    }
    let envelope = entry.envelope();
    let shard = entry.key().shard;
    let aad = associated_data(
        shard,
        envelope.first_ordinal,
        envelope.time.as_millis(),
        envelope.record_count,
    );
    let mut buffer = BytesMut::from(sealed);
    let len = key
        .open(salt, &aad, &mut buffer)
        .ok_or(EntryFault::Unsealing)?;
    buffer.truncate(len);
    Ok(buffer.freeze())
}

/// The records of a [`BatchView`], in order. After an error there are no more.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    key: LogKey,
    rest: &'a [u8],
    next: u32,
    count: u32,
}

impl<'a> Records<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    fn parse(&mut self) -> Option<Record<'a>> {
        let mut header = self.take(RECORD_HEADER_LEN)?;
        let (key_len, flags, data_len) = (header.get_u16(), header.get_u8(), header.get_u32());
        if flags & !EXPLICIT_HASH_KEY != 0 {
            return None;
        }
        let explicit_hash_key = match flags & EXPLICIT_HASH_KEY {
            0 => None,
            _ => Some(HashKey::new(self.take(16)?.get_u128())),
        };
        let partition_key = str::from_utf8(self.take(key_len.into())?).ok()?;
        let data = self.take(data_len as usize)?;
        let partition_key = (!partition_key.is_empty()).then_some(partition_key);
        Some(Record {
            partition_key,
            explicit_hash_key,
            data,
        })
    }

    /// Steps over `count` records without looking at them.
    pub fn skip_records(&mut self, count: u32) -> Result<(), EntryError> {
        for _ in 0..count.min(self.count - self.next) {
            if let Some(Err(error)) = self.next() {
                return Err(error);
            }
        }
        Ok(())
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, EntryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.count {
            // Bytes behind the last record are as wrong as missing ones.
            return (!std::mem::take(&mut self.rest).is_empty()).then(|| self.malformed());
        }
        match self.parse() {
            Some(record) => {
                self.next += 1;
                Some(Ok(record))
            }
            None => Some(self.malformed()),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some((self.count - self.next) as usize + 1))
    }
}

impl<'a> Records<'a> {
    /// The error for the record at hand; after it the iterator is at its end.
    fn malformed(&mut self) -> Result<Record<'a>, EntryError> {
        let record = self.next;
        self.next = self.count;
        self.rest = &[];
        Err(EntryError::new(self.key, EntryFault::Record(record)))
    }
}
