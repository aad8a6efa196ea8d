//! What is built is what Kubernetes' own types take, and says what it must.

use anabranch::internal_tls::InternalTlsMode;
use anabranch::standalone::options::LogFormat;
use anabranch_crds::pod_template::TopologySpread;
use anabranch_crds::{ShardPool, ShardPoolSpec};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use super::*;

fn pool() -> ShardPool {
    let mut pool = ShardPool::new("clicks", ShardPoolSpec::default());
    pool.metadata.uid = Some("1".to_owned());
    pool
}

fn pods() -> Pods {
    Pods {
        image: "localhost/anabranch:1".to_owned(),
        image_pull_policy: "Never".to_owned(),
        image_pull_secrets: vec!["registry".to_owned()],
        network_policies: true,
        service_account: "anabranch-shard".to_owned(),
        port: 4569,
        namespace: "streams".to_owned(),
        operator_namespace: "streams".to_owned(),
        account_id: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        encryption_keys_secret: Some("keys".to_owned()),
        log_format: LogFormat::Json,
        internal_tls: None,
        args: vec!["--no-limits".to_owned()],
    }
}

fn set_of(pool: &ShardPool) -> StatefulSet {
    serde_json::from_value(stateful_set(pool, &pods(), 3, "20Gi")).expect("a StatefulSet")
}

#[test]
fn every_object_is_named_after_the_pool_and_goes_with_it() {
    let pool = pool();
    let service: Service = serde_json::from_value(service(&pool, 4569)).expect("a Service");
    let budget: PodDisruptionBudget =
        serde_json::from_value(pod_disruption_budget(&pool, true)).expect("a budget");
    let policy: NetworkPolicy =
        serde_json::from_value(network_policy(&pool, &pods())).expect("a policy");
    for metadata in [
        service.metadata,
        budget.metadata,
        policy.metadata,
        set_of(&pool).metadata,
    ] {
        assert_eq!(metadata.name.as_deref(), Some("clicks-shards"));
        let owners = metadata.owner_references.expect("an owner");
        assert_eq!(
            (owners[0].kind.as_str(), owners[0].name.as_str()),
            ("ShardPool", "clicks")
        );
    }
}

#[test]
fn nobody_is_evicted_while_a_shard_cannot_spare_a_copy() {
    for (can_spare_one, allowed) in [(true, 1), (false, 0)] {
        let budget = pod_disruption_budget(&pool(), can_spare_one);
        assert_eq!(budget["spec"]["maxUnavailable"], allowed);
    }
}

#[test]
fn pods_are_restricted_and_keep_their_disks() {
    let spec = set_of(&pool()).spec;
    assert_eq!(spec.replicas, Some(3));
    let policy = spec
        .persistent_volume_claim_retention_policy
        .expect("a policy");
    assert_eq!(policy.when_deleted.as_deref(), Some("Retain"));
    let pod = spec.template.spec.expect("a pod");
    let of_pod = pod.security_context.expect("a context");
    assert_eq!(of_pod.run_as_non_root, Some(true));
    let container = &pod.containers[0];
    let of_container = container.security_context.as_ref().expect("a context");
    assert_eq!(of_container.read_only_root_filesystem, Some(true));
    assert_eq!(of_container.allow_privilege_escalation, Some(false));
    let pull_secrets = pod.image_pull_secrets.expect("secrets");
    assert_eq!(pull_secrets[0].name, "registry");
    let args = container.args.as_ref().expect("args");
    for wanted in ["shard", "--pod-name=$(POD_NAME)", "--no-limits"] {
        assert!(args.iter().any(|arg| arg == wanted), "{wanted}");
    }
    let mut env = container.env.iter().flatten();
    let format = env.find(|variable| variable.name == "ANABRANCH_LOG_FORMAT");
    assert_eq!(format.and_then(|it| it.value.as_deref()), Some("json"));
}

#[test]
fn the_template_says_how_far_apart_pods_are_kept() {
    for (spread, expected) in [
        (TopologySpread::Preferred, Some("ScheduleAnyway")),
        (TopologySpread::Required, Some("DoNotSchedule")),
        (TopologySpread::Disabled, None),
    ] {
        let mut pool = pool();
        pool.spec.pods.topology_spread = spread;
        let pod = set_of(&pool).spec.template.spec.expect("a pod");
        let first = pod
            .topology_spread_constraints
            .and_then(|all| all.into_iter().next());
        let first = first.map(|constraint| constraint.when_unsatisfiable);
        assert_eq!(first.as_deref(), expected);
    }
}

#[test]
fn pods_that_prove_themselves_have_what_they_prove_it_with() {
    let plain = set_of(&pool());
    let plain = serde_json::to_string(&plain).expect("JSON");
    assert!(!plain.contains("internal-tls"), "{plain}");

    let mut pods = pods();
    pods.internal_tls = Some(MountedTls {
        secret: "between-pods".to_owned(),
        mode: InternalTlsMode::Permissive,
        name: "shard.anabranch".to_owned(),
    });
    let set = stateful_set(&pool(), &pods, 1, "1Gi");
    let set: StatefulSet = serde_json::from_value(set).expect("a StatefulSet");
    let pod = set.spec.template.spec.expect("a pod");
    let volumes = pod.volumes.expect("volumes");
    let secret = volumes.iter().find(|it| it.name == "internal-tls");
    let secret = secret.and_then(|it| it.secret.as_ref()).expect("a Secret");
    assert_eq!(secret.secret_name.as_deref(), Some("between-pods"));
    let (args, mounts) = (&pod.containers[0].args, &pod.containers[0].volume_mounts);
    let mounted = mounts.iter().flatten();
    let mounted = mounted.filter(|it| it.name == "internal-tls");
    let mounted: Vec<_> = mounted.map(|it| it.mount_path.as_str()).collect();
    assert_eq!(mounted, ["/etc/anabranch/internal-tls"]);
    for wanted in [
        "--internal-tls-dir=/etc/anabranch/internal-tls",
        "--internal-tls-mode=permissive",
        "--internal-tls-name=shard.anabranch",
    ] {
        let args = args.as_ref().expect("args");
        assert!(args.iter().any(|arg| arg == wanted), "{wanted}");
    }
}

#[test]
fn an_operator_elsewhere_is_let_in_and_nobody_else_there() {
    let policy = |pods: &Pods| -> NetworkPolicy {
        serde_json::from_value(network_policy(&pool(), pods)).expect("a policy")
    };
    let records = |policy: NetworkPolicy| {
        let rules = policy.spec.and_then(|spec| spec.ingress);
        let first = rules.and_then(|rules| rules.into_iter().next());
        first.and_then(|rule| rule.from).expect("who")
    };
    assert_eq!(records(policy(&pods())).len(), 1);
    let mut pods = pods();
    pods.operator_namespace = "anabranch-system".to_owned();
    let from = records(policy(&pods));
    let [_, operator] = &from[..] else {
        panic!("{from:?}");
    };
    let labels = |selector: &Option<_>| -> Vec<String> {
        let selector: &k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector =
            selector.as_ref().expect("a selector");
        let labels = selector.match_labels.iter().flatten();
        labels
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    };
    let namespace = labels(&operator.namespace_selector);
    assert_eq!(namespace, ["kubernetes.io/metadata.name=anabranch-system"]);
    let component = "app.kubernetes.io/component=operator".to_owned();
    assert!(labels(&operator.pod_selector).contains(&component));
}
