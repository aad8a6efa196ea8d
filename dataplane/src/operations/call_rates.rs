//! Is this call one too many this second? Asked of calls that may be made, before the action looks at anything.
//!
//! Both sentences are AWS's own, as users reported them: one for calls about a stream, one for those about the account.

use anabranch_domain::{AccountId, ConsumerArn, StreamArn, StreamName};
use anabranch_wire::{ApiError, ErrorKind, Request};

use super::Services;

/// Refuses `request` where AWS's rates are enforced and it is past that of its action.
pub(super) fn admit(services: &Services, request: &Request) -> Result<(), ApiError> {
    if !services.calls.are_enforced() {
        return Ok(());
    }
    let stream = stream_of(request);
    services
        .calls
        .admit(request.action(), stream.as_ref(), services.now())
        .map_err(|_| exceeded(stream.as_ref(), services.snapshot().account.id))
}

fn exceeded(stream: Option<&StreamName>, account: AccountId) -> ApiError {
    let sentence = match stream {
        Some(stream) => format!("Rate exceeded for stream {stream} under account {account}."),
        None => format!("Rate exceeded for account {account}."),
    };
    ApiError::new(ErrorKind::LimitExceededException, sentence)
}

/// The stream that a request names, in whichever way.
fn stream_of(request: &Request) -> Option<StreamName> {
    if let Some(name) = request.stream_name() {
        return name.parse().ok();
    }
    let arn = ["StreamARN", "ResourceARN", "ConsumerARN"]
        .into_iter()
        .find_map(|member| request.text(member))?;
    let of_consumer = |arn: &str| arn.parse::<ConsumerArn>().map(|arn| arn.stream_arn.stream);
    arn.parse::<StreamArn>()
        .map(|arn| arn.stream)
        .ok()
        .or_else(|| of_consumer(arn).ok())
}

#[cfg(test)]
mod tests {
    use anabranch_wire::{Action, Codec, decode};

    use super::*;

    fn named(action: &str, body: &'static str) -> Option<String> {
        let action = Action::from_name(action).expect("an action");
        let request = decode(action, Codec::Json, &body.into()).expect("well-formed");
        stream_of(&request).map(|stream| stream.to_string())
    }

    #[test]
    fn a_call_is_about_the_stream_that_it_names_in_whichever_way() {
        let s = Some("s".to_owned());
        assert_eq!(named("DescribeStream", r#"{"StreamName":"s"}"#), s);
        let by_arn = r#"{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s"}"#;
        assert_eq!(named("DescribeStream", by_arn), s);
        let resource = r#"{"ResourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s"}"#;
        assert_eq!(named("ListTagsForResource", resource), s);
        let consumer =
            r#"{"ConsumerARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1"}"#;
        assert_eq!(named("DescribeStreamConsumer", consumer), s);
        assert_eq!(named("ListStreams", "{}"), None);
    }

    #[test]
    fn the_sentences_are_those_that_users_reported() {
        let account = "000000000000".parse().expect("an account");
        let said = |stream: Option<&StreamName>| {
            let error = exceeded(stream, account);
            assert_eq!(error.kind, ErrorKind::LimitExceededException);
            error.message.expect("a sentence")
        };
        let stream = "s".parse().expect("a name");
        assert_eq!(
            said(Some(&stream)),
            "Rate exceeded for stream s under account 000000000000."
        );
        assert_eq!(said(None), "Rate exceeded for account 000000000000.");
    }
}
