//! The key that seals tokens, and sealing itself.

use std::fmt;

use base64_simd::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

use super::{TokenError, TokenKind, padding};

/// AWS's first eight bytes, and the number of our format.
const PREFIX: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];
const TAG_LEN: usize = 16;
const HEADER_LEN: usize = PREFIX.len() + NONCE_LEN;
/// What a token is longer than its padded content.
pub(super) const OVERHEAD: usize = HEADER_LEN + TAG_LEN;

/// Seals and opens tokens. All gateways of one account share it, so that each opens what any other has sealed.
pub struct TokenKey {
    sealing: LessSafeKey,
    /// Derives the nonce that is used from the one that is given and from the content: a nonce given twice by mistake (two
    /// processes counting from the same number) then only shows that two tokens are equal, and gives no key away.
    nonces: hmac::Key,
}

impl TokenKey {
    /// Length of the secret.
    pub const LEN: usize = 32;

    /// Makes the key from a secret that came from a random source.
    pub fn new(secret: &[u8; Self::LEN]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derive = |label: &[u8]| hmac::sign(&root, label);
        let sealing = UnboundKey::new(&AES_256_GCM, derive(b"anabranch token sealing").as_ref())
            .expect("an HMAC-SHA256 is as long as an AES-256 key");
        Self {
            sealing: LessSafeKey::new(sealing),
            nonces: hmac::Key::new(
                hmac::HMAC_SHA256,
                derive(b"anabranch token nonces").as_ref(),
            ),
        }
    }

    /// Seals `content` for one kind of use. `nonce` should differ from call to call; see [`TokenKey`] for what happens if not.
    /// Fails only if the text would be longer than its kind may be.
    pub fn seal(
        &self,
        kind: TokenKind,
        content: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<String, TokenError> {
        let token_len = OVERHEAD + padding::padded_len(content.len());
        if STANDARD.encoded_length(token_len) > kind.chars_max() {
            return Err(TokenError::TooLong);
        }
        let nonce = self.derive_nonce(kind, content, nonce);
        let mut token = Vec::with_capacity(token_len);
        token.extend_from_slice(&PREFIX);
        token.extend_from_slice(&nonce);
        token.extend_from_slice(content);
        padding::pad(&mut token, HEADER_LEN);
        let tag = self
            .sealing
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                authenticated(kind),
                &mut token[HEADER_LEN..],
            )
            .expect("tokens are far shorter than AES-GCM's 64 GiB");
        token.extend_from_slice(tag.as_ref());
        Ok(STANDARD.encode_to_string(&token))
    }

    /// What was sealed into `text` by this key for this kind.
    pub fn open(&self, kind: TokenKind, text: &str) -> Result<Vec<u8>, TokenError> {
        if text.len() > kind.chars_max() {
            return Err(TokenError::TooLong);
        }
        let mut token = STANDARD
            .decode_to_vec(text)
            .map_err(|_| TokenError::Malformed)?;
        if token.len() < OVERHEAD || token[..PREFIX.len()] != PREFIX {
            return Err(TokenError::Malformed);
        }
        let nonce = Nonce::try_assume_unique_for_key(&token[PREFIX.len()..HEADER_LEN])
            .expect("the slice has a nonce's length");
        let content_len = self
            .sealing
            .open_within(nonce, authenticated(kind), &mut token, HEADER_LEN..)
            .map_err(|_| TokenError::Forged)?
            .len();
        token.truncate(content_len);
        padding::unpad(&mut token).ok_or(TokenError::Forged)?;
        Ok(token)
    }

    fn derive_nonce(
        &self,
        kind: TokenKind,
        content: &[u8],
        given: [u8; NONCE_LEN],
    ) -> [u8; NONCE_LEN] {
        let mut mac = hmac::Context::with_key(&self.nonces);
        mac.update(&[kind as u8]);
        mac.update(&given);
        mac.update(content);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&mac.sign().as_ref()[..NONCE_LEN]);
        nonce
    }
}

fn authenticated(kind: TokenKind) -> Aad<[u8; 9]> {
    let mut data = [0; PREFIX.len() + 1];
    data[..PREFIX.len()].copy_from_slice(&PREFIX);
    data[PREFIX.len()] = kind as u8;
    Aad::from(data)
}

/// Shows nothing of the secret.
impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey").finish_non_exhaustive()
    }
}
