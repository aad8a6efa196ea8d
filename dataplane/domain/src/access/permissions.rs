//! What the holder of an access key is allowed: the identity's side of a decision. Only allows: what no rule allows is
//! denied.

use super::{ActionPattern, InvalidActionPattern, InvalidResourcePattern, StreamPattern};

/// A rule that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// It allows nothing, which is a slip.
    #[error("a rule without {0} allows nothing: write '*' to allow all of them")]
    Empty(&'static str),
    /// One of its actions is none.
    #[error(transparent)]
    Action(#[from] InvalidActionPattern),
    /// One of its streams is none.
    #[error(transparent)]
    Stream(#[from] InvalidResourcePattern),
}

/// Some actions on some streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    actions: Vec<ActionPattern>,
    streams: Vec<StreamPattern>,
}

impl Rule {
    /// Reads patterns of actions (`kinesis:Get*`) and of streams (names or ARNs).
    pub fn parse(
        actions: &[impl AsRef<str>],
        streams: &[impl AsRef<str>],
    ) -> Result<Self, InvalidRule> {
        if actions.is_empty() {
            return Err(InvalidRule::Empty("actions"));
        }
        if streams.is_empty() {
            return Err(InvalidRule::Empty("streams"));
        }
        Ok(Self {
            actions: actions
                .iter()
                .map(|text| ActionPattern::parse(text.as_ref()))
                .collect::<Result<_, _>>()?,
            streams: streams
                .iter()
                .map(|text| StreamPattern::parse(text.as_ref()))
                .collect::<Result<_, _>>()?,
        })
    }

    fn allows(&self, action: &str, resource_arn: &str) -> bool {
        self.actions.iter().any(|pattern| pattern.matches(action))
            && self
                .streams
                .iter()
                .any(|pattern| pattern.matches(resource_arn))
    }
}

/// All that an identity is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// `None`: everything, without matching a pattern on the path of every record.
    rules: Option<Vec<Rule>>,
}

impl Permissions {
    /// Every action on every stream.
    pub fn everything() -> Self {
        Self { rules: None }
    }

    /// What at least one of the rules allows; nothing, without rules.
    pub fn from_rules(rules: Vec<Rule>) -> Self {
        Self { rules: Some(rules) }
    }

    /// Whether every action on every stream is allowed, whatever there will be.
    pub fn are_unlimited(&self) -> bool {
        self.rules.is_none()
    }

    /// Whether an action, such as `PutRecord`, on the resource is allowed.
    pub fn allow(&self, action: &str, resource_arn: &str) -> bool {
        match &self.rules {
            None => true,
            Some(rules) => rules.iter().any(|rule| rule.allows(action, resource_arn)),
        }
    }
}
