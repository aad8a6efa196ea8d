//! Why a call to an endpoint failed, in the words of a user of the command line.

use std::time::Duration;

use super::hint;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum CallError {
    /// No connection could be made.
    #[error("cannot connect to {endpoint}: {reason}")]
    Connect {
        /// Where to.
        endpoint: String,
        /// The system's or the TLS library's reason.
        reason: String,
    },
    /// The credentials or the region cannot be put into a signature.
    #[error("cannot sign: {0}")]
    Unsignable(String),
    /// The connection broke, or what came was not HTTP.
    #[error("{action}: the connection broke: {source}")]
    Broken {
        /// The API action.
        action: &'static str,
        /// What hyper says.
        source: hyper::Error,
    },
    /// No answer came in time.
    #[error("{action}: no answer within {} s", after.as_secs())]
    TimedOut {
        /// The API action.
        action: &'static str,
        /// How long it waited.
        after: Duration,
    },
    /// The service answered with an error.
    #[error("{action}: {kind}{}{message}", if message.is_empty() { "" } else { ": " })]
    Refused {
        /// The API action.
        action: &'static str,
        /// The HTTP status.
        status: u16,
        /// The error's type, such as `ResourceNotFoundException`.
        kind: String,
        /// The service's own words.
        message: String,
    },
    /// The answer is not what the API promises.
    #[error("{action}: the answer cannot be read: {reason}")]
    Unreadable {
        /// The API action.
        action: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl CallError {
    /// The AWS error type, if the service gave one.
    pub(in crate::cli) fn kind(&self) -> Option<&str> {
        match self {
            Self::Refused { kind, .. } => Some(kind),
            _ => None,
        }
    }

    /// Whether the same call may well succeed a little later, and was surely not carried out.
    pub(in crate::cli) fn is_throttling(&self) -> bool {
        match self {
            Self::Refused { kind, message, .. } => match kind.as_str() {
                "ProvisionedThroughputExceededException" | "ThrottlingException" | "SlowDown" => {
                    true
                }
                // A quota that is used up has the same type as a call that came too soon.
                "LimitExceededException" => message.contains("Rate exceeded"),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the same call may succeed a little later, carried out or not.
    pub(in crate::cli) fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Broken { .. } | Self::TimedOut { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || self.is_throttling(),
            Self::Unreadable { .. } | Self::Unsignable(_) => false,
        }
    }

    /// What the user can do about it, where something is known.
    pub(in crate::cli) fn what_to_do(&self) -> Option<String> {
        match self {
            Self::Connect { endpoint, .. } => Some(hint::for_no_connection(endpoint)),
            Self::Refused { kind, message, .. } => {
                hint::for_error(kind, message).map(str::to_owned)
            }
            Self::Unreadable { .. } => {
                Some("is this a Kinesis endpoint? check --endpoint-url".to_owned())
            }
            Self::TimedOut { .. } => {
                Some("give it longer with --timeout, or look at the server's log".to_owned())
            }
            Self::Broken { .. } | Self::Unsignable(_) => None,
        }
    }
}
