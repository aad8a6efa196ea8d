//! Why a request is not authenticated: AWS's error shape and its exact text for each cause.
//! The order in which they are looked for is that of `parse`, then `Verifier::check`, then the caller's look-up, then
//! `Verifier::verify`.

use std::fmt;

use super::AmzDate;
use crate::{ApiError, ErrorKind};

/// A part of the credential scope that is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeMismatch {
    /// Signed for another region.
    Region {
        /// The region in the scope.
        found: String,
    },
    /// Signed for another service.
    Service {
        /// The service that it must be.
        expected: &'static str,
    },
    /// Does not end as every scope does.
    Terminator {
        /// What it ends with.
        found: String,
    },
    /// The day in the scope is not the day of the request's date.
    Date {
        /// The day in the scope.
        found: String,
        /// The date of the request.
        signed_at: AmzDate,
    },
}

impl fmt::Display for ScopeMismatch {
    // The blanks after the full stops are AWS's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region { found } => write!(
                f,
                "Credential should be scoped to a valid region, not '{found}'. "
            ),
            Self::Service { expected } => write!(
                f,
                "Credential should be scoped to correct service: '{expected}'. "
            ),
            Self::Terminator { found } => {
                write!(
                    f,
                    "Credential should be scoped with a valid terminator: 'aws4_request', not '{found}'. "
                )
            }
            Self::Date { found, signed_at } => write!(
                f,
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{found}' != '{}', from '{signed_at}'.",
                signed_at.day()
            ),
        }
    }
}

/// Why a request is not authenticated. `Display` is the text that AWS answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No signature at all.
    #[error("Missing Authentication Token")]
    Missing,
    /// Signed in the header and in the query string.
    #[error(
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
    )]
    HeaderAndQuery,
    /// The `Authorization` header lacks parts.
    #[error("{}Authorization={authorization}", MissingInHeader { parameters, date_missing: *date_missing })]
    IncompleteHeader {
        /// The parameters that it lacks.
        parameters: Vec<&'static str>,
        /// Whether there is no date in the request either.
        date_missing: bool,
        /// The header.
        authorization: String,
    },
    /// The query string lacks parts of a signature.
    #[error(
        "{}Re-examine the query-string parameters.",
        MissingInQuery(parameters)
    )]
    IncompleteQuery {
        /// The parameters that it lacks.
        parameters: Vec<&'static str>,
    },
    /// The date is not one.
    #[error(
        "Date must be in ISO-8601 'basic format'. Got '{found}'. See http://en.wikipedia.org/wiki/ISO_8601"
    )]
    DateFormat {
        /// The text in its place.
        found: String,
    },
    /// The lifetime of a presigned request is not one.
    #[error("X-Amz-Expires must be a number of seconds between 1 and 604800. Got '{found}'.")]
    Expires {
        /// The text in its place.
        found: String,
    },
    /// Signed too long ago.
    #[error(
        "Signature expired: {signed_at} is now earlier than {} ({now} - {}.)",
        now.minus_secs(*lifetime_secs),
        Span(*lifetime_secs)
    )]
    Expired {
        /// When it was signed.
        signed_at: AmzDate,
        /// The time here.
        now: AmzDate,
        /// For how long it would have been good.
        lifetime_secs: u64,
    },
    /// Signed in the future.
    #[error(
        "Signature not yet current: {signed_at} is still later than {} ({now} + {}.)",
        now.plus_secs(*skew_secs),
        Span(*skew_secs)
    )]
    NotYetCurrent {
        /// When it was signed.
        signed_at: AmzDate,
        /// The time here.
        now: AmzDate,
        /// How far clocks may differ.
        skew_secs: u64,
    },
    /// A header that decides what the request means is not covered by the signature.
    #[error("{header} must be a 'SignedHeader' in the AWS Authorization.")]
    HeaderNotSigned {
        /// The header, as AWS writes it, with its quotes.
        header: &'static str,
    },
    /// Not an algorithm we know.
    #[error("Unsupported AWS 'algorithm': '{found}' (only AWS4-HMAC-SHA256 for now). ")]
    Algorithm {
        /// The algorithm named.
        found: String,
    },
    /// The credential is not five words.
    #[error(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{found}'"
    )]
    CredentialElements {
        /// The credential.
        found: String,
    },
    /// The credential is for another place, service or day.
    #[error("{}", Concatenated(mismatches))]
    CredentialScope {
        /// Everything that is wrong with it.
        mismatches: Vec<ScopeMismatch>,
    },
    /// The access key does not exist.
    #[error("The security token included in the request is invalid.")]
    UnknownAccessKey,
    /// The signature is not the one that the secret key makes.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl SignatureError {
    /// The error shape that AWS answers.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing => ErrorKind::MissingAuthenticationTokenException,
            Self::IncompleteHeader { .. }
            | Self::IncompleteQuery { .. }
            | Self::DateFormat { .. }
            | Self::Expires { .. }
            | Self::Algorithm { .. }
            | Self::CredentialElements { .. } => ErrorKind::IncompleteSignatureException,
            Self::HeaderAndQuery
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::HeaderNotSigned { .. }
            | Self::CredentialScope { .. }
            | Self::Mismatch => ErrorKind::InvalidSignatureException,
            Self::UnknownAccessKey => ErrorKind::UnrecognizedClientException,
        }
    }
}

impl From<SignatureError> for ApiError {
    fn from(error: SignatureError) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}

struct MissingInHeader<'a> {
    parameters: &'a [&'static str],
    date_missing: bool,
}

impl fmt::Display for MissingInHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for parameter in self.parameters {
            write!(f, "Authorization header requires '{parameter}' parameter. ")?;
        }
        if self.date_missing {
            f.write_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")?;
        }
        Ok(())
    }
}

struct MissingInQuery<'a>(&'a [&'static str]);

impl fmt::Display for MissingInQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|name| write!(f, "AWS query-string parameters must include '{name}'. "))
    }
}

struct Concatenated<'a>(&'a [ScopeMismatch]);

impl fmt::Display for Concatenated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|mismatch| write!(f, "{mismatch}"))
    }
}

/// `15 min`, or seconds where minutes would lie.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            secs if secs % 60 == 0 => write!(f, "{} min", secs / 60),
            secs => write!(f, "{secs} sec"),
        }
    }
}
