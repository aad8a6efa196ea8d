//! What is said of a stream's autoscaling. Pure.

use anabranch_crds::Time;
use anabranch_crds::condition::{ConditionType, Finding, Reason};
use anabranch_crds::data_stream::AutoscalingStatus;
use anabranch_domain::Timestamp;
use anabranch_domain::autoscale::Hold;

use super::board::Notice;
use super::plan::Decision;

/// By how much the load must change to be told anew: a status is no graph.
const LOAD_STEP: f64 = 0.1;

/// What is said now, given what was said before.
pub(super) fn notice(
    decision: &Decision,
    trouble: Option<&str>,
    memory: Option<String>,
    before: Option<&AutoscalingStatus>,
    now: Timestamp,
) -> Notice {
    Notice {
        findings: vec![
            scaling_limited(decision),
            metrics(decision, trouble),
            hot_key(decision),
        ],
        status: Some(status(decision, memory, before, now)),
    }
}

fn status(
    decision: &Decision,
    memory: Option<String>,
    before: Option<&AutoscalingStatus>,
    now: Timestamp,
) -> AutoscalingStatus {
    let plan = &decision.plan;
    let mut status = before.cloned().unwrap_or_default();
    status.current_shards = plan.open_shards;
    status.recommended_shards = plan.wanted_shards;
    status.memory = memory;
    status.holding = plan.hold.as_ref().map(ToString::to_string);
    // To the minute, since it moves with every look.
    let minute = |at: Timestamp| Timestamp::from_secs(at.as_secs() / 60 * 60);
    status.next_merge_at = plan.next_merge_at.and_then(|at| time(minute(at)));
    let told = status.load.as_deref().and_then(|text| text.parse().ok());
    let is_near = |told: f64| (told - plan.load).abs() <= LOAD_STEP * plan.load.max(1.0);
    if !told.is_some_and(is_near) {
        status.load = Some(format!("{:.1}", plan.load));
    }
    status.throttled = Some(format!("{:.0}%", plan.refused_share * 100.0));
    if let Some(reason) = &decision.reason {
        let text = if decision.is_dry {
            format!("dry run, not carried out: {reason}")
        } else {
            reason.clone()
        };
        // What is decided again and again in a dry run differs in its numbers only.
        if !decision.is_dry || status.last_decision.is_none() {
            status.last_decision = Some(text);
            status.last_decision_at = time(now);
        }
    }
    status
}

fn time(at: Timestamp) -> Option<Time> {
    Time::from_millis(at.as_millis()).ok()
}

fn scaling_limited(decision: &Decision) -> Finding {
    let kind = ConditionType::ScalingLimited;
    match decision.plan.limited_by {
        Some(limit) => Finding::holds(
            kind,
            Reason::LimitReached,
            format!(
                "the load asks for {} shards: {limit}",
                decision.plan.wanted_shards
            ),
        ),
        None => Finding::holds_not(kind, Reason::NothingFound, "nothing limits it"),
    }
}

fn metrics(decision: &Decision, trouble: Option<&str>) -> Finding {
    let kind = ConditionType::MetricsAvailable;
    let unmeasured = decision.plan.unmeasured;
    match trouble {
        Some(trouble) => Finding::holds_not(
            kind,
            Reason::MetricsUnavailable,
            format!("{trouble}; the pods are asked instead: see --prometheus-url"),
        ),
        None if decision.plan.hold == Some(Hold::Unmeasured) => Finding::holds_not(
            kind,
            Reason::MetricsUnavailable,
            format!(
                "Prometheus has no fresh series of {unmeasured} of {} open shards: nothing is merged meanwhile",
                decision.plan.open_shards
            ),
        ),
        None => Finding::holds(kind, Reason::AsWished, "from Prometheus"),
    }
}

fn hot_key(decision: &Decision) -> Finding {
    let kind = ConditionType::HotKey;
    let hot: Vec<_> = decision
        .plan
        .hot_keys
        .iter()
        .map(ToString::to_string)
        .collect();
    if hot.is_empty() {
        Finding::holds_not(kind, Reason::NothingFound, "no key fills a shard")
    } else {
        Finding::holds(kind, Reason::SingleHotKey, hot.join("; "))
    }
}
