//! What a refused request is told: every error shape of AWS's model and the ones of the protocol below it.
//!
//! Owns names, status codes and the body's form. Which failure becomes which error is decided elsewhere, in one table.

use std::fmt;

macro_rules! error_kinds {
    ($($(#[$doc:meta])* $name:ident = $status:literal),* $(,)?) => {
        /// The type of an error as AWS names it in `__type` and in `x-amzn-errortype`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorKind {
            $($(#[$doc])* $name),*
        }

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$name),*];

            /// AWS's name of the error.
            pub const fn name(self) -> &'static str {
                match self {
                    $(ErrorKind::$name => stringify!($name)),*
                }
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self {
                    $(ErrorKind::$name => $status),*
                }
            }
        }
    };
}

error_kinds! {
    /// The caller may not do this.
    AccessDeniedException = 400,
    /// `DryRun` was set and the request would have succeeded.
    DryRunOperationException = 400,
    /// The shard iterator is older than five minutes.
    ExpiredIteratorException = 400,
    /// The pagination token is older than five minutes.
    ExpiredNextTokenException = 400,
    /// Our fault, in the form of AWS's model.
    InternalFailureException = 500,
    /// A value is of the right form but makes no sense here.
    InvalidArgumentException = 400,
    /// The key's policy does not let the caller use it.
    KMSAccessDeniedException = 400,
    /// The key is disabled.
    KMSDisabledException = 400,
    /// The key's state does not allow its use.
    KMSInvalidStateException = 400,
    /// There is no such key.
    KMSNotFoundException = 400,
    /// The account has no key service.
    KMSOptInRequired = 400,
    /// The key is asked for too often.
    KMSThrottlingException = 400,
    /// A quota, or too many control-plane calls a second.
    LimitExceededException = 400,
    /// A shard's or stream's throughput is used up.
    ProvisionedThroughputExceededException = 400,
    /// The resource is in a state that does not allow this.
    ResourceInUseException = 400,
    /// There is no such resource.
    ResourceNotFoundException = 400,
    /// Too many calls a second, of the queue operations.
    ThrottlingException = 400,
    /// A member breaks a constraint of the model.
    ValidationException = 400,

    /// Our fault, in the form of AWS's protocol layer: no message.
    InternalFailure = 500,
    /// The server cannot serve now; SDKs retry it.
    ServiceUnavailable = 503,
    /// The target names no operation.
    UnknownOperationException = 400,
    /// The body cannot be read, or a member is of another type than the model's.
    SerializationException = 400,

    /// The request carries no signature.
    MissingAuthenticationTokenException = 400,
    /// A part of the signature is missing.
    IncompleteSignatureException = 400,
    /// The signature is not the one that the key gives, or it is too old or too new.
    InvalidSignatureException = 400,
    /// The access key is not known.
    UnrecognizedClientException = 400,
    /// The access key is of a kind that is not known.
    InvalidClientTokenId = 403,
    /// The session token has expired.
    ExpiredTokenException = 400,
}

impl ErrorKind {
    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<ErrorKind> {
        ErrorKind::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == name)
    }

    /// The member that holds the message: AWS's protocol layer spells the one of a `SerializationException` with a capital.
    pub(crate) const fn message_member(self) -> &'static str {
        match self {
            ErrorKind::SerializationException => "Message",
            _ => "message",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A refused request, as its sender sees it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{}{}", if message.is_some() { ": " } else { "" }, message.as_deref().unwrap_or_default())]
pub struct ApiError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// What the sender is told about it; some errors of the protocol have none.
    pub message: Option<String>,
}

impl ApiError {
    /// An error that explains itself.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        ApiError {
            kind,
            message: Some(message.into()),
        }
    }

    /// An error of which AWS says no more than its type.
    pub const fn bare(kind: ErrorKind) -> Self {
        ApiError {
            kind,
            message: None,
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        self.kind.status()
    }
}
