//! What one shard takes and gives a second.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::Rate;

/// Limits of one shard: AWS's numbers by default, higher or `Unlimited` where the hardware allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShardLimits {
    /// Bytes put a second.
    #[serde(default = "ShardLimits::default_write_bytes")]
    pub write_bytes_per_second: Rate,
    /// Records put a second.
    #[serde(default = "ShardLimits::default_write_records")]
    pub write_records_per_second: Rate,
    /// Bytes read a second, by all consumers without enhanced fan-out together.
    #[serde(default = "ShardLimits::default_read_bytes")]
    pub read_bytes_per_second: Rate,
    /// `GetRecords` calls a second.
    #[serde(default = "ShardLimits::default_read_calls")]
    pub read_calls_per_second: Rate,
}

impl ShardLimits {
    const fn default_write_bytes() -> Rate {
        Rate::PerSecond(1 << 20)
    }

    const fn default_write_records() -> Rate {
        Rate::PerSecond(1000)
    }

    const fn default_read_bytes() -> Rate {
        Rate::PerSecond(2 << 20)
    }

    const fn default_read_calls() -> Rate {
        Rate::PerSecond(5)
    }
}

impl Default for ShardLimits {
    fn default() -> Self {
        Self {
            write_bytes_per_second: Self::default_write_bytes(),
            write_records_per_second: Self::default_write_records(),
            read_bytes_per_second: Self::default_read_bytes(),
            read_calls_per_second: Self::default_read_calls(),
        }
    }
}
