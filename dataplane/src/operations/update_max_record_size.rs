//! `UpdateMaxRecordSize`: how large a record may be.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::UpdateMaxRecordSize;
use anabranch_wire::ApiError;
use anabranch_wire::shapes::UpdateMaxRecordSizeInput;

use super::addressing::{self, StreamAddress};
use super::{Services, changing, parsing};

pub(super) async fn execute(
    services: &Services,
    _: &Caller,
    input: UpdateMaxRecordSizeInput,
) -> Result<(), ApiError> {
    let kib = parsing::count(input.max_record_size_in_kib)?;
    let address = StreamAddress::of_arn(&input.stream_arn);
    let stream = addressing::stream(&services.snapshot(), address)?;
    let change = UpdateMaxRecordSize {
        stream: stream.name.clone(),
        kib,
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    changing::settle(services, &stream.name, stream.uid).await;
    Ok(())
}
