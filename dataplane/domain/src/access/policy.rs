//! The policy of a resource: parsed once when it is put, asked at every request.

use std::collections::BTreeMap;

use super::condition::{Condition, InvalidCondition};
use super::document::{
    EffectDocument, OneOrMany, PolicyDocument, PrincipalDocument, StatementDocument,
};
use super::principal::{InvalidPrincipal, Match, Principal};
use super::{ActionPattern, Caller, InvalidActionPattern, InvalidResourcePattern, ResourcePattern};

/// The longest policy, in bytes (<https://docs.aws.amazon.com/streams/latest/dev/resource-based-policy-examples.html>: 20 KB).
pub const POLICY_BYTES_MAX: usize = 20 * 1024;

/// Why a text is not a policy that can be enforced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// Too long.
    #[error("the policy has {0} bytes; the limit is {POLICY_BYTES_MAX}")]
    TooLong(usize),
    /// Not JSON, or not of a policy's form.
    #[error("the policy is not valid: {0}")]
    Json(String),
    /// A version of the policy language that there is not.
    #[error("policy version '{0}' does not exist: write \"Version\": \"2012-10-17\"")]
    Version(String),
    /// A statement lacks an element.
    #[error("{statement} has no {element}")]
    Missing {
        /// Which statement.
        statement: StatementName,
        /// What it lacks.
        element: &'static str,
    },
    /// A statement says whom or what it is not about.
    #[error("{statement} uses {element}, which is not supported: write an explicit Deny instead")]
    Negated {
        /// Which statement.
        statement: StatementName,
        /// The element.
        element: &'static str,
    },
    /// A kind of principal that does not exist.
    #[error(
        "{statement} has principals of kind '{kind}'; there are AWS, Service, Federated and CanonicalUser"
    )]
    PrincipalKind {
        /// Which statement.
        statement: StatementName,
        /// The kind.
        kind: String,
    },
    /// A part of a statement is wrong.
    #[error("{statement}: {error}")]
    Part {
        /// Which statement.
        statement: StatementName,
        /// What is wrong.
        error: InvalidPart,
    },
}

/// Which part of a statement is wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPart {
    /// An action.
    #[error(transparent)]
    Action(#[from] InvalidActionPattern),
    /// A resource.
    #[error(transparent)]
    Resource(#[from] InvalidResourcePattern),
    /// A principal.
    #[error(transparent)]
    Principal(#[from] InvalidPrincipal),
    /// A condition.
    #[error(transparent)]
    Condition(#[from] InvalidCondition),
}

/// How a message calls a statement: by its place, and by its `Sid` if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementName {
    number: usize,
    sid: Option<String>,
}

impl std::fmt::Display for StatementName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "statement {}", self.number)?;
        self.sid.iter().try_for_each(|sid| write!(f, " ('{sid}')"))
    }
}

/// What the policy of a resource says of a request, before the caller's own permissions are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Some statement denies it.
    Denied,
    /// Some statement allows it, about the caller in the strongest of these ways.
    Allowed(Match),
    /// No statement is about it.
    Silent,
}

/// A parsed resource policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcePolicy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    effect: EffectDocument,
    principals: Vec<Principal>,
    actions: Vec<ActionPattern>,
    /// None: the resource that the policy belongs to.
    resources: Option<Vec<ResourcePattern>>,
    conditions: Vec<Condition>,
}

impl ResourcePolicy {
    /// Reads a policy's JSON.
    pub fn parse(text: &str) -> Result<Self, InvalidPolicy> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(InvalidPolicy::TooLong(text.len()));
        }
        let document: PolicyDocument =
            serde_json::from_str(text).map_err(|error| InvalidPolicy::Json(error.to_string()))?;
        match document.version.as_deref() {
            None | Some("2012-10-17" | "2008-10-17") => {}
            Some(other) => return Err(InvalidPolicy::Version(other.to_owned())),
        }
        let statements = (1..).zip(document.statement.0).map(|(number, statement)| {
            let name = StatementName {
                number,
                sid: statement.sid.clone(),
            };
            Statement::from_document(&name, statement)
        });
        Ok(Self {
            statements: statements.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn verdict(&self, caller: &Caller, action: &str, resource_arn: &str) -> Verdict {
        let mut verdict = Verdict::Silent;
        for statement in &self.statements {
            let Some(how) = statement.matches(caller, action, resource_arn) else {
                continue;
            };
            verdict = match (statement.effect, verdict) {
                (EffectDocument::Deny, _) => return Verdict::Denied,
                (EffectDocument::Allow, Verdict::Allowed(before)) => {
                    Verdict::Allowed(before.max(how))
                }
                (EffectDocument::Allow, _) => Verdict::Allowed(how),
            };
        }
        verdict
    }
}

impl Statement {
    fn from_document(
        name: &StatementName,
        document: StatementDocument,
    ) -> Result<Self, InvalidPolicy> {
        let negated = [
            ("NotPrincipal", document.not_principal),
            ("NotAction", document.not_action),
            ("NotResource", document.not_resource),
        ];
        if let Some((element, _)) = negated.iter().find(|(_, value)| value.is_some()) {
            return Err(InvalidPolicy::Negated {
                statement: name.clone(),
                element,
            });
        }
        let missing = |element| InvalidPolicy::Missing {
            statement: name.clone(),
            element,
        };
        let part = |error: InvalidPart| InvalidPolicy::Part {
            statement: name.clone(),
            error,
        };
        let principal = document.principal.ok_or_else(|| missing("Principal"))?;
        let actions = document
            .action
            .filter(|list| !list.0.is_empty())
            .ok_or_else(|| missing("Action"))?;
        Ok(Self {
            effect: document.effect,
            principals: principals(name, principal)?,
            actions: parse_all(&actions.0, ActionPattern::parse).map_err(part)?,
            resources: document
                .resource
                .map(|list| parse_all(&list.0, ResourcePattern::parse))
                .transpose()
                .map_err(part)?,
            conditions: conditions(document.condition).map_err(|error| part(error.into()))?,
        })
    }

    fn matches(&self, caller: &Caller, action: &str, resource_arn: &str) -> Option<Match> {
        let how = self
            .principals
            .iter()
            .filter_map(|principal| principal.matches(caller))
            .max()?;
        let is_about_it = self.actions.iter().any(|pattern| pattern.matches(action))
            && self.resources.as_ref().is_none_or(|patterns| {
                patterns.iter().any(|pattern| pattern.matches(resource_arn))
            })
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(caller));
        is_about_it.then_some(how)
    }
}

fn parse_all<T, E: Into<InvalidPart>>(
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, InvalidPart> {
    texts
        .iter()
        .map(|text| parse(text).map_err(Into::into))
        .collect()
}

fn principals(
    name: &StatementName,
    document: PrincipalDocument,
) -> Result<Vec<Principal>, InvalidPolicy> {
    let parse_aws = |text: &String| {
        Principal::parse_aws(text).map_err(|error| InvalidPolicy::Part {
            statement: name.clone(),
            error: error.into(),
        })
    };
    let by_kind = match document {
        PrincipalDocument::Text(text) => return Ok(vec![parse_aws(&text)?]),
        PrincipalDocument::ByKind(by_kind) => by_kind,
    };
    let mut principals = Vec::new();
    for (kind, list) in by_kind {
        match kind.as_str() {
            "AWS" => {
                for text in &list.0 {
                    principals.push(parse_aws(text)?);
                }
            }
            "Service" | "Federated" | "CanonicalUser" => principals.push(Principal::Nobody),
            _ => {
                return Err(InvalidPolicy::PrincipalKind {
                    statement: name.clone(),
                    kind,
                });
            }
        }
    }
    if principals.is_empty() {
        return Err(InvalidPolicy::Missing {
            statement: name.clone(),
            element: "Principal",
        });
    }
    Ok(principals)
}

fn conditions(
    document: BTreeMap<String, BTreeMap<String, OneOrMany<String>>>,
) -> Result<Vec<Condition>, InvalidCondition> {
    let comparisons = document.into_iter().flat_map(|(operator, keys)| {
        keys.into_iter()
            .map(move |(key, values)| Condition::parse(&operator, &key, values.0))
    });
    comparisons.collect()
}
