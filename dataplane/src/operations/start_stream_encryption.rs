//! `StartStreamEncryption`: records are encrypted from now on, or with another key than before.

use anabranch_domain::KeyId;
use anabranch_domain::access::Caller;
use anabranch_domain::catalog::StartStreamEncryption;
use anabranch_wire::shapes::StartStreamEncryptionInput;
use anabranch_wire::{ApiError, ErrorKind};

use super::addressing::{self, StreamAddress};
use super::{Services, changing, errors};

fn validate(input: &StartStreamEncryptionInput) -> Result<KeyId, ApiError> {
    if input.encryption_type != "KMS" {
        return Err(errors::invalid_argument(
            "KMS is the only valid EncryptionType for this request.",
        ));
    }
    input
        .key_id
        .parse()
        .map_err(|_| key_not_found(&input.key_id))
}

fn key_not_found(key: &str) -> ApiError {
    ApiError::new(
        ErrorKind::KMSNotFoundException,
        format!("Invalid keyId {key}"),
    )
}

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: StartStreamEncryptionInput,
) -> Result<(), ApiError> {
    let key = validate(&input)?;
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let stream = addressing::stream(&services.snapshot(), address)?;
    if services.keys.sealing_key(&key).is_none() {
        return Err(key_not_found(key.as_str()));
    }
    let change = StartStreamEncryption {
        stream: stream.name.clone(),
        key,
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    changing::settle(services, &stream.name, stream.uid).await;
    Ok(())
}
