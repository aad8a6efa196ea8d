//! What is a name and what is none.

use super::*;

#[test]
fn names_are_1_to_128_plain_characters() {
    for text in ["a", "a.b_c-D9", &"x".repeat(128)] {
        assert_eq!(text.parse::<StreamName>().unwrap().as_str(), text);
    }
    for text in ["", "a b", "a/b", "ä", &"x".repeat(129)] {
        assert!(text.parse::<StreamName>().is_err(), "{text}");
        assert!(text.parse::<ConsumerName>().is_err(), "{text}");
    }
}

#[test]
fn a_key_id_may_be_an_alias() {
    assert!("alias/aws/kinesis".parse::<KeyId>().is_ok());
    assert!("".parse::<KeyId>().is_err());
    assert!("ä".repeat(2049).parse::<KeyId>().is_err());
}

#[test]
fn accounts_have_twelve_digits() {
    assert_eq!(
        "000000000000".parse::<AccountId>().unwrap().to_string(),
        "000000000000"
    );
    for text in ["", "00000000000", "0000000000000", "00000000000a"] {
        assert_eq!(text.parse::<AccountId>(), Err(InvalidAccountId), "{text}");
    }
}

#[test]
fn stream_arns_go_round() {
    for text in [
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
        "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders",
        "arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/a.b",
    ] {
        assert_eq!(text.parse::<StreamArn>().unwrap().to_string(), text);
    }
}

#[test]
fn other_arns_are_no_stream() {
    for text in [
        "",
        "arn:aws:kinesis:us-east-1:123456789012:stream/",
        "arn:aws:kinesis:us-east-1:12345678901:stream/orders",
        "arn:aws:kinesis::123456789012:stream/orders",
        "arn:aws:sqs:us-east-1:123456789012:stream/orders",
        "arn:aws:kinesis:us-east-1:123456789012:queue/orders",
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/c:1",
    ] {
        assert!(text.parse::<StreamArn>().is_err(), "{text}");
    }
}

#[test]
fn consumer_arns_go_round() {
    let text = "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/billing:1525898737";
    let arn: ConsumerArn = text.parse().unwrap();
    assert_eq!(
        (arn.name.as_str(), arn.created_secs),
        ("billing", 1_525_898_737)
    );
    assert_eq!(arn.to_string(), text);
    for text in [
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/billing",
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/billing:",
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/billing:x",
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/:1",
    ] {
        assert!(text.parse::<ConsumerArn>().is_err(), "{text}");
    }
}
