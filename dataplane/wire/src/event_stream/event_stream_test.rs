//! Goldens that botocore's `EventStreamBuffer` reads, laws of the round trip, and hostile bytes.

use bytes::{BufMut, Bytes, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::{Codec, ErrorKind};

const JSON: &str = "application/x-amz-json-1.1";

const INITIAL_RESPONSE: &str = "0000007200000060ab820d9e0b3a6576656e742d74797065070010696e697469616c2d726573706f6e73650d3a63\
    6f6e74656e742d7479706507001a6170706c69636174696f6e2f782d616d7a2d6a736f6e2d312e310d3a6d6573736167652d747970650700056576\
    656e747b7dacae6b7d";
const EVENT: &str = "00000076000000652e685fd10b3a6576656e742d74797065070015537562736372696265546f53686172644576656e740d3a636f\
    6e74656e742d7479706507001a6170706c69636174696f6e2f782d616d7a2d63626f722d312e310d3a6d6573736167652d74797065070005657665\
    6e74a0b457acf2";
const EXCEPTION: &str = "000000960000006e916e41860f3a657863657074696f6e2d747970650700165265736f75726365496e557365457863657074\
    696f6e0d3a636f6e74656e742d7479706507001a6170706c69636174696f6e2f782d616d7a2d6a736f6e2d312e310d3a6d6573736167652d747970\
    65070009657863657074696f6e7b226d657373616765223a2274616b656e206f766572227de3028753";
const EMPTY: &str = "000000100000000005c248eb7d98c8ff";

fn golden(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("a constant")
}

fn payload(bytes: &[u8]) -> impl FnOnce(&mut BytesMut) {
    |out| out.put_slice(bytes)
}

#[test]
fn frames_are_byte_for_byte_what_other_implementations_write() {
    let mut out = BytesMut::new();
    append_initial_response(&mut out, Codec::Json, payload(b"{}"));
    assert_eq!(out, golden(INITIAL_RESPONSE));
    out.clear();
    append_subscribe_to_shard_event(&mut out, Codec::Cbor, payload(b"\xa0"));
    assert_eq!(out, golden(EVENT));
    out.clear();
    append_exception(
        &mut out,
        ErrorKind::ResourceInUseException,
        Codec::Json,
        payload(br#"{"message":"taken over"}"#),
    );
    assert_eq!(out, golden(EXCEPTION));
    out.clear();
    append_frame(&mut out, &[], payload(b""));
    assert_eq!(out, golden(EMPTY));
}

#[test]
fn frames_are_appended_behind_what_the_buffer_holds() {
    let mut out = BytesMut::from(&b"before"[..]);
    append_frame(&mut out, &[], payload(b""));
    assert_eq!(&out[..6], b"before");
    assert_eq!(out[6..], golden(EMPTY));
}

#[test]
fn a_message_tells_its_headers_and_payload() {
    let mut buffer = BytesMut::from(&golden(EXCEPTION)[..]);
    let message = FrameDecoder::new(1024)
        .decode(&mut buffer)
        .expect("valid")
        .expect("whole");
    assert_eq!(message.message_type(), Some("exception"));
    assert_eq!(message.exception_type(), Some("ResourceInUseException"));
    assert_eq!(message.header(":content-type"), Some(JSON));
    assert_eq!(message.event_type(), None);
    assert_eq!(
        message.payload(),
        &Bytes::from_static(br#"{"message":"taken over"}"#)
    );
    assert!(buffer.is_empty());
}

#[test]
fn frames_that_arrive_byte_by_byte_come_out_whole_and_in_order() {
    let stream = [golden(INITIAL_RESPONSE), golden(EVENT), golden(EXCEPTION)].concat();
    let decoder = FrameDecoder::new(1024);
    let mut buffer = BytesMut::new();
    let mut kinds = Vec::new();
    for byte in stream {
        buffer.put_u8(byte);
        if let Some(message) = decoder.decode(&mut buffer).expect("valid") {
            kinds.push(
                message
                    .event_type()
                    .or(message.exception_type())
                    .expect("has a type")
                    .to_owned(),
            );
        }
    }
    assert_eq!(
        kinds,
        [
            "initial-response",
            "SubscribeToShardEvent",
            "ResourceInUseException"
        ]
    );
}

#[test]
fn a_frame_over_the_limit_is_refused_from_its_prelude_alone() {
    let decoder = FrameDecoder::new(0x71);
    let mut prelude = BytesMut::from(&golden(INITIAL_RESPONSE)[..12]);
    assert_eq!(
        decoder.decode(&mut prelude),
        Err(FrameError::TooLong {
            total: 0x72,
            max: 0x71
        })
    );
}

#[test]
fn lengths_that_contradict_each_other_are_refused() {
    for (total, headers) in [(15_u32, 0_u32), (0, 0), (16, 1), (20, u32::MAX)] {
        let mut frame = BytesMut::new();
        frame.put_u32(total);
        frame.put_u32(headers);
        frame.put_u32(crc32fast::hash(&frame));
        frame.put_bytes(0, 64);
        assert_eq!(
            FrameDecoder::new(1024).decode(&mut frame),
            Err(FrameError::Lengths { total, headers })
        );
    }
}

#[test]
fn headers_of_other_types_are_stepped_over() {
    let headers: &[u8] = b"\x01a\x00\x01b\x01\x01c\x02\x09\x01d\x03\0\x01\x01e\x04\0\0\0\x01\x01f\x05\0\0\0\0\0\0\0\x01\
        \x01g\x06\0\x02hi\x01h\x08\0\0\0\0\0\0\0\x01\x01i\x090123456789abcdef\x01z\x07\0\x03end";
    let message = decode_raw(headers).expect("valid");
    assert_eq!(message.header("z"), Some("end"));
    assert_eq!(message.header("g"), None);
}

#[test]
fn malformed_headers_are_refused_with_their_place() {
    let cases: [(&[u8], usize); 6] = [
        (b"\x00\x07\0\0", 0),               // a name without letters
        (b"\x05ab", 0),                     // a name cut short
        (b"\x01a\x0a", 0),                  // a type that does not exist
        (b"\x01a\x00\x01b\x07\0\x05hi", 3), // a value cut short, in the second header
        (b"\x01\xff\x00", 0),               // a name that is not text
        (b"\x01a\x07\0\x01\xff", 0),        // a string that is not text
    ];
    for (headers, at) in cases {
        assert_eq!(
            decode_raw(headers),
            Err(FrameError::Header { at }),
            "{headers:?}"
        );
    }
}

fn decode_raw(headers: &[u8]) -> Result<Message, FrameError> {
    let mut frame = BytesMut::new();
    frame.put_u32(u32::try_from(16 + headers.len()).expect("short"));
    frame.put_u32(u32::try_from(headers.len()).expect("short"));
    frame.put_u32(crc32fast::hash(&frame));
    frame.put_slice(headers);
    frame.put_u32(crc32fast::hash(&frame));
    FrameDecoder::new(1024)
        .decode(&mut frame)
        .map(|message| message.expect("whole"))
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_back(
        value in "[ -~]{0,300}",
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let mut buffer = BytesMut::new();
        append_frame(&mut buffer, &[Header::new(HeaderNames::EVENT_TYPE, &value)], payload(&bytes));
        let message = FrameDecoder::new(4096).decode(&mut buffer).expect("valid").expect("whole");
        prop_assert_eq!(message.event_type(), Some(value.as_str()));
        prop_assert_eq!(&message.payload()[..], &bytes[..]);
        prop_assert!(buffer.is_empty());
    }

    #[test]
    fn a_flipped_bit_is_always_found(bit in 0_usize..EVENT.len() * 4) {
        let mut bytes = golden(EVENT);
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(FrameDecoder::new(1024).decode(&mut BytesMut::from(&bytes[..])).is_err());
    }

    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = FrameDecoder::new(1024).decode(&mut BytesMut::from(&bytes[..]));
        let _ = decode_raw(&bytes);
    }
}
