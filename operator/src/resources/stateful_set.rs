//! The `StatefulSet` of a pool: its pods and their disks.

use anabranch::internal_tls::InternalTlsMode;
use anabranch::standalone::options::LogFormat;
use anabranch_crds::ShardPool;
use anabranch_crds::pod_template::TopologySpread;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::{metadata, pod_labels, selector, set_name};

/// What all shard pods have in common, whatever their pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pods {
    /// The image.
    pub image: String,
    /// When it is pulled.
    pub image_pull_policy: String,
    /// Secrets that it is pulled with.
    pub image_pull_secrets: Vec<String>,
    /// Whether who may speak to them is limited.
    pub network_policies: bool,
    /// Who they are to the Kubernetes API.
    pub service_account: String,
    /// The port that they answer on.
    pub port: u16,
    /// The namespace.
    pub namespace: String,
    /// The namespace of the operator, which may be another.
    pub operator_namespace: String,
    /// The 12-digit account.
    pub account_id: String,
    /// The region.
    pub region: String,
    /// A Secret with the key file of encryption at rest.
    pub encryption_keys_secret: Option<String>,
    /// How their log lines look.
    pub log_format: LogFormat,
    /// How they prove to each other who they are; none: they do not.
    pub internal_tls: Option<MountedTls>,
    /// More flags.
    pub args: Vec<String>,
}

/// The certificates of TLS between pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountedTls {
    /// A Secret with `tls.crt`, `tls.key` and `ca.crt`.
    pub secret: String,
    /// Who may speak to whom.
    pub mode: InternalTlsMode,
    /// The name in the certificates.
    pub name: String,
}

/// Where the key file is mounted.
const KEYS: &str = "/etc/anabranch/encryption";
/// Where the certificates of TLS between pods are.
const CERTIFICATES: &str = "/etc/anabranch/internal-tls";

/// The pool's `StatefulSet` with `replicas` pods, whose new volumes get `size`. All start at once and are replaced one by one;
/// disks stay when pods or the set go.
pub fn stateful_set(pool: &ShardPool, pods: &Pods, replicas: u32, size: &str) -> Value {
    let name = pool.name_any();
    let template = &pool.spec.pods;
    let mut claim = json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": { "requests": { "storage": size } },
    });
    if let Some(class) = &template.storage.storage_class_name {
        claim["storageClassName"] = Value::from(class.clone());
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(pool),
        "spec": {
            "serviceName": set_name(&name),
            "replicas": replicas,
            "podManagementPolicy": "Parallel",
            "updateStrategy": { "type": "RollingUpdate" },
            "persistentVolumeClaimRetentionPolicy": { "whenDeleted": "Retain", "whenScaled": "Retain" },
            "selector": { "matchLabels": selector(&name) },
            "template": {
                "metadata": { "labels": pod_labels(&name), "annotations": scraped() },
                "spec": pod(pool, pods),
            },
            "volumeClaimTemplates": [{
                "metadata": { "name": "data", "labels": selector(&name) },
                "spec": claim,
            }],
        },
    })
}

/// Where a Prometheus without its operator's kinds finds the metrics.
fn scraped() -> Value {
    json!({
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9567",
        "prometheus.io/path": "/metrics",
    })
}

fn pod(pool: &ShardPool, pods: &Pods) -> Value {
    let template = &pool.spec.pods;
    let mut volumes = vec![json!({ "name": "tmp", "emptyDir": {} })];
    if let Some(secret) = &pods.encryption_keys_secret {
        let secret = json!({ "secretName": secret });
        volumes.push(json!({ "name": "encryption-keys", "secret": secret }));
    }
    if let Some(tls) = &pods.internal_tls {
        let secret = json!({ "secretName": tls.secret, "defaultMode": 0o440 });
        volumes.push(json!({ "name": "internal-tls", "secret": secret }));
    }
    let mut pod = json!({
        "serviceAccountName": pods.service_account,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": { "type": "RuntimeDefault" },
        },
        "containers": [container(pool, pods)],
        "volumes": volumes,
    });
    for (field, value) in [
        ("nodeSelector", json!(template.node_selector)),
        ("tolerations", json!(template.tolerations)),
        ("affinity", json!(template.affinity)),
        ("priorityClassName", json!(template.priority_class_name)),
        ("topologySpreadConstraints", spread(pool)),
        ("imagePullSecrets", pull_secrets(pods)),
    ] {
        let is_empty = value.is_null()
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(serde_json::Map::is_empty);
        if !is_empty {
            pod[field] = value;
        }
    }
    pod
}

fn pull_secrets(pods: &Pods) -> Value {
    let names = pods.image_pull_secrets.iter();
    names.map(|name| json!({ "name": name })).collect()
}

fn spread(pool: &ShardPool) -> Value {
    let unsatisfiable = match pool.spec.pods.topology_spread {
        TopologySpread::Preferred => "ScheduleAnyway",
        TopologySpread::Required => "DoNotSchedule",
        TopologySpread::Disabled => return json!([]),
    };
    let over = |key: &str, unsatisfiable: &str| {
        json!({
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": unsatisfiable,
            "labelSelector": { "matchLabels": selector(&pool.name_any()) },
        })
    };
    json!([
        over("kubernetes.io/hostname", unsatisfiable),
        // Not every cluster has zones.
        over("topology.kubernetes.io/zone", "ScheduleAnyway"),
    ])
}

fn container(pool: &ShardPool, pods: &Pods) -> Value {
    let mut args = vec![
        "shard".to_owned(),
        format!("--listen=0.0.0.0:{}", pods.port),
        "--admin-listen=0.0.0.0:9567".to_owned(),
        "--data-dir=/var/lib/anabranch/data".to_owned(),
        format!("--namespace={}", pods.namespace),
        "--pod-name=$(POD_NAME)".to_owned(),
        format!("--account-id={}", pods.account_id),
        format!("--region={}", pods.region),
        format!("--shard-port={}", pods.port),
    ];
    let mut mounts = vec![
        json!({ "name": "data", "mountPath": "/var/lib/anabranch" }),
        json!({ "name": "tmp", "mountPath": "/tmp" }),
    ];
    if pods.encryption_keys_secret.is_some() {
        args.push(format!("--encryption-keys={KEYS}/encryption-keys.yaml"));
        mounts.push(json!({ "name": "encryption-keys", "mountPath": KEYS, "readOnly": true }));
    }
    if let Some(tls) = &pods.internal_tls {
        args.push(format!("--internal-tls-dir={CERTIFICATES}"));
        args.push(format!("--internal-tls-mode={}", tls.mode));
        args.push(format!("--internal-tls-name={}", tls.name));
        mounts.push(json!({ "name": "internal-tls", "mountPath": CERTIFICATES, "readOnly": true }));
    }
    args.extend(pods.args.iter().cloned());
    let probe = |path: &str| json!({ "path": path, "port": "admin" });
    json!({
        "name": "shard",
        "image": pods.image,
        "imagePullPolicy": pods.image_pull_policy,
        "args": args,
        "env": [
            { "name": "POD_NAME", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
            { "name": "ANABRANCH_LOG_FORMAT", "value": pods.log_format.to_string() },
        ],
        "ports": [
            { "name": "shard", "containerPort": pods.port, "protocol": "TCP" },
            { "name": "admin", "containerPort": 9567, "protocol": "TCP" },
        ],
        // A large write-ahead log takes a while to be read.
        "startupProbe": { "httpGet": probe("/readyz"), "periodSeconds": 1, "failureThreshold": 300 },
        "readinessProbe": { "httpGet": probe("/readyz"), "periodSeconds": 5 },
        "livenessProbe": { "httpGet": probe("/healthz"), "periodSeconds": 10, "failureThreshold": 6 },
        "resources": resources(pool),
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"] },
        },
        "volumeMounts": mounts,
    })
}

fn resources(pool: &ShardPool) -> Value {
    json!(pool.spec.pods.resources)
}
