//! What each API action does: one file an action, `validate` (pure) and then `execute`.
//!
//! Owns the meaning of a request once its bytes are a typed value and its caller is known; refuses to know sockets,
//! codecs and disks. Invariant: an action changes desired state only through [`crate::catalog::Catalog::commit`].

mod add_tags_to_stream;
mod addressing;
mod authorize;
mod call_rates;
mod changing;
mod control_plane;
mod create_stream;
mod decrease_stream_retention_period;
mod delete_resource_policy;
mod delete_stream;
mod deregister_stream_consumer;
mod describe_account_settings;
mod describe_limits;
mod describe_stream;
mod describe_stream_consumer;
mod describe_stream_summary;
mod disable_enhanced_monitoring;
mod dispatch;
mod enable_enhanced_monitoring;
mod errors;
mod get_records;
mod get_resource_policy;
mod get_shard_iterator;
mod increase_stream_retention_period;
mod list_shards;
mod list_stream_consumers;
mod list_streams;
mod list_tags_for_resource;
mod list_tags_for_stream;
mod merge_shards;
mod next_token;
mod not_enabled;
mod parsing;
mod position;
mod put;
mod put_record;
mod put_records;
mod put_resource_policy;
pub(crate) mod records;
mod register_stream_consumer;
mod remove_tags_from_stream;
mod rendering;
mod services;
mod shard_iterators;
mod split_shard;
mod start_stream_encryption;
mod stop_stream_encryption;
mod subscribe_to_shard;
mod tag_resource;
mod untag_resource;
mod update_account_settings;
mod update_max_record_size;
mod update_shard_count;
mod update_stream_mode;
mod update_stream_record_distribution_strategy;
mod update_stream_warm_throughput;

pub use dispatch::{Answer, dispatch};
pub use services::Services;
