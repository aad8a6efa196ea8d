//! `DeleteStream`: the end of a stream, of its records and, if so asked, of its consumers.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::DeleteStream;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::DeleteStreamInput;

use super::addressing::{self, StreamAddress};
use super::{Services, changing};

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: DeleteStreamInput,
) -> Result<(), ApiError> {
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let stream = addressing::stream(&services.snapshot(), address)?;
    let change = DeleteStream {
        name: stream.name.clone(),
        enforce_consumer_deletion: input.enforce_consumer_deletion.unwrap_or(false),
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    changing::settle(services, &stream.name, stream.uid).await;
    Ok(())
}
