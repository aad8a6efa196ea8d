//! `StreamConsumer`: a registered enhanced fan-out consumer of a stream.

mod status;

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use status::{StreamConsumerPhase, StreamConsumerStatus};

use crate::{foreign::document, refusal};

/// An enhanced fan-out consumer as it should be.
#[derive(CustomResource, Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "anabranch.dev",
    version = "v1alpha1",
    kind = "StreamConsumer",
    plural = "streamconsumers",
    shortname = "dconsumer",
    category = "anabranch",
    namespaced,
    doc = "A registered consumer of a data stream: reads by enhanced fan-out, with a throughput of its own.",
    derive = "PartialEq",
    status = "StreamConsumerStatus",
    validation = Rule::new("has(self.spec.consumerName) || self.metadata.name.size() <= 128")
        .message(refusal::CONSUMER_NAME_IS_MISSING),
    selectable = ".spec.stream",
    printcolumn(name = "Stream", type_ = "string", json_path = ".spec.stream"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(
        name = "Consumer",
        type_ = "string",
        json_path = ".spec.consumerName",
        priority = 1
    ),
    printcolumn(
        name = "ARN",
        type_ = "string",
        json_path = ".status.consumerARN",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(
    "has(self.consumerName) == has(oldSelf.consumerName) && (!has(self.consumerName) || self.consumerName == oldSelf.consumerName)"
)
.message(refusal::CONSUMER_NAME_IS_IMMUTABLE))]
pub struct StreamConsumerSpec {
    /// The `DataStream` object that is read. Immutable.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = Rule::new("self == oldSelf").message(refusal::STREAM_IS_IMMUTABLE))]
    pub stream: String,
    /// Name of the consumer in the Kinesis API; the object's name when left out. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    #[x_kube(validation = Rule::new("self.matches('^[a-zA-Z0-9_.-]{1,128}$')").message(refusal::CONSUMER_NAME))]
    pub consumer_name: Option<String>,
    /// Tags, as the Kinesis API shows them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 50))]
    #[x_kube(validation = Rule::new(
        "self.size() <= 50 && self.all(key, key.size() >= 1 && key.size() <= 128 && !key.startsWith('aws:') && self[key].size() <= 256)"
    )
    .message(refusal::TAGS))]
    pub tags: BTreeMap<String, String>,
    /// Who else may subscribe as this consumer: an IAM resource policy, written as an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "document")]
    pub resource_policy: Option<serde_json::Value>,
}
