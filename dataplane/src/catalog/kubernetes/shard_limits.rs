//! Limits that streams' specs set for their shards.

use std::collections::HashMap;

use anabranch_crds::data_stream::ShardLimits as Wished;
use anabranch_crds::quantity::Rate;
use anabranch_domain::ShardUid;
use anabranch_domain::quota::ShardLimits;

use super::{KubernetesCatalog, projection};

impl KubernetesCatalog {
    /// The limits of shards whose stream's spec says others than AWS's; where it says nothing of one, `otherwise` holds.
    pub fn shard_limits(&self, otherwise: ShardLimits) -> HashMap<ShardUid, ShardLimits> {
        let view = self.shared.view();
        let mut limits = HashMap::new();
        for (name, stream) in &view.objects.streams {
            let wished = stream.spec.shard_limits;
            if wished == Wished::default() {
                continue;
            }
            let own = own(wished, otherwise);
            let shards = view.objects.shards_of(name);
            let shards = shards.filter_map(|shard| projection::shard(shard).ok());
            limits.extend(shards.map(|shard| (shard.uid, own)));
        }
        limits
    }
}

/// What a spec says. AWS's numbers are what it says when it says nothing.
fn own(wished: Wished, otherwise: ShardLimits) -> ShardLimits {
    let plain = Wished::default();
    let choose = |wished: Rate, plain: Rate, otherwise| {
        if wished == plain {
            otherwise
        } else {
            wished.per_second()
        }
    };
    ShardLimits {
        write_bytes_per_sec: choose(
            wished.write_bytes_per_second,
            plain.write_bytes_per_second,
            otherwise.write_bytes_per_sec,
        ),
        write_records_per_sec: choose(
            wished.write_records_per_second,
            plain.write_records_per_second,
            otherwise.write_records_per_sec,
        ),
        read_bytes_per_sec: choose(
            wished.read_bytes_per_second,
            plain.read_bytes_per_second,
            otherwise.read_bytes_per_sec,
        ),
        read_calls_per_sec: choose(
            wished.read_calls_per_second,
            plain.read_calls_per_second,
            otherwise.read_calls_per_sec,
        ),
        ..otherwise
    }
}

#[cfg(test)]
mod tests {
    use anabranch_domain::quota::Limits;

    use super::*;

    #[test]
    fn only_what_a_spec_says_is_another_limit() {
        let wished = Wished {
            write_bytes_per_second: Rate::PerSecond(5 << 20),
            read_calls_per_second: Rate::Unlimited,
            ..Wished::default()
        };
        let aws = Limits::aws().shard;
        let own = own(wished, aws);
        assert_eq!(own.write_bytes_per_sec, Some(5 << 20));
        assert_eq!(own.read_calls_per_sec, None);
        assert_eq!(own.write_records_per_sec, aws.write_records_per_sec);
        assert_eq!(own.iterator_calls_per_sec, aws.iterator_calls_per_sec);
    }
}
