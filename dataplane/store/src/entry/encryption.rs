//! Records sealed at rest with AES-256-GCM, one entry at a time.
//!
//! Each entry is sealed with a key of its own, derived by HKDF-SHA-256 from the installation's key and a random salt of
//! 128 bits, and with the zero nonce. A random nonce under one key would be spent after 2^32 entries, and a counted one
//! could come twice, because a new leader may write another entry with the ordinal of a lost one.
//! The shard and the entry's standing are authenticated with it: sealed records fit nowhere else.

use std::{collections::HashMap, fmt, sync::Arc};

use anabranch_domain::ShardUid;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, Tag, UnboundKey},
    digest, hkdf,
    rand::{SecureRandom, SystemRandom},
};

pub(super) const SALT_LEN: usize = 16;
pub(super) const TAG_LEN: usize = 16;
pub(super) const AAD_LEN: usize = 36;

/// Which key: the first half of a hash of it. It says nothing about the key, and no two keys share it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyFingerprint([u8; Self::LEN]);

impl KeyFingerprint {
    /// Bytes of a fingerprint.
    pub const LEN: usize = 16;

    pub(super) fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        self.0
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFingerprint({self})")
    }
}

/// A key that seals records. Its bytes are never printed.
pub struct RecordKey {
    fingerprint: KeyFingerprint,
    secret: [u8; 32],
}

impl RecordKey {
    /// The key with these bytes, which should come from a good source of randomness.
    pub fn new(secret: [u8; 32]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"anabranch record key fingerprint v1");
        context.update(&secret);
        let hash = context.finish();
        let half = hash.as_ref().first_chunk().expect("SHA-256 has 32 bytes");
        Self {
            fingerprint: KeyFingerprint(*half),
            secret,
        }
    }

    /// Which key it is.
    pub fn fingerprint(&self) -> KeyFingerprint {
        self.fingerprint
    }

    /// The key of the one entry with `salt`.
    fn entry_key(&self, salt: &[u8; SALT_LEN]) -> LessSafeKey {
        let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&self.secret);
        let material = derived
            .expand(&[b"anabranch records v1"], &AES_256_GCM)
            .expect("32 bytes are not too many");
        LessSafeKey::new(UnboundKey::from(material))
    }

    /// Seals `records` in place; the tag goes after them.
    pub(super) fn seal(
        &self,
        salt: &[u8; SALT_LEN],
        aad: &[u8; AAD_LEN],
        records: &mut [u8],
    ) -> Tag {
        self.entry_key(salt)
            .seal_in_place_separate_tag(zero_nonce(), Aad::from(aad), records)
            .expect("a payload is far below the 64 GiB of AES-GCM")
    }

    /// Opens `records ‖ tag` in place and gives the length of the records.
    pub(super) fn open(
        &self,
        salt: &[u8; SALT_LEN],
        aad: &[u8; AAD_LEN],
        sealed: &mut [u8],
    ) -> Option<usize> {
        let opened = self
            .entry_key(salt)
            .open_in_place(zero_nonce(), Aad::from(aad), sealed);
        opened.ok().map(|records| records.len())
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordKey")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// The nonce of every entry: its key is used once.
fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// A salt that never came before.
pub(super) fn random_salt() -> [u8; SALT_LEN] {
    let mut salt = [0; SALT_LEN];
    SystemRandom::new()
        .fill(&mut salt)
        .expect("the kernel's random source does not fail once it is seeded");
    salt
}

/// What is authenticated beside the records.
pub(super) fn associated_data(
    shard: ShardUid,
    first_ordinal: u64,
    time_ms: u64,
    record_count: u32,
) -> [u8; AAD_LEN] {
    let mut data = [0; AAD_LEN];
    data[..16].copy_from_slice(&shard.to_bytes());
    data[16..24].copy_from_slice(&first_ordinal.to_be_bytes());
    data[24..32].copy_from_slice(&time_ms.to_be_bytes());
    data[32..].copy_from_slice(&record_count.to_be_bytes());
    data
}

/// The keys that are there, the old ones too: records stay sealed with the key of their day.
#[derive(Clone, Debug, Default)]
pub struct KeyRing {
    keys: HashMap<KeyFingerprint, Arc<RecordKey>>,
}

impl KeyRing {
    /// No key: only unencrypted records can be read.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `key`.
    pub fn add(&mut self, key: Arc<RecordKey>) {
        self.keys.insert(key.fingerprint(), key);
    }

    /// The key with `fingerprint`.
    pub fn get(&self, fingerprint: KeyFingerprint) -> Option<&Arc<RecordKey>> {
        self.keys.get(&fingerprint)
    }
}
