//! `UpdateStreamWarmThroughput`: how much an on-demand stream is kept ready for.

use anabranch_domain::access::Caller;
use anabranch_domain::catalog::{ScaleStream, Stream, UpdateStreamWarmThroughput};
use anabranch_wire::ApiError;
use anabranch_wire::shapes::{UpdateStreamWarmThroughputInput, UpdateStreamWarmThroughputOutput};

use super::addressing::{self, StreamAddress};
use super::{Services, changing, parsing, rendering};

pub(super) async fn execute(
    services: &Services,
    caller: &Caller,
    input: UpdateStreamWarmThroughputInput,
) -> Result<UpdateStreamWarmThroughputOutput, ApiError> {
    let mibps = parsing::count(input.warm_throughput_mibps)?;
    let address = StreamAddress::new(input.stream_name.as_ref(), input.stream_arn.as_ref());
    let stream = addressing::stream(&services.snapshot(), address)?;
    let change = UpdateStreamWarmThroughput {
        stream: stream.name.clone(),
        mibps,
    };
    let after = changing::commit(services, change.into(), stream.name.as_str()).await?;
    scale_up(services, caller, &stream, mibps).await?;
    changing::settle(services, &stream.name, stream.uid).await;
    Ok(UpdateStreamWarmThroughputOutput {
        stream_arn: Some(rendering::stream_arn(&after.account, &stream).to_string()),
        stream_name: Some(stream.name.to_string()),
        warm_throughput: Some(rendering::warm_throughput(mibps)),
    })
}

/// One shard takes 1 MiB/s: a stream that is to be ready for more gets them now. Fewer are never too many; when traffic
/// stays away, that is the autoscaler's to see.
async fn scale_up(
    services: &Services,
    caller: &Caller,
    stream: &Stream,
    mibps: u32,
) -> Result<(), ApiError> {
    if mibps <= stream.open_shard_count() {
        return Ok(());
    }
    let reason = format!(
        "{}: {mibps} MiB/s",
        changing::reason(caller, "UpdateStreamWarmThroughput")
    );
    let change = ScaleStream {
        stream: stream.name.clone(),
        target: mibps,
        reason,
    };
    changing::commit(services, change.into(), stream.name.as_str()).await?;
    Ok(())
}
