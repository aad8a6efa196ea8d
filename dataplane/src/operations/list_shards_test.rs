//! Which shards a filter means, by a table over a stream that was split and merged.

use super::*;
