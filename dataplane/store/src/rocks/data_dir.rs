//! The data directory: who holds it, which format it has, and its identity.
//!
//! ```text
//! DIR/LOCK     advisory lock for the life of the process; its text is the holder's process id
//! DIR/FORMAT   "anabranch data 1\nuid <32 hexadecimal digits>\n", written once, whole or not at all
//! DIR/SYNCED   empty; its modification time is that of the last sync (`witness`)
//! DIR/rocks/   RocksDB's own files
//! ```

use std::{
    fmt, fs,
    fs::File,
    io,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use ring::rand::{SecureRandom, SystemRandom};
use rustix::fs::{FlockOperation, flock};

use super::fault::io_error;
use crate::{StoreError, failpoints};

/// The format that this release writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

const MAGIC: &str = "anabranch data ";

/// Identity of a data directory, drawn when it is made: what a replica is known by, never its name or address.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DataDirUid(u128);

impl DataDirUid {
    /// The bits that were drawn.
    pub const fn to_bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for DataDirUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for DataDirUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataDirUid({self})")
    }
}

/// A data directory that this process holds.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    uid: DataDirUid,
    /// Held open for its lock.
    _lock: File,
}

impl DataDir {
    /// Takes `path` for this process, and makes it a data directory if it is new.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(path).map_err(|error| io_error("create the data directory", &error))?;
        let lock = lock(path)?;
        failpoints::pass(failpoints::OPEN_BEFORE_FORMAT)?;
        let uid = match read_format(path)? {
            Some(uid) => uid,
            None => write_format(path)?,
        };
        Ok(Self {
            path: path.to_owned(),
            uid,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn rocks_path(&self) -> PathBuf {
        rocks_path(&self.path)
    }

    pub(super) fn uid(&self) -> DataDirUid {
        self.uid
    }
}

fn rocks_path(path: &Path) -> PathBuf {
    path.join("rocks")
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let doing = "lock the data directory";
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path.join("LOCK"))
        .map_err(|error| io_error(doing, &error))?;
    if let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
        if error != rustix::io::Errno::WOULDBLOCK {
            return Err(io_error(doing, &error.into()));
        }
        let mut text = String::new();
        // Without the text there is still the fact.
        let _ = file.read_to_string(&mut text);
        return Err(StoreError::Locked {
            path: path.to_owned(),
            pid: text.trim().parse().ok(),
        });
    }
    file.set_len(0).map_err(|error| io_error(doing, &error))?;
    writeln!(file, "{}", std::process::id()).map_err(|error| io_error(doing, &error))?;
    Ok(file)
}

fn read_format(path: &Path) -> Result<Option<DataDirUid>, StoreError> {
    let not_ours = |detail: &str| StoreError::NotADataDirectory {
        path: path.to_owned(),
        detail: detail.into(),
    };
    let text = match fs::read_to_string(path.join("FORMAT")) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // RocksDB's files are made after this one: without it they are somebody else's, or it was removed.
            let orphaned = rocks_path(path).exists();
            return if orphaned {
                Err(not_ours("it has no FORMAT file, but data"))
            } else {
                Ok(None)
            };
        }
        Err(error) => return Err(io_error("read FORMAT", &error)),
    };
    let mut lines = text.lines();
    let format = lines.next().and_then(|line| line.strip_prefix(MAGIC));
    let found: u32 = format
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| not_ours("its FORMAT file does not begin as ours do"))?;
    if found > FORMAT {
        return Err(StoreError::NewerFormat {
            path: path.to_owned(),
            found,
            supported: FORMAT,
        });
    }
    let uid = lines.next().and_then(|line| line.strip_prefix("uid "));
    let uid = uid
        .filter(|uid| uid.len() == 32)
        .and_then(|uid| u128::from_str_radix(uid, 16).ok());
    uid.map(|uid| Some(DataDirUid(uid)))
        .ok_or_else(|| not_ours("its FORMAT file names no uid"))
}

fn write_format(path: &Path) -> Result<DataDirUid, StoreError> {
    let doing = "write FORMAT";
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the kernel's random source does not fail once it is seeded");
    let uid = DataDirUid(u128::from_be_bytes(bytes));
    let draft = path.join("FORMAT.new");
    let write = || -> io::Result<()> {
        let mut file = File::create(&draft)?;
        write!(file, "{MAGIC}{FORMAT}\nuid {uid}\n")?;
        file.sync_all()
    };
    write().map_err(|error| io_error(doing, &error))?;
    failpoints::pass(failpoints::OPEN_BEFORE_FORMAT_RENAME)?;
    fs::rename(&draft, path.join("FORMAT"))
        .and_then(|()| File::open(path)?.sync_all())
        .map_err(|error| io_error(doing, &error))?;
    Ok(uid)
}
