//! `StopStreamEncryption`: records are not encrypted from now on; those that are stay readable.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::StopStreamEncryption;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::StopStreamEncryptionInput;

use super::addressing::{self, StreamAddress};
use super::{Services, changing, errors};

fn validate(input: &StopStreamEncryptionInput) -> Result<(), ApiError> {
    if input.encryption_type == "KMS" {
        Ok(())
    } else {
        Err(errors::invalid_argument(
            "KMS is the only valid EncryptionType for this request.",
        ))
    }
}

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: StopStreamEncryptionInput,
) -> Result<(), ApiError> {
    validate(&input)?;
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let stream = addressing::stream(&services.snapshot(), address)?;
    let change = StopStreamEncryption {
        stream: stream.name.clone(),
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    changing::settle(services, &stream.name, stream.uid).await;
    Ok(())
}
