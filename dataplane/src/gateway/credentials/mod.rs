//! The access keys that may call: who holds each, its secret, and what it is allowed.
//!
//! Owns the credentials file (`--credentials`) from its YAML to ready callers. Invariants: a secret is never printed, neither
//! in a log nor in an error; a file with one bad entry is refused whole, with its place and what to write instead.

mod document;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anabranch_domain::AccountId;
use anabranch_domain::access::{Caller, InvalidUserArn, Permissions};
use anabranch_wire::sigv4::SecretKey;

use super::reloaded::{Reloaded, Source};
use arc_swap::ArcSwap;
use document::KeyDocument;
use tracing::{info, warn};

/// A credentials file longer than this is not one: a key takes a few hundred bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// What a file looks like, for the errors that have to say it.
const EXAMPLE: &str = "\
- accessKeyId: AKIDEXAMPLE
  secretAccessKey: at least eight characters";

/// Why there are no access keys.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("read the credentials file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is longer than any can be.
    #[error("{} is longer than {FILE_BYTES_MAX} bytes; a credentials file is not", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// The file is not YAML, or not of the form of a credentials file.
    #[error("{}: {text}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, where, and what to write.
        text: String,
    },
    /// The file has no key, so nobody could call.
    #[error("{} has no access keys, so nobody could call; write at least one:\n{EXAMPLE}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Two keys have one id.
    #[error("{}: access key '{id}' is there twice (keys {first} and {second}); ids must differ", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The id.
        id: String,
        /// Which key has it.
        first: usize,
        /// Which other key has it.
        second: usize,
    },
    /// A key's holder cannot have its name.
    #[error("{}: key {number} ('{id}'): {source}; set userName", path.display())]
    UserName {
        /// The file.
        path: PathBuf,
        /// Which key.
        number: usize,
        /// Its id.
        id: String,
        /// What is wrong with the name.
        source: InvalidUserArn,
    },
}

/// One access key.
pub(super) struct AccessKey {
    pub(super) secret: SecretKey,
    pub(super) caller: Caller,
}

/// The access keys of one file.
pub struct AccessKeys {
    by_id: HashMap<String, AccessKey>,
}

impl AccessKeys {
    pub(super) fn get(&self, access_key_id: &str) -> Option<&AccessKey> {
        self.by_id.get(access_key_id)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Never: a file without keys is refused.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

impl fmt::Debug for AccessKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_id.keys()).finish()
    }
}

/// Access keys that others bring, one by one: those of labelled Secrets. Nobody gets in before there is one.
#[derive(Debug)]
pub struct SharedKeys {
    account: AccountId,
    current: ArcSwap<AccessKeys>,
}

impl SharedKeys {
    /// No key yet. `account` is the one of keys that name none.
    pub fn new(account: AccountId) -> Self {
        Self {
            account,
            current: ArcSwap::from_pointee(AccessKeys {
                by_id: HashMap::new(),
            }),
        }
    }

    /// Takes exactly these keys from now on, each with the name of the place that it came from. One that is none is left out
    /// and said so: the others must not suffer.
    pub fn replace(&self, keys: impl IntoIterator<Item = (String, serde_json::Value)>) {
        let mut by_id = HashMap::new();
        for (place, mut fields) in keys {
            // What is a list in a file is a text of that form in a Secret.
            if let Some(text) = fields.get("allow").and_then(serde_json::Value::as_str) {
                match serde_yaml::from_str::<serde_json::Value>(text) {
                    Ok(rules) => fields["allow"] = rules,
                    Err(failure) => {
                        warn!(secret = place, %failure, "access key left out: allow is not YAML");
                        continue;
                    }
                }
            }
            let document: KeyDocument = match serde_json::from_value(fields) {
                Ok(document) => document,
                Err(failure) => {
                    warn!(secret = place, %failure, "access key left out");
                    continue;
                }
            };
            let id = document.access_key_id.clone();
            match access_key(document, self.account) {
                Ok(key) => {
                    if by_id.insert(id.clone(), key).is_some() {
                        warn!(
                            secret = place,
                            id, "access key is there twice: the later one counts"
                        );
                    }
                }
                Err(failure) => warn!(secret = place, %failure, "access key left out"),
            }
        }
        info!(keys = by_id.len(), "access keys taken");
        self.current.store(Arc::new(AccessKeys { by_id }));
    }
}

/// Where the keys come from that callers show.
#[derive(Clone)]
pub enum KeySource {
    /// A file, read again when it changes.
    File(Arc<Reloaded<CredentialsFile>>),
    /// Others, who bring them.
    Shared(Arc<SharedKeys>),
}

impl KeySource {
    /// The keys as they are now.
    pub fn current(&self) -> Arc<AccessKeys> {
        match self {
            Self::File(file) => file.current(),
            Self::Shared(shared) => shared.current.load_full(),
        }
    }
}

fn access_key(document: KeyDocument, account: AccountId) -> Result<AccessKey, InvalidUserArn> {
    let account = document.account_id.unwrap_or(account);
    let name = document
        .user_name
        .as_deref()
        .unwrap_or(&document.access_key_id);
    let permissions = document
        .allow
        .map_or_else(Permissions::everything, Permissions::from_rules);
    Ok(AccessKey {
        secret: SecretKey::new(&document.secret_access_key),
        caller: Caller::user(account, name, permissions)?,
    })
}

/// The file of access keys.
#[derive(Debug)]
pub struct CredentialsFile {
    path: PathBuf,
    /// Whose keys they are that name no account.
    account: AccountId,
}

impl CredentialsFile {
    /// Names the file, and the account of keys that name none: this node's.
    pub fn new(path: impl Into<PathBuf>, account: AccountId) -> Self {
        Self {
            path: path.into(),
            account,
        }
    }

    fn read(&self) -> Result<String, CredentialsError> {
        let io = |source| CredentialsError::Io {
            path: self.path.clone(),
            source,
        };
        let mut text = String::new();
        let file = File::open(&self.path).map_err(io)?;
        let bytes = file
            .take(FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .map_err(io)?;
        if bytes as u64 > FILE_BYTES_MAX {
            return Err(CredentialsError::TooLong {
                path: self.path.clone(),
            });
        }
        Ok(text)
    }

    fn parse(&self, text: &str) -> Result<AccessKeys, CredentialsError> {
        let path = || self.path.clone();
        let documents: Option<Vec<KeyDocument>> =
            serde_yaml::from_str(text).map_err(|source| CredentialsError::Form {
                path: path(),
                text: without_values(&source),
            })?;
        let documents = documents.filter(|documents| !documents.is_empty());
        let documents = documents.ok_or_else(|| CredentialsError::Empty { path: path() })?;

        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut by_id = HashMap::new();
        for (number, document) in (1..).zip(documents) {
            let id = document.access_key_id.clone();
            if let Some(first) = numbers.insert(id.clone(), number) {
                return Err(CredentialsError::Twice {
                    path: path(),
                    id,
                    first,
                    second: number,
                });
            }
            let key = access_key(document, self.account).map_err(|source| {
                CredentialsError::UserName {
                    path: path(),
                    number,
                    id: id.clone(),
                    source,
                }
            })?;
            by_id.insert(id, key);
        }
        Ok(AccessKeys { by_id })
    }
}

/// The text of an error, without what may be a secret: a quotation mark or a line break that is missing makes the rest of a line a
/// part of a field's name, and a colon that is missing makes an entry a text.
fn without_values(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    let hidden = without(&text, "unknown field `", "`, expected ");
    let hidden = without(&hidden, "unknown variant `", "`, expected ");
    without(&hidden, "string \"", "\", expected ")
}

/// `text` without what stands between `opening` and the last `closing`, unless that is a name or too short for a secret.
fn without(text: &str, opening: &str, closing: &str) -> String {
    let Some((before, rest)) = text.split_once(opening) else {
        return text.to_owned();
    };
    // What was expected is said last, so the value, whatever is in it, ends before it.
    let Some((value, expected)) = rest.rsplit_once(closing) else {
        return format!("{before}{NOT_SHOWN}");
    };
    let is_a_name = opening.ends_with('`')
        && value.len() <= 32
        && value.bytes().all(|byte| byte.is_ascii_alphabetic());
    // A secret has at least eight characters.
    if is_a_name || value.len() < 8 {
        return text.to_owned();
    }
    let kind = opening.trim_end_matches(['`', '"']);
    format!("{before}{kind}{NOT_SHOWN}, expected {expected}")
}

const NOT_SHOWN: &str = "(not shown: it may hold a secret)";

impl Source for CredentialsFile {
    type Value = AccessKeys;
    type Error = CredentialsError;

    fn files(&self) -> Vec<&Path> {
        vec![&self.path]
    }

    fn load(&self) -> Result<AccessKeys, CredentialsError> {
        self.parse(&self.read()?)
    }
}

#[cfg(test)]
mod credentials_test;
