//! The disk of a shard pod.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::refusal;

/// A pod's disk. It grows with `size` where the storage class allows it, and never shrinks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)")
        .message(refusal::STORAGE_CLASS_IS_IMMUTABLE)
)]
pub struct Storage {
    /// Size of the volume, such as `20Gi`. May grow later, never shrink.
    #[serde(default = "Storage::default_size")]
    #[schemars(length(max = 32))]
    #[x_kube(
        validation = Rule::new("isQuantity(self) && quantity(self).compareTo(quantity('0')) > 0").message(refusal::STORAGE_SIZE),
        validation = Rule::new("!isQuantity(self) || !isQuantity(oldSelf) || quantity(self).compareTo(quantity(oldSelf)) >= 0")
            .message(refusal::STORAGE_SHRINKS)
    )]
    pub size: String,
    /// Storage class; the cluster's default when left out. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub storage_class_name: Option<String>,
}

impl Storage {
    fn default_size() -> String {
        "10Gi".to_owned()
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            size: Self::default_size(),
            storage_class_name: None,
        }
    }
}
