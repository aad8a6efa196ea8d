//! The stream that a run uses: made before, deleted afterwards.

use std::time::Duration;

use anabranch_wire::Action;
use anabranch_wire::shapes::{CreateStreamInput, DeleteStreamInput};

use super::RunArgs;
use crate::cli::client::Kinesis;
use crate::cli::outcome::{Failure, block_on};
use crate::cli::streams::wait_until_active;

/// How long a stream may take to become ACTIVE.
pub(super) const ACTIVE_WAIT: Duration = Duration::from_mins(1);

/// Makes the stream of a run, unless it is there already by the user's wish.
pub(super) fn make_stream(args: &RunArgs) -> Result<(), Failure> {
    let kinesis = args.client.connect()?;
    let name = args.stream_name();
    finish(async {
        let input = CreateStreamInput {
            stream_name: name.clone(),
            shard_count: Some(args.shards),
            ..CreateStreamInput::default()
        };
        match kinesis.command(Action::CreateStream, &input).await {
            Err(error)
                if args.stream.is_some() && error.kind() == Some("ResourceInUseException") => {}
            created => created?,
        }
        wait_until_active(&kinesis, &name, ACTIVE_WAIT)
            .await
            .map(drop)
    })
}

/// Deletes the stream of a run, unless it is to be kept.
pub(super) fn delete_stream(args: &RunArgs) -> Result<(), Failure> {
    if args.keep {
        return Ok(());
    }
    let kinesis = args.client.connect()?;
    finish(async { delete(&kinesis, args.stream_name()).await })
}

async fn delete(kinesis: &Kinesis, name: String) -> Result<(), Failure> {
    let input = DeleteStreamInput {
        stream_name: Some(name),
        enforce_consumer_deletion: Some(true),
        ..DeleteStreamInput::default()
    };
    Ok(kinesis.command(Action::DeleteStream, &input).await?)
}

/// Runs a step between measurements.
fn finish(step: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    block_on(async { step.await.map(|()| crate::cli::outcome::Outcome::Done) }).map(drop)
}
