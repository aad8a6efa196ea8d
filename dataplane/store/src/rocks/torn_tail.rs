//! What a power cut leaves at the end of RocksDB's logs is cut off before RocksDB reads them, and damage is told from it.
//!
//! RocksDB cannot be left alone with a torn log. In the mode that refuses damage its reader passes over zeros in silence, takes a
//! changed length for the end of the file, and turns in a circle for ever (11.8) at a header with the type of a recycled log.
//!
//! ```text
//! file     blocks of 32 KiB; the last one may be shorter
//! block    physical records, none across its end; fewer than 7 bytes at its end are padding
//! physical checksum (4, masked CRC-32C of type and payload) ‖ length of the payload (2) ‖ type (1) ‖ payload
//! logical  one Full, or First ‖ Middle* ‖ Last: for a log one group of the commit thread
//! ```
//!
//! A group is synced before the next one is written, so behind a torn one none begins. Only lazy groups may lie behind each
//! other unsynced; where the power takes one of them and spares a later one, it is refused as damage.
//!
//! Source: RocksDB's wiki, "Write Ahead Log File Format". What a torn sector looks like is as etcd judges it (`wal/decoder.go`).

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use tracing::warn;

use super::fault::io_error;
use crate::{Family, StoreError};

const BLOCK_BYTES: usize = 32 * 1024;
const HEADER_BYTES: usize = 7;

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// So many zeros to the end of a sector were not written; fewer may be the end of a value.
const ZEROS_MIN: usize = 16;

/// Looks through the logs and the manifests in RocksDB's directory `path`, and cuts off what is torn at their ends. A directory
/// that is not there yet is in order. Fails with [`StoreError::Corrupt`] where a file was damaged and not torn.
pub(super) fn mend(path: &Path) -> Result<(), StoreError> {
    for file in logs(path).map_err(|error| io_error("list the logs", &error))? {
        mend_log(&file)?;
    }
    Ok(())
}

fn logs(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut logs = Vec::new();
    for entry in entries {
        let file = entry?.path();
        let is_log = file.extension().is_some_and(|extension| extension == "log");
        let name = file.file_name().map(|name| name.to_string_lossy());
        if is_log || name.is_some_and(|name| name.starts_with("MANIFEST-")) {
            logs.push(file);
        }
    }
    Ok(logs)
}

fn mend_log(path: &Path) -> Result<(), StoreError> {
    let fail = |error: io::Error| io_error("read a log", &error);
    let file = File::open(path).map_err(fail)?;
    let file_bytes = file.metadata().map_err(fail)?.len();
    let whole_bytes = match whole_bytes(&file).map_err(fail)? {
        Ok(whole_bytes) => whole_bytes,
        Err(Damage { at, detail }) => {
            return Err(StoreError::Corrupt {
                doing: "open the database",
                family: Family::Log,
                entry: None,
                detail: format!("{} at byte {at}: {detail}", path.display()).into(),
            });
        }
    };
    if whole_bytes < file_bytes {
        warn!(
            file = %path.display(),
            from_byte = whole_bytes,
            bytes = file_bytes - whole_bytes,
            "cut off a write that was under way when the process or the machine died: nobody had an answer to it"
        );
        let cut = || -> io::Result<()> {
            let file = File::options().write(true).open(path)?;
            file.set_len(whole_bytes)?;
            file.sync_all()
        };
        cut().map_err(|error| io_error("cut off the torn end of a log", &error))?;
    }
    Ok(())
}

/// Bytes that were written and are not what was written.
#[derive(Debug)]
struct Damage {
    at: u64,
    detail: &'static str,
}

/// The length of a log without what is torn at its end.
fn whole_bytes(mut log: impl Read) -> io::Result<Result<u64, Damage>> {
    let mut scan = Scan::default();
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    let mut block_at = 0;
    loop {
        block.clear();
        log.by_ref()
            .take(BLOCK_BYTES as u64)
            .read_to_end(&mut block)?;
        if block.is_empty() {
            return Ok(scan.end());
        }
        if let Err(damage) = scan.block(&block, block_at) {
            return Ok(Err(damage));
        }
        block_at += block.len() as u64;
    }
}

/// How far a log was looked through.
#[derive(Default)]
struct Scan {
    /// Where the last whole logical record ends.
    whole_bytes: u64,
    /// A logical record has begun behind it.
    has_begun: bool,
    /// The first physical record that is not right: only what is torn may follow.
    broken: Option<Broken>,
}

#[derive(Clone, Copy)]
struct Broken {
    at: u64,
    is_torn: bool,
}

impl Scan {
    fn block(&mut self, block: &[u8], block_at: u64) -> Result<(), Damage> {
        let mut at = 0;
        while block.len() - at >= HEADER_BYTES {
            let Some(physical) = Physical::read(&block[at..]) else {
                if self.broken.is_none() {
                    let broken = Broken {
                        at: block_at + at as u64,
                        is_torn: is_torn(&block[at..], at),
                    };
                    // Its length cannot be believed.
                    if does_one_begin_in(&block[at + 1..]) {
                        return Err(broken.before_a_whole_one());
                    }
                    self.broken = Some(broken);
                }
                return Ok(());
            };
            let record_at = block_at + at as u64;
            at += physical.bytes;
            self.meet(physical.part, record_at, block_at + at as u64)?;
        }
        Ok(())
    }

    /// A physical record that is right, from `at` to `end`.
    fn meet(&mut self, part: Part, at: u64, end: u64) -> Result<(), Damage> {
        if let Some(broken) = self.broken {
            return match part {
                // More of what was torn: the disk took its pages in another order.
                Part::Middle | Part::Last => Ok(()),
                Part::Full | Part::First => Err(broken.before_a_whole_one()),
            };
        }
        match (part, self.has_begun) {
            (Part::Full, false) | (Part::Last, true) => {
                self.has_begun = false;
                self.whole_bytes = end;
            }
            (Part::First, false) => self.has_begun = true,
            (Part::Middle, true) => {}
            (Part::Full | Part::First, true) | (Part::Middle | Part::Last, false) => {
                return Err(Damage {
                    at,
                    detail: "a part of a record is missing before it",
                });
            }
        }
        Ok(())
    }

    fn end(self) -> Result<u64, Damage> {
        match self.broken {
            Some(broken) if !broken.is_torn => Err(Damage {
                at: broken.at,
                detail: "the checksum of the last record is not that of its bytes",
            }),
            _ => Ok(self.whole_bytes),
        }
    }
}

impl Broken {
    fn before_a_whole_one(self) -> Damage {
        Damage {
            at: self.at,
            detail: "a record is damaged, and whole ones follow",
        }
    }
}

/// Whether a logical record begins anywhere in `bytes`, which reach to the end of their block or file.
fn does_one_begin_in(bytes: &[u8]) -> bool {
    (0..bytes.len().saturating_sub(HEADER_BYTES - 1)).any(|at| {
        // The checksum costs; most bytes are no type.
        matches!(bytes[at + HEADER_BYTES - 1], Part::FULL | Part::FIRST)
            && Physical::read(&bytes[at..]).is_some()
    })
}

/// Whether `bytes`, a broken record to the end of its block or file, are what the power left of a write, and not what something
/// changed later. `at` is their place in the block.
fn is_torn(bytes: &[u8], at: usize) -> bool {
    if bytes[..HEADER_BYTES].iter().all(|byte| *byte == 0) {
        return true;
    }
    let record_bytes = HEADER_BYTES + usize::from(u16::from_le_bytes([bytes[4], bytes[5]]));
    let Some(record) = bytes.get(..record_bytes) else {
        return true;
    };
    let to_sector = (SECTOR_BYTES - at % SECTOR_BYTES).min(record.len());
    let (head, rest) = record.split_at(to_sector);
    [head]
        .into_iter()
        .chain(rest.chunks(SECTOR_BYTES))
        .any(|sector| sector.len() >= ZEROS_MIN && sector.iter().all(|byte| *byte == 0))
}

/// Which part of a logical record a physical one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Full,
    First,
    Middle,
    Last,
}

impl Part {
    const FULL: u8 = 1;
    const FIRST: u8 = 2;

    fn of(kind: u8) -> Option<Self> {
        match kind {
            Self::FULL => Some(Self::Full),
            Self::FIRST => Some(Self::First),
            3 => Some(Self::Middle),
            4 => Some(Self::Last),
            // Nothing, and the types of recycled logs, which are not used here.
            0 | 5..=8 => None,
            // What RocksDB notes about the log itself. From 10 on an odd type is one of a recycled log.
            9 => Some(Self::Full),
            other => (other % 2 == 0).then_some(Self::Full),
        }
    }
}

/// A physical record that is right.
struct Physical {
    part: Part,
    /// With its header.
    bytes: usize,
}

impl Physical {
    /// The record at the start of `bytes`, which reach to the end of its block or file.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let [c0, c1, c2, c3, l0, l1, kind] = *header;
        let payload_bytes = usize::from(u16::from_le_bytes([l0, l1]));
        let payload = rest.get(..payload_bytes)?;
        let part = Part::of(kind)?;
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&[kind]), payload);
        (masked(checksum) == u32::from_le_bytes([c0, c1, c2, c3])).then_some(Self {
            part,
            bytes: HEADER_BYTES + payload_bytes,
        })
    }
}

/// As RocksDB stores a checksum (`util/crc32c.h`): the checksum of bytes that hold checksums is no good one.
const fn masked(checksum: u32) -> u32 {
    checksum.rotate_right(15).wrapping_add(0xa282_ead8)
}
