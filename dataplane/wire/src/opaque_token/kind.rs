//! What a token is for. The number is authenticated with the content, so that a token of one kind is a forgery as another.

/// What a token is for. Numbers are never reused: tokens outlive a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TokenKind {
    /// `ShardIterator` and `NextShardIterator`.
    ShardIterator = 1,
    /// `NextToken` of `ListStreams`.
    ListStreams = 2,
    /// `NextToken` of `ListShards`.
    ListShards = 3,
    /// `NextToken` of `ListStreamConsumers`.
    ListStreamConsumers = 4,
}

impl TokenKind {
    /// The longest text that the API's model allows for this kind, or less where the model allows a megabyte.
    pub const fn chars_max(self) -> usize {
        match self {
            Self::ShardIterator => 512,
            Self::ListStreams | Self::ListShards | Self::ListStreamConsumers => 4096,
        }
    }
}
