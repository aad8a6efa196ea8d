//! Where shard pods run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far apart pods are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum TopologySpread {
    /// As far apart as there is room.
    #[default]
    Preferred,
    /// On nodes of their own: a pod waits rather than share one.
    Required,
    /// Wherever the scheduler likes.
    Disabled,
}

/// A taint that the pods put up with, as in a pod's `tolerations`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Toleration {
    /// The taint's key; every key when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How key and value are compared: `Equal` means that both are the taint's, `Exists` that the key is.
    #[serde(default)]
    pub operator: TolerationOperator,
    /// The taint's value, for `Equal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The taint's effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<TolerationEffect>,
    /// For how long, when the effect is `NoExecute`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toleration_seconds: Option<i64>,
}

/// How a toleration compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum TolerationOperator {
    /// Key and value are the taint's.
    #[default]
    Equal,
    /// The key is the taint's, whatever the value.
    Exists,
}

/// What a taint does to pods that do not tolerate it: `NoSchedule` and `PreferNoSchedule` keep new ones away, `NoExecute`
/// drives them off; every effect when left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TolerationEffect {
    /// They are not put on the node.
    NoSchedule,
    /// They are put there only when nothing else is free.
    PreferNoSchedule,
    /// They are driven off the node.
    NoExecute,
}
