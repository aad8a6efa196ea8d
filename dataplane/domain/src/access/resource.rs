//! The resources that a permission or a statement is about: ARNs with wildcards, or stream names with wildcards.

use super::glob;

/// `arn:aws:kinesis:us-east-1:123456789012:stream/orders` has six parts; the last may have colons of its own.
const ARN_PARTS: usize = 6;

/// A text that can be no pattern of an ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResourcePattern {
    /// Neither `*` nor an ARN of Kinesis.
    #[error(
        "resource '{0}' must be '*' or an ARN such as 'arn:aws:kinesis:us-east-1:123456789012:stream/orders'"
    )]
    NotAnArn(String),
    /// It has a policy variable, which nothing here would replace.
    #[error("resource '{0}' has a policy variable ('${{…}}'), which is not supported")]
    Variable(String),
    /// Not a name either.
    #[error("'{0}' is neither a stream name (with '*' and '?' as wildcards) nor an ARN")]
    NotAStream(String),
}

/// ARNs, with wildcards that do not reach over a colon of the first five parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcePattern {
    /// The parts of the ARN; none if everything is meant.
    parts: Option<[String; ARN_PARTS]>,
}

impl ResourcePattern {
    /// Reads `*` or an ARN of Kinesis with wildcards.
    pub fn parse(text: &str) -> Result<Self, InvalidResourcePattern> {
        if text == "*" {
            return Ok(Self { parts: None });
        }
        if text.contains("${") {
            return Err(InvalidResourcePattern::Variable(text.to_owned()));
        }
        let parts = arn_parts(text)
            .filter(|[arn, _, service, ..]| *arn == "arn" && glob::matches(service, "kinesis"));
        let parts = parts.ok_or_else(|| InvalidResourcePattern::NotAnArn(text.to_owned()))?;
        Ok(Self {
            parts: Some(parts.map(str::to_owned)),
        })
    }

    /// Whether this ARN is one of them.
    pub fn matches(&self, arn: &str) -> bool {
        let Some(patterns) = &self.parts else {
            return true;
        };
        let Some(parts) = arn_parts(arn) else {
            return false;
        };
        patterns
            .iter()
            .zip(parts)
            .all(|(pattern, part)| glob::matches(pattern, part))
    }
}

/// Streams by their ARNs or just by their names, with wildcards; their consumers are meant with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamPattern {
    /// By ARN.
    Arn(ResourcePattern),
    /// By name, in whatever account and region.
    Name(String),
}

impl StreamPattern {
    /// Reads `*`, an ARN or a stream name.
    pub fn parse(text: &str) -> Result<Self, InvalidResourcePattern> {
        if text == "*" || text.starts_with("arn:") {
            return ResourcePattern::parse(text).map(Self::Arn);
        }
        let may_stand_in_a_name = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'*' | b'?')
        };
        if text.is_empty() || text.len() > 128 || !text.bytes().all(may_stand_in_a_name) {
            return Err(InvalidResourcePattern::NotAStream(text.to_owned()));
        }
        Ok(Self::Name(text.to_owned()))
    }

    /// Whether the resource of this ARN, or the stream that it belongs to, is one of them.
    pub fn matches(&self, arn: &str) -> bool {
        match self {
            Self::Arn(pattern) => {
                let stream = arn
                    .split_once("/consumer/")
                    .map_or(arn, |(stream, _)| stream);
                pattern.matches(arn) || pattern.matches(stream)
            }
            Self::Name(pattern) => {
                stream_name(arn).is_some_and(|name| glob::matches(pattern, name))
            }
        }
    }
}

/// The account in an ARN.
pub(super) fn account_of(arn: &str) -> Option<&str> {
    arn_parts(arn).map(|[.., account, _]| account)
}

fn stream_name(arn: &str) -> Option<&str> {
    let [.., resource] = arn_parts(arn)?;
    resource.strip_prefix("stream/")?.split('/').next()
}

fn arn_parts(arn: &str) -> Option<[&str; ARN_PARTS]> {
    let mut parts = arn.splitn(ARN_PARTS, ':');
    let mut next = || parts.next();
    Some([next()?, next()?, next()?, next()?, next()?, next()?])
}
