//! What a manifest wishes of a stream's autoscaling, as the decision has it. Pure.

use std::time::Duration;

use anabranch_crds::data_stream::{
    Autoscaling, AutoscalingStrategy, HotKeyPolicy, ScalingPolicyKind, ScalingRules, SelectPolicy,
};
use anabranch_domain::autoscale::{self, Policy, RatePolicy, RateUnit, Strategy, WriteLimits};
use anabranch_domain::catalog::{Stream, StreamMode};

use super::{on_demand_policy, warm_shards};

/// The policy of `stream`; none where nobody asked for one: a provisioned stream's shards are its owner's.
pub fn policy(wish: Option<&Autoscaling>, stream: &Stream, limits: &WriteLimits) -> Option<Policy> {
    match wish {
        Some(wish) => Some(Policy {
            warm_shards: warm_shards(stream, limits),
            ..of_wish(wish)
        }),
        None => (stream.mode == StreamMode::OnDemand).then(|| on_demand_policy(stream, limits)),
    }
}

fn of_wish(wish: &Autoscaling) -> Policy {
    let mut policy = Policy::new(wish.min_shards, wish.max_shards);
    policy.strategy = match wish.strategy {
        AutoscalingStrategy::Load => Strategy::Load,
        AutoscalingStrategy::AwsOnDemand => Strategy::AwsOnDemand,
    };
    policy.hot_key = match wish.hot_key {
        HotKeyPolicy::Isolate => autoscale::HotKeyPolicy::Isolate,
        HotKeyPolicy::Report => autoscale::HotKeyPolicy::Report,
    };
    policy.target = f64::from(wish.target_utilization_percent) / 100.0;
    if let Some(rules) = &wish.behavior.scale_up {
        policy.scale_up = of_rules(rules, &policy.scale_up);
    }
    if let Some(rules) = &wish.behavior.scale_down {
        policy.scale_down = of_rules(rules, &policy.scale_down);
    }
    policy
}

fn of_rules(rules: &ScalingRules, default: &autoscale::ScalingRules) -> autoscale::ScalingRules {
    let seconds = rules.stabilization_window_seconds;
    let policies = rules.policies.iter().map(|policy| RatePolicy {
        unit: match policy.kind {
            ScalingPolicyKind::Shards => RateUnit::Shards,
            ScalingPolicyKind::Percent => RateUnit::Percent,
        },
        value: policy.value,
        period: Duration::from_secs(policy.period_seconds.into()),
    });
    autoscale::ScalingRules {
        stabilization: seconds.map_or(default.stabilization, |seconds| {
            Duration::from_secs(seconds.into())
        }),
        policies: if rules.policies.is_empty() {
            default.policies.clone()
        } else {
            policies.collect()
        },
        select: match rules.select_policy {
            SelectPolicy::Max => autoscale::SelectPolicy::Max,
            SelectPolicy::Min => autoscale::SelectPolicy::Min,
            SelectPolicy::Disabled => autoscale::SelectPolicy::Disabled,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wish(spec: serde_json::Value) -> Policy {
        of_wish(&serde_json::from_value(spec).expect("a wish"))
    }

    #[test]
    fn what_is_left_out_is_as_it_is_for_everybody() {
        let policy = wish(json!({ "minShards": 2, "maxShards": 9 }));
        assert_eq!(policy, Policy::new(2, 9));
        let windowed = wish(json!({
            "minShards": 2, "maxShards": 9,
            "behavior": { "scaleDown": { "stabilizationWindowSeconds": 60 } }
        }));
        assert_eq!(windowed.scale_down.policies, [Policy::MERGE_RATE]);
        assert_eq!(windowed.scale_down.stabilization, Duration::from_mins(1));
    }

    #[test]
    fn every_wish_arrives() {
        let policy = wish(json!({
            "minShards": 1, "maxShards": 4, "targetUtilizationPercent": 50, "strategy": "AwsOnDemand", "hotKey": "Report",
            "behavior": { "scaleUp": {
                "stabilizationWindowSeconds": 30, "selectPolicy": "Min",
                "policies": [{ "type": "Percent", "value": 100, "periodSeconds": 60 }]
            }, "scaleDown": { "selectPolicy": "Disabled" } }
        }));
        assert_eq!(policy.strategy, Strategy::AwsOnDemand);
        assert_eq!(policy.hot_key, autoscale::HotKeyPolicy::Report);
        assert!((policy.target - 0.5).abs() < f64::EPSILON);
        assert_eq!(policy.scale_up.select, autoscale::SelectPolicy::Min);
        assert_eq!(policy.scale_up.policies[0].unit, RateUnit::Percent);
        assert_eq!(policy.scale_down.select, autoscale::SelectPolicy::Disabled);
    }
}
