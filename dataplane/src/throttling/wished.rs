//! Limits that a stream's spec sets for its shards.

use anabranch_crds::data_stream::ShardLimits as Wished;
use anabranch_crds::quantity::Rate;
use anabranch_domain::quota::ShardLimits;

/// The limits of a shard whose stream's spec says `wished`; AWS's numbers are what it says when it says nothing, and then
/// `otherwise` holds.
pub fn wished(wished: Wished, otherwise: ShardLimits) -> ShardLimits {
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
        let own = super::wished(wished, aws);
        assert_eq!(own.write_bytes_per_sec, Some(5 << 20));
        assert_eq!(own.read_calls_per_sec, None);
        assert_eq!(own.write_records_per_sec, aws.write_records_per_sec);
        assert_eq!(own.iterator_calls_per_sec, aws.iterator_calls_per_sec);
    }
}
