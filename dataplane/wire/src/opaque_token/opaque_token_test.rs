//! The outer shape that clients have been seen to check, and the laws of sealing.

use base64_simd::STANDARD;
use proptest::prelude::*;

use super::*;

const NONCE: [u8; 12] = [7; 12];

fn key() -> TokenKey {
    TokenKey::new(&[42; TokenKey::LEN])
}

fn bytes_of(token: &str) -> Vec<u8> {
    STANDARD.decode_to_vec(token).expect("a token is base64")
}

#[test]
fn todays_tokens_open_forever() {
    let golden = "AAAAAAAAAAEEFKa0TbF+Nf0lL9tFw4r8l35Nz7lIQk+xyo+H8gXc9RM5cecpUeQETyBuAWAIfuYNHm04W0gGvfaZuDGD/Lxr";
    assert_eq!(
        key()
            .seal(TokenKind::ShardIterator, b"shardId-000000000000", NONCE)
            .as_deref(),
        Ok(golden)
    );
    assert_eq!(
        key().open(TokenKind::ShardIterator, golden).as_deref(),
        Ok(&b"shardId-000000000000"[..])
    );
}

#[test]
fn a_token_of_one_kind_is_a_forgery_as_another() {
    let token = key()
        .seal(TokenKind::ListShards, b"content", NONCE)
        .expect("short");
    assert_eq!(
        key().open(TokenKind::ListStreams, &token),
        Err(TokenError::Forged)
    );
}

#[test]
fn a_token_of_another_key_is_a_forgery() {
    let token = TokenKey::new(&[43; 32])
        .seal(TokenKind::ListShards, b"content", NONCE)
        .expect("short");
    assert_eq!(
        key().open(TokenKind::ListShards, &token),
        Err(TokenError::Forged)
    );
}

#[test]
fn the_same_nonce_for_another_content_is_not_used_twice() {
    let seal = |content| {
        bytes_of(
            &key()
                .seal(TokenKind::ListShards, content, NONCE)
                .expect("short"),
        )
    };
    assert_ne!(seal(b"one")[8..20], seal(b"two")[8..20]);
}

#[test]
fn a_shard_iterator_holds_339_bytes_and_not_one_more() {
    let longest = key()
        .seal(TokenKind::ShardIterator, &[1; 339], NONCE)
        .expect("fits");
    assert!(longest.len() <= 512);
    assert_eq!(
        key().seal(TokenKind::ShardIterator, &[1; 340], NONCE),
        Err(TokenError::TooLong)
    );
    assert_eq!(
        key().open(TokenKind::ShardIterator, &"A".repeat(513)),
        Err(TokenError::TooLong)
    );
}

#[test]
fn texts_without_the_form_of_a_token_are_malformed() {
    let mut other_format = bytes_of(
        &key()
            .seal(TokenKind::ListShards, b"content", NONCE)
            .expect("short"),
    );
    other_format[7] = 2;
    let other_format = STANDARD.encode_to_string(&other_format);
    for text in [
        "",
        "A",
        "====",
        "AAAAAAAAAAE=",
        "not base64!",
        "\"AAAA\"",
        other_format.as_str(),
    ] {
        assert_eq!(
            key().open(TokenKind::ListShards, text),
            Err(TokenError::Malformed),
            "{text}"
        );
    }
}

#[test]
fn debug_output_shows_no_secret() {
    assert_eq!(format!("{:?}", key()), "TokenKey { .. }");
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_has_the_shape_of_awss(
        content in prop::collection::vec(any::<u8>(), 0..=339),
        nonce in any::<[u8; 12]>(),
    ) {
        let token = key().seal(TokenKind::ShardIterator, &content, nonce).expect("fits");
        let bytes = bytes_of(&token);
        prop_assert_eq!(&bytes[..8], &[0, 0, 0, 0, 0, 0, 0, 1]);
        prop_assert_eq!(bytes.len() % 16, 152 % 16);
        prop_assert_eq!(key().open(TokenKind::ShardIterator, &token), Ok(content));
    }

    #[test]
    fn a_flipped_bit_never_opens(bit in 0_usize..1000) {
        let mut bytes = bytes_of(&key().seal(TokenKind::ListShards, b"content", NONCE).expect("short"));
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(key().open(TokenKind::ListShards, &STANDARD.encode_to_string(&bytes)).is_err());
    }

    #[test]
    fn garbage_never_opens(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(key().open(TokenKind::ListShards, &text).is_err());
        let framed = [&[0, 0, 0, 0, 0, 0, 0, 1][..], &bytes].concat();
        prop_assert!(key().open(TokenKind::ListShards, &STANDARD.encode_to_string(&framed)).is_err());
    }
}
