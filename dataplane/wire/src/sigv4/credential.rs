//! `AKIDEXAMPLE/20150830/us-east-1/kinesis/aws4_request`: who signed, and for which day, region and service.

use super::{AmzDate, ScopeMismatch, SignatureError, TERMINATOR};

/// The region and service a signature must be made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    region: String,
    service: &'static str,
}

impl Scope {
    /// Kinesis in a region.
    pub fn kinesis(region: impl Into<String>) -> Self {
        Self::of_service(region, "kinesis")
    }

    /// Another service, as AWS's published examples have it.
    pub fn of_service(region: impl Into<String>, service: &'static str) -> Self {
        Self {
            region: region.into(),
            service,
        }
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The credential of an access key for this scope on the day of `date`.
    pub(super) fn credential(&self, access_key_id: &str, date: AmzDate) -> String {
        format!(
            "{access_key_id}/{}/{}/{}/{TERMINATOR}",
            date.day(),
            self.region,
            self.service
        )
    }
}

/// A credential, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Credential<'a> {
    /// All of it, without slashes at its end.
    pub(super) text: &'a str,
    pub(super) access_key_id: &'a str,
    pub(super) day: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) terminator: &'a str,
}

impl<'a> Credential<'a> {
    /// Takes a credential apart. Slashes at its end count for nothing, as at AWS.
    pub(super) fn parse(text: &'a str) -> Result<Self, SignatureError> {
        let trimmed = text.trim_end_matches('/');
        let mut words = trimmed.split('/');
        let mut next = || words.next();
        match [next(), next(), next(), next(), next(), next()] {
            [
                Some(access_key_id),
                Some(day),
                Some(region),
                Some(service),
                Some(terminator),
                None,
            ] => Ok(Self {
                text: trimmed,
                access_key_id,
                day,
                region,
                service,
                terminator,
            }),
            _ => Err(SignatureError::CredentialElements {
                found: text.to_owned(),
            }),
        }
    }

    /// What follows the access key: `20150830/us-east-1/kinesis/aws4_request`.
    pub(super) fn scope(&self) -> &'a str {
        &self.text[self.access_key_id.len() + 1..]
    }

    /// Whether it is for this scope, on the day of the request's date.
    pub(super) fn check(&self, scope: &Scope, signed_at: AmzDate) -> Result<(), SignatureError> {
        let mut mismatches = Vec::new();
        if self.region != scope.region {
            mismatches.push(ScopeMismatch::Region {
                found: self.region.to_owned(),
            });
        }
        if self.service != scope.service {
            mismatches.push(ScopeMismatch::Service {
                expected: scope.service,
            });
        }
        if self.terminator != TERMINATOR {
            mismatches.push(ScopeMismatch::Terminator {
                found: self.terminator.to_owned(),
            });
        }
        if self.day != signed_at.day().as_str() {
            mismatches.push(ScopeMismatch::Date {
                found: self.day.to_owned(),
                signed_at,
            });
        }
        if mismatches.is_empty() {
            Ok(())
        } else {
            Err(SignatureError::CredentialScope { mismatches })
        }
    }
}
