//! Tables of who may do what, the texts of refusals, and laws that hold for every policy.

use proptest::prelude::*;

use super::*;
use crate::AccountId;

const STREAM: &str = "arn:aws:kinesis:us-east-1:111122223333:stream/orders";
const CONSUMER: &str =
    "arn:aws:kinesis:us-east-1:111122223333:stream/orders/consumer/billing:1700000000";

fn account(text: &str) -> AccountId {
    text.parse().expect("twelve digits")
}

/// `owner` is of the account that the stream belongs to.
fn owner(permissions: Permissions) -> Caller {
    Caller::user(account("111122223333"), "alice", permissions).expect("a user name")
}

fn stranger(permissions: Permissions) -> Caller {
    Caller::user(account("444455556666"), "mallory", permissions).expect("a user name")
}

fn rules(rules: &[(&[&str], &[&str])]) -> Permissions {
    let rules = rules
        .iter()
        .map(|(actions, streams)| Rule::parse(actions, streams).expect("a rule"));
    Permissions::from_rules(rules.collect())
}

fn nothing() -> Permissions {
    Permissions::from_rules(Vec::new())
}

fn policy(statements: &str) -> ResourcePolicy {
    ResourcePolicy::parse(&format!(
        r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#
    ))
    .expect("a policy")
}

fn statement(effect: &str, principal: &str, action: &str) -> String {
    format!(
        r#"{{"Sid": "s", "Effect": "{effect}", "Principal": {principal}, "Action": "{action}", "Resource": "{STREAM}"}}"#
    )
}

fn reason(caller: &Caller, action: &str, policy: Option<&ResourcePolicy>) -> Option<DenialReason> {
    decide(caller, action, STREAM, policy)
        .err()
        .map(|denial| denial.reason)
}

#[test]
fn a_key_without_rules_may_do_nothing_and_one_without_limits_everything() {
    assert!(decide(&owner(Permissions::everything()), "PutRecord", STREAM, None).is_ok());
    assert!(
        decide(
            &owner(Permissions::everything()),
            "ListStreams",
            EVERY_RESOURCE,
            None
        )
        .is_ok()
    );
    assert_eq!(
        reason(&owner(nothing()), "PutRecord", None),
        Some(DenialReason::NoIdentityPolicy)
    );
    assert!(
        decide(
            &Caller::root(account("111122223333")),
            "DeleteStream",
            STREAM,
            None
        )
        .is_ok()
    );
}

#[test]
fn only_who_is_allowed_everything_in_an_account_needs_no_decision() {
    let ours = account("111122223333");
    assert!(owner(Permissions::everything()).is_unlimited_in(ours));
    assert!(Caller::root(ours).is_unlimited_in(ours));
    assert!(!owner(rules(&[(&["*"], &["*"])])).is_unlimited_in(ours));
    assert!(!stranger(Permissions::everything()).is_unlimited_in(ours));
}

#[test]
fn a_rule_is_about_its_actions_on_its_streams() {
    let table = [
        ("kinesis:PutRecord", "orders", "PutRecord", STREAM, true),
        ("kinesis:PutRecord", "orders", "PutRecords", STREAM, false),
        ("kinesis:PutRecord*", "orders", "PutRecords", STREAM, true),
        ("KINESIS:putrecord", "orders", "PutRecord", STREAM, true),
        ("kinesis:*", "*", "DeleteStream", STREAM, true),
        ("*", "*", "ListStreams", EVERY_RESOURCE, true),
        ("*", "orders", "ListStreams", EVERY_RESOURCE, false),
        ("*", "order", "PutRecord", STREAM, false),
        ("*", "ord?rs", "PutRecord", STREAM, true),
        ("*", "Orders", "PutRecord", STREAM, false),
        ("*", "orders", "SubscribeToShard", CONSUMER, true),
        ("*", STREAM, "SubscribeToShard", CONSUMER, true),
        ("*", CONSUMER, "SubscribeToShard", CONSUMER, true),
        ("*", CONSUMER, "GetRecords", STREAM, false),
        (
            "*",
            "arn:aws:kinesis:*:*:stream/ord*",
            "PutRecord",
            STREAM,
            true,
        ),
        // A star of the region reaches no further than the region.
        (
            "*",
            "arn:aws:kinesis:*:stream/orders:x",
            "PutRecord",
            STREAM,
            false,
        ),
        (
            "*",
            "arn:aws:kinesis:us-east-1:444455556666:stream/orders",
            "PutRecord",
            STREAM,
            false,
        ),
    ];
    for (action_pattern, stream_pattern, action, resource, expected) in table {
        let permissions = Rule::parse(&[action_pattern], &[stream_pattern])
            .map(|rule| Permissions::from_rules(vec![rule]));
        let allowed = permissions.is_ok_and(|permissions| permissions.allow(action, resource));
        assert_eq!(
            allowed, expected,
            "{action_pattern} on {stream_pattern}: {action} on {resource}"
        );
    }
}

#[test]
fn rules_that_are_slips_are_refused_with_what_to_write() {
    let error = |actions: &[&str], streams: &[&str]| {
        Rule::parse(actions, streams)
            .expect_err("a slip")
            .to_string()
    };
    assert_eq!(
        error(&[], &["*"]),
        "a rule without actions allows nothing: write '*' to allow all of them"
    );
    assert_eq!(
        error(&["*"], &[]),
        "a rule without streams allows nothing: write '*' to allow all of them"
    );
    assert_eq!(
        error(&["PutRecord"], &["*"]),
        "action 'PutRecord' must be '*' or begin with 'kinesis:', such as 'kinesis:PutRecord' or 'kinesis:Get*'"
    );
    assert_eq!(
        error(&["*"], &["my stream"]),
        "'my stream' is neither a stream name (with '*' and '?' as wildcards) nor an ARN"
    );
    assert_eq!(
        error(&["*"], &["arn:aws:s3:::bucket"]),
        "resource 'arn:aws:s3:::bucket' must be '*' or an ARN such as \
         'arn:aws:kinesis:us-east-1:123456789012:stream/orders'"
    );
}

#[test]
fn permission_and_policy_together_decide() {
    use DenialReason::{ExplicitDeny, NoIdentityPolicy, NoResourcePolicy};
    let everything = Permissions::everything;
    let (alice, mallory) = (
        r#"{"AWS": "arn:aws:iam::111122223333:user/alice"}"#,
        r#"{"AWS": "arn:aws:iam::444455556666:user/mallory"}"#,
    );
    let (own_account, other_account) = (
        r#"{"AWS": "111122223333"}"#,
        r#"{"AWS": ["arn:aws:iam::444455556666:root"]}"#,
    );
    let table = [
        // In its own account the caller needs one allow …
        (owner(everything()), None, None),
        (owner(nothing()), Some(("Allow", alice)), None),
        (owner(nothing()), Some(("Allow", r#""*""#)), None),
        (owner(nothing()), Some(("Allow", r#"{"AWS": "*"}"#)), None),
        // … and an allow for the account lets the account's permissions decide.
        (
            owner(nothing()),
            Some(("Allow", own_account)),
            Some(NoIdentityPolicy),
        ),
        (
            owner(nothing()),
            Some(("Allow", mallory)),
            Some(NoIdentityPolicy),
        ),
        (owner(everything()), Some(("Allow", mallory)), None),
        // From another account it needs both.
        (stranger(everything()), None, Some(NoResourcePolicy)),
        (
            stranger(everything()),
            Some(("Allow", alice)),
            Some(NoResourcePolicy),
        ),
        (stranger(everything()), Some(("Allow", mallory)), None),
        (stranger(everything()), Some(("Allow", other_account)), None),
        (stranger(everything()), Some(("Allow", r#""*""#)), None),
        (
            stranger(nothing()),
            Some(("Allow", mallory)),
            Some(NoIdentityPolicy),
        ),
        // A deny wins over everything.
        (
            owner(everything()),
            Some(("Deny", alice)),
            Some(ExplicitDeny),
        ),
        (
            owner(everything()),
            Some(("Deny", own_account)),
            Some(ExplicitDeny),
        ),
        (
            owner(everything()),
            Some(("Deny", r#""*""#)),
            Some(ExplicitDeny),
        ),
        (owner(everything()), Some(("Deny", other_account)), None),
        (
            Caller::root(account("111122223333")),
            Some(("Deny", own_account)),
            Some(ExplicitDeny),
        ),
        // A service is nobody who can call.
        (
            stranger(everything()),
            Some(("Allow", r#"{"Service": "logs.amazonaws.com"}"#)),
            Some(NoResourcePolicy),
        ),
    ];
    for (caller, statement_parts, expected) in table {
        let policy = statement_parts
            .map(|(effect, principal)| policy(&statement(effect, principal, "kinesis:Put*")));
        assert_eq!(
            reason(&caller, "PutRecord", policy.as_ref()),
            expected,
            "{caller:?} {statement_parts:?}"
        );
    }
}

#[test]
fn a_deny_wins_wherever_it_stands() {
    let allow = statement("Allow", r#""*""#, "*");
    let deny = statement("Deny", r#""*""#, "kinesis:PutRecord");
    for order in [format!("{allow}, {deny}"), format!("{deny}, {allow}")] {
        let policy = policy(&order);
        let caller = owner(Permissions::everything());
        assert_eq!(
            reason(&caller, "PutRecord", Some(&policy)),
            Some(DenialReason::ExplicitDeny)
        );
        assert_eq!(reason(&caller, "GetRecords", Some(&policy)), None);
    }
}

#[test]
fn a_statement_without_resources_is_about_the_resource_it_belongs_to() {
    let policy =
        policy(r#"{"Effect": "Allow", "Principal": "*", "Action": ["kinesis:GetRecords"]}"#);
    assert_eq!(
        reason(
            &stranger(Permissions::everything()),
            "GetRecords",
            Some(&policy)
        ),
        None
    );
}

#[test]
fn conditions_about_the_caller_are_enforced() {
    let table = [
        (
            r#"{"StringEquals": {"aws:PrincipalAccount": "111122223333"}}"#,
            true,
        ),
        (
            r#"{"StringEquals": {"AWS:principalaccount": ["1", "2"]}}"#,
            false,
        ),
        (
            r#"{"StringNotEquals": {"aws:PrincipalAccount": ["1", "2"]}}"#,
            true,
        ),
        (
            r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/a*"}}"#,
            true,
        ),
        (
            r#"{"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/a*"}}"#,
            false,
        ),
        (
            r#"{"StringLike": {"aws:PrincipalArn": "*alice"}, "StringEquals": {"aws:PrincipalAccount": "1"}}"#,
            false,
        ),
    ];
    for (condition, expected) in table {
        let policy = policy(&format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "kinesis:*", "Resource": "*", "Condition": {condition}}}"#
        ));
        let allowed = reason(&owner(nothing()), "GetRecords", Some(&policy)).is_none();
        assert_eq!(allowed, expected, "{condition}");
    }
}

#[test]
fn policies_that_cannot_be_enforced_are_refused_with_the_reason() {
    let base = r#""Effect": "Allow", "Principal": "*", "Action": "kinesis:*", "Resource": "*""#;
    let table = [
        (
            format!(r#"{base}, "Condition": {{"IpAddress": {{"aws:SourceIp": "10.0.0.0/8"}}}}"#),
            "statement 1: condition operator 'IpAddress' is not supported; supported are StringEquals, \
             StringNotEquals, StringLike, StringNotLike, ArnEquals, ArnNotEquals, ArnLike, ArnNotLike",
        ),
        (
            format!(r#"{base}, "Condition": {{"StringEquals": {{"aws:SourceVpc": "v"}}}}"#),
            "statement 1: condition key 'aws:SourceVpc' is not supported; supported are aws:PrincipalArn, \
             aws:PrincipalAccount",
        ),
        (
            r#""Sid": "a", "Effect": "Allow", "NotPrincipal": "*", "Action": "*""#.to_owned(),
            "statement 1 ('a') uses NotPrincipal, which is not supported: write an explicit Deny instead",
        ),
        (r#""Effect": "Allow", "Action": "*""#.to_owned(), "statement 1 has no Principal"),
        (r#""Effect": "Allow", "Principal": {}, "Action": "*""#.to_owned(), "statement 1 has no Principal"),
        (r#""Effect": "Allow", "Principal": "*""#.to_owned(), "statement 1 has no Action"),
        (
            r#""Effect": "Allow", "Principal": {"Aws": "*"}, "Action": "*""#.to_owned(),
            "statement 1 has principals of kind 'Aws'; there are AWS, Service, Federated and CanonicalUser",
        ),
        (
            r#""Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}, "Action": "*""#.to_owned(),
            "statement 1: principal 'arn:aws:iam::111122223333:user/*' has a wildcard inside; only '*' alone is allowed",
        ),
        (
            r#""Effect": "Allow", "Principal": "*", "Action": "s3:*""#.to_owned(),
            "statement 1: action 's3:*' must be '*' or begin with 'kinesis:', such as 'kinesis:PutRecord' or \
             'kinesis:Get*'",
        ),
        (
            r#""Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "arn:aws:kinesis:r:1:stream/${x}""#.to_owned(),
            "statement 1: resource 'arn:aws:kinesis:r:1:stream/${x}' has a policy variable ('${…}'), which is not \
             supported",
        ),
    ];
    for (body, expected) in table {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": {{{body}}}}}"#);
        assert_eq!(
            ResourcePolicy::parse(&text).expect_err(&text).to_string(),
            expected
        );
    }
}

#[test]
fn texts_that_are_no_policies_are_refused_with_their_place() {
    let error = |text: &str| ResourcePolicy::parse(text).expect_err(text).to_string();
    assert_eq!(
        error("{}"),
        "the policy is not valid: missing field `Statement` at line 1 column 2"
    );
    assert_eq!(
        error(r#"{"Version": "2013", "Statement": []}"#),
        "policy version '2013' does not exist: write \"Version\": \"2012-10-17\""
    );
    assert!(
        error(r#"{"Statement": [{"Effect": "Maybe"}]}"#)
            .contains("unknown variant `Maybe`, expected `Allow` or `Deny`")
    );
    assert!(
        error(r#"{"Statement": 7}"#).contains("expected one value or a list of them at line 1")
    );
    assert!(error(r#"{"Statement": [], "Foo": 1}"#).contains("unknown field `Foo`"));
    assert_eq!(
        error(&" ".repeat(20_481)),
        "the policy has 20481 bytes; the limit is 20480"
    );
}

#[test]
fn refusals_are_told_in_awss_words() {
    let message = |caller: &Caller, policy: Option<&ResourcePolicy>| {
        decide(caller, "PutRecord", STREAM, policy)
            .expect_err("refused")
            .to_string()
    };
    assert_eq!(
        message(&owner(nothing()), None),
        "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kinesis:PutRecord on resource: \
         arn:aws:kinesis:us-east-1:111122223333:stream/orders because no identity-based policy allows the \
         kinesis:PutRecord action"
    );
    assert_eq!(
        message(&stranger(Permissions::everything()), None),
        "User: arn:aws:iam::444455556666:user/mallory is not authorized to perform: kinesis:PutRecord on resource: \
         arn:aws:kinesis:us-east-1:111122223333:stream/orders because no resource-based policy allows the \
         kinesis:PutRecord action"
    );
    assert_eq!(
        message(
            &owner(nothing()),
            Some(&policy(&statement("Deny", r#""*""#, "*")))
        ),
        "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kinesis:PutRecord on resource: \
         arn:aws:kinesis:us-east-1:111122223333:stream/orders with an explicit deny in a resource-based policy"
    );
}

#[test]
fn user_names_are_iams() {
    assert!(Caller::user(account("111122223333"), "a+=,.@_-Z9", nothing()).is_ok());
    for name in ["", "a b", "a/b", "é", &"a".repeat(65)] {
        assert!(
            Caller::user(account("111122223333"), name, nothing()).is_err(),
            "{name}"
        );
    }
}

/// Wildcards as their definition reads, exponential and all.
fn matches_by_definition(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => {
            (0..=text.len()).any(|skipped| matches_by_definition(rest, &text[skipped..]))
        }
        ([wanted, rest @ ..], [found, others @ ..]) => {
            (*wanted == '?' || wanted == found) && matches_by_definition(rest, others)
        }
        _ => false,
    }
}

fn any_statement() -> impl Strategy<Value = String> {
    let principal = prop::sample::select(vec![
        r#""*""#,
        r#"{"AWS": "111122223333"}"#,
        r#"{"AWS": "arn:aws:iam::111122223333:user/alice"}"#,
        r#"{"AWS": ["444455556666", "arn:aws:iam::444455556666:user/mallory"]}"#,
    ]);
    let effect = prop::sample::select(vec!["Allow", "Deny"]);
    let action = prop::sample::select(vec![
        "*",
        "kinesis:Put*",
        "kinesis:PutRecord",
        "kinesis:Get*",
    ]);
    (effect, principal, action)
        .prop_map(|(effect, principal, action)| statement(effect, principal, action))
}

proptest! {
    #[test]
    fn wildcards_match_as_they_are_defined(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
        let by_definition =
            matches_by_definition(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
        prop_assert_eq!(glob::matches(&pattern, &text), by_definition);
    }

    #[test]
    fn no_statement_can_take_back_a_deny(statements in prop::collection::vec(any_statement(), 0..5), at in 0_usize..6) {
        let mut statements = statements;
        statements.insert(at.min(statements.len()), statement("Deny", r#""*""#, "*"));
        let policy = policy(&statements.join(","));
        for caller in [owner(Permissions::everything()), stranger(Permissions::everything())] {
            prop_assert_eq!(reason(&caller, "PutRecord", Some(&policy)), Some(DenialReason::ExplicitDeny));
        }
    }

    #[test]
    fn a_further_allow_never_takes_a_right_away(statements in prop::collection::vec(any_statement(), 0..5)) {
        let before = policy(&statements.join(","));
        let further = [&statements[..], &[statement("Allow", r#""*""#, "*")]].concat();
        let after = policy(&further.join(","));
        for caller in [owner(nothing()), owner(Permissions::everything()), stranger(Permissions::everything())] {
            if reason(&caller, "PutRecord", Some(&before)).is_none() {
                prop_assert_eq!(reason(&caller, "PutRecord", Some(&after)), None);
            }
        }
    }

    #[test]
    fn another_account_needs_both_sides(statements in prop::collection::vec(any_statement(), 0..5)) {
        let policy = policy(&statements.join(","));
        prop_assert!(reason(&stranger(nothing()), "PutRecord", Some(&policy)).is_some());
        prop_assert!(reason(&stranger(Permissions::everything()), "PutRecord", None).is_some());
    }

    #[test]
    fn any_text_is_a_policy_or_refused_without_a_panic(text in r#"[{}\[\]",:*A-Za-z0-9 ]{0,60}"#) {
        let _ = ResourcePolicy::parse(&text);
    }
}

#[test]
fn a_hostile_pattern_does_not_take_forever() {
    let pattern = format!("{}b", "*a".repeat(2000));
    assert!(!glob::matches(&pattern, &"a".repeat(5000)));
}

#[test]
fn rules_of_a_key_add_up() {
    let permissions = rules(&[
        (&["kinesis:Put*"], &["orders"]),
        (&["kinesis:Get*"], &["payments"]),
    ]);
    assert!(permissions.allow("PutRecord", STREAM));
    assert!(!permissions.allow("GetRecords", STREAM));
}
