//! What a user can do about an error, one line an error type. Pure text; the service's own message stands above it.

/// What to do when nobody answers at `endpoint`.
pub(super) fn for_no_connection(endpoint: &str) -> String {
    format!(
        "is a server running there? `anabranch standalone --allow-anonymous` starts one; --endpoint-url or \
         ANABRANCH_ENDPOINT says where it is (now {endpoint})"
    )
}

/// What to do about an error of this type.
pub(super) fn for_error(kind: &str, message: &str) -> Option<&'static str> {
    Some(match kind {
        "ResourceNotFoundException" => {
            "`anabranch streams` lists what there is; is --region the one it was made in?"
        }
        "ResourceInUseException" if message.contains("already exists") => {
            "choose another name, or delete the stream first"
        }
        "ResourceInUseException" => "wait until it is ACTIVE: `anabranch streams describe STREAM`",
        "ProvisionedThroughputExceededException" => {
            "the shards are full: slow down, spread the partition keys, or add shards with `anabranch reshard STREAM --to N`"
        }
        "LimitExceededException" => {
            "wait a moment, or raise the limit on the server (`anabranch standalone --help`, limits)"
        }
        "ExpiredIteratorException" => "an iterator lives five minutes: ask for a new one",
        "UnrecognizedClientException" | "InvalidClientTokenId" => {
            "the access key is unknown there: check AWS_ACCESS_KEY_ID, or AWS_PROFILE"
        }
        "InvalidSignatureException" | "SignatureDoesNotMatch"
            if message.contains("expired") || message.contains("not yet") =>
        {
            "the clocks of this machine and the server differ by too much"
        }
        "InvalidSignatureException" | "SignatureDoesNotMatch" => {
            "the secret key or the region is not the server's: check AWS_SECRET_ACCESS_KEY and --region"
        }
        "MissingAuthenticationTokenException" | "IncompleteSignatureException" => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        }
        "AccessDeniedException" => {
            "this access key may not do that: its owner can allow it in the server's credentials file"
        }
        "UnknownOperationException" => "this server does not offer the operation",
        "InternalFailure" => "the server's log says why",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_tells_two_causes_of_one_type_apart() {
        let exists = for_error(
            "ResourceInUseException",
            "Stream s under account 0 already exists.",
        );
        let busy = for_error(
            "ResourceInUseException",
            "Stream s under account 0 not ACTIVE, instead in state UPDATING",
        );
        assert_ne!(exists, busy);
    }

    #[test]
    fn an_unknown_error_stands_without_advice() {
        assert_eq!(for_error("SomethingNew", ""), None);
    }
}
