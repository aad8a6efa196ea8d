//! The keys of encryption at rest: a local file that stands where AWS has KMS.
//!
//! Owns which key seals the records of a stream whose encryption names a key id, and the ring of all keys, old ones
//! too, that opens them. Without a file of the user's own, one is made in the data directory at the first start: that
//! protects a disk that is read without that file (a backup of records, a snapshot of a volume), not against someone
//! who has the whole directory. Invariant: a key's bytes are never printed.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anabranch_domain::names::KeyId;
use anabranch_store::entry::{KeyRing, RecordKey};
use base64_simd::STANDARD;
use serde::Deserialize;

use crate::entropy::Entropy;

/// A key file longer than this is not one.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// AES-256.
const KEY_BYTES: usize = 32;

/// The keys that are there.
#[derive(Debug)]
pub struct KeyFile {
    default: Option<Arc<RecordKey>>,
    by_id: BTreeMap<String, Arc<RecordKey>>,
    ring: KeyRing,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or made.
    #[error("{doing} the encryption keys in {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The file is not of the form of a key file.
    #[error(
        "{}: {source}; write `default: BASE64`, `keys: {{KEY_ID: BASE64}}` or `retired: [BASE64]`",
        path.display()
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        source: serde_yaml::Error,
    },
    /// A key is not 32 bytes in base64.
    #[error(
        "{}: {which} is not 32 bytes in base64; `head -c 32 /dev/urandom | base64` makes a key",
        path.display()
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// Which entry.
        which: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// For every key id that `keys` does not list; without it, those are refused.
    default: Option<String>,
    /// By key id, key ARN or alias, as `StartStreamEncryption` names it.
    #[serde(default)]
    keys: BTreeMap<String, String>,
    /// Keys that seal nothing any more but still open what they sealed.
    #[serde(default)]
    retired: Vec<String>,
}

impl KeyFile {
    /// No key: every encryption is refused.
    pub fn none() -> Self {
        Self {
            default: None,
            by_id: BTreeMap::new(),
            ring: KeyRing::new(),
        }
    }

    /// Reads the keys in `path`.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let io = |doing| {
            move |source| KeyFileError::Io {
                doing,
                path: path.to_owned(),
                source,
            }
        };
        let mut text = String::new();
        File::open(path)
            .map_err(io("open"))?
            .take(FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(io("read"))?;
        let contents: Contents =
            serde_yaml::from_str(&text).map_err(|source| KeyFileError::Form {
                path: path.to_owned(),
                source,
            })?;
        Self::from_contents(&contents, path)
    }

    /// Reads the keys in `path`, making a file with one new default key first if there is none.
    pub fn read_or_create(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyFileError> {
        match create(path, entropy) {
            Ok(()) => tracing::info!(path = %path.display(), "made a key for encryption at rest"),
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => {
                return Err(KeyFileError::Io {
                    doing: "make",
                    path: path.to_owned(),
                    source,
                });
            }
        }
        Self::read(path)
    }

    fn from_contents(contents: &Contents, path: &Path) -> Result<Self, KeyFileError> {
        let parse = |which: String, text: &str| match decode_key(text) {
            Some(key) => Ok(Arc::new(key)),
            None => Err(KeyFileError::Key {
                path: path.to_owned(),
                which,
            }),
        };
        let mut ring = KeyRing::new();
        let default = contents
            .default
            .as_ref()
            .map(|text| parse("`default`".to_owned(), text))
            .transpose()?;
        let mut by_id = BTreeMap::new();
        for (id, text) in &contents.keys {
            by_id.insert(id.clone(), parse(format!("the key `{id}`"), text)?);
        }
        for (place, text) in contents.retired.iter().enumerate() {
            ring.add(parse(format!("retired key {}", place + 1), text)?);
        }
        for key in by_id.values().chain(&default) {
            ring.add(Arc::clone(key));
        }
        Ok(Self {
            default,
            by_id,
            ring,
        })
    }

    /// The key that seals new records of a stream encrypted under `id`; `None` if there is no such key.
    pub fn sealing_key(&self, id: &KeyId) -> Option<Arc<RecordKey>> {
        self.by_id
            .get(id.as_str())
            .or(self.default.as_ref())
            .map(Arc::clone)
    }

    /// Every key, for opening.
    pub fn ring(&self) -> KeyRing {
        self.ring.clone()
    }
}

fn decode_key(text: &str) -> Option<RecordKey> {
    let bytes = STANDARD.decode_to_vec(text.trim()).ok()?;
    Some(RecordKey::new(<[u8; KEY_BYTES]>::try_from(bytes).ok()?))
}

/// Makes the file, readable by its owner only and durable before a record is sealed with its key.
fn create(path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let mut key = [0; KEY_BYTES];
    entropy.fill(&mut key);
    let text = format!(
        "# Encryption at rest. Records sealed with a key are lost with it: keep a copy apart from the data.\n\
         # `default` serves every KeyId that `keys` does not list. To rotate, move the old key to `retired`.\n\
         default: {}\n",
        STANDARD.encode_to_string(key)
    );
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    fn read(text: &str) -> Result<KeyFile, KeyFileError> {
        let contents = serde_yaml::from_str(text).expect("a key file");
        KeyFile::from_contents(&contents, Path::new("keys.yaml"))
    }

    fn id(text: &str) -> KeyId {
        text.parse().expect("a key id")
    }

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const B: &str = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn a_listed_key_wins_over_the_default() {
        let keys = read(&format!("default: {A}\nkeys: {{alias/b: {B}}}")).expect("valid");
        let named = keys.sealing_key(&id("alias/b")).expect("listed");
        let other = keys.sealing_key(&id("alias/other")).expect("default");
        assert_ne!(named.fingerprint(), other.fingerprint());
    }

    #[test]
    fn without_a_default_an_unknown_key_id_is_refused() {
        let keys = read(&format!("keys: {{alias/b: {B}}}")).expect("valid");
        assert!(keys.sealing_key(&id("alias/other")).is_none());
    }

    #[test]
    fn a_retired_key_opens_and_seals_nothing() {
        let keys = read(&format!("default: {A}\nretired: [{B}]")).expect("valid");
        let retired = decode_key(B).expect("32 bytes").fingerprint();
        assert!(keys.ring().get(retired).is_some());
    }

    #[test]
    fn a_short_key_is_named() {
        let refused = read("keys: {alias/b: AAAA}").expect_err("short");
        assert!(
            refused.to_string().contains("the key `alias/b`"),
            "{refused}"
        );
    }

    #[test]
    fn a_key_file_is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("keys.yaml");
        let entropy = SystemEntropy::new();
        let created = KeyFile::read_or_create(&path, &entropy).expect("made");
        let again = KeyFile::read_or_create(&path, &entropy).expect("read");
        let fingerprint = |keys: &KeyFile| keys.sealing_key(&id("x")).map(|key| key.fingerprint());
        assert_eq!(fingerprint(&created), fingerprint(&again));
        let mode_bits = path.metadata().expect("there").permissions().mode();
        assert_eq!(mode_bits & 0o777, 0o600);
    }
}
