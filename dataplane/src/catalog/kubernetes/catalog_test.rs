//! The catalog against an API server in memory that keeps versions and refuses what was decided on an older one.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use anabranch_crds::labels;
use anabranch_domain::catalog::{Account, Change, IncreaseRetention, ScaleStream};
use anabranch_domain::quota::Limits;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use kube::client::Body;
use serde_json::{Value, json};

use super::objects::{Change as ObjectChange, Event};
use super::*;
use crate::clock::SystemClock;
use crate::entropy::SystemEntropy;

/// Objects by path; the version grows with each write.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    objects: BTreeMap<String, Value>,
    version: u64,
    /// Written before the next patch is looked at, as by somebody else.
    in_between: Option<(String, Value)>,
    patches: usize,
}

impl Server {
    fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        kube::Client::new(service, "streams")
    }

    async fn answer(&self, request: Request<Body>) -> Response<Full<bytes::Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let (status, answer) = self.act(&head.method, head.uri.path(), body);
        let body = serde_json::to_vec(&answer).expect("JSON");
        let mut response = Response::new(Full::new(body.into()));
        *response.status_mut() = status;
        response
    }

    fn act(&self, method: &Method, path: &str, mut body: Value) -> (StatusCode, Value) {
        let mut kept = self.0.lock().expect("no test panics in here");
        let path = path.trim_end_matches("/status").to_owned();
        match *method {
            Method::POST => {
                let name = body["metadata"]["name"].as_str().expect("a name");
                let path = format!("{path}/{name}");
                if kept.objects.contains_key(&path) {
                    return refused(StatusCode::CONFLICT);
                }
                body["metadata"]["uid"] = json!(path);
                (StatusCode::CREATED, kept.put(path, body))
            }
            Method::PATCH => {
                kept.patches += 1;
                if let Some((path, patch)) = kept.in_between.take() {
                    kept.patch(path, &patch);
                }
                let Some(object) = kept.objects.get(&path) else {
                    return refused(StatusCode::NOT_FOUND);
                };
                let wanted = &body["metadata"]["resourceVersion"];
                if !wanted.is_null() && *wanted != object["metadata"]["resourceVersion"] {
                    return refused(StatusCode::CONFLICT);
                }
                (StatusCode::OK, kept.patch(path, &body))
            }
            Method::GET => match kept.objects.get(&path) {
                Some(object) => (StatusCode::OK, object.clone()),
                None => refused(StatusCode::NOT_FOUND),
            },
            Method::DELETE => match kept.objects.remove(&path) {
                Some(object) => (StatusCode::OK, object),
                None => refused(StatusCode::NOT_FOUND),
            },
            _ => refused(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    fn object(&self, path: &str) -> Value {
        let kept = self.0.lock().expect("no test panics in here");
        kept.objects.get(path).cloned().unwrap_or_default()
    }
}

impl Kept {
    fn put(&mut self, path: String, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.objects.insert(path, object.clone());
        object
    }

    fn patch(&mut self, path: String, change: &Value) -> Value {
        let mut object = self.objects[&path].clone();
        merge(&mut object, change);
        self.put(path, object)
    }
}

fn refused(status: StatusCode) -> (StatusCode, Value) {
    let body = json!({ "kind": "Status", "apiVersion": "v1", "code": status.as_u16(), "status": "Failure",
        "message": status.to_string(), "reason": "Refused" });
    (status, body)
}

fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (name, value) in fields {
        if value.is_null() {
            object.as_object_mut().expect("an object").remove(name);
        } else {
            merge(&mut object[name], value);
        }
    }
}

const STREAMS: &str = "/apis/anabranch.dev/v1alpha1/namespaces/streams/datastreams";
const SHARDS: &str = "/apis/anabranch.dev/v1alpha1/namespaces/streams/shards";

fn catalog(server: &Server, role: Role) -> KubernetesCatalog {
    let account = Account::new(
        "000000000000".parse().expect("an account"),
        "us-east-1".parse().expect("a region"),
    );
    let place = Place {
        namespace: "streams".to_owned(),
        role,
        new_streams: NewStreams::default(),
    };
    let clock = Arc::new(SystemClock);
    let limits = Limits::unlimited();
    KubernetesCatalog::new(server.client(), place, clock, account, limits)
}

/// As if everything was listed now.
fn list(catalog: &KubernetesCatalog, server: &Server) {
    fn all<T: serde::de::DeserializeOwned>(server: &Server, path: &str) -> ObjectChange<T> {
        let kept = server.0.lock().expect("no test panics in here");
        let of_kind = kept.objects.iter().filter(|(of, _)| of.starts_with(path));
        let objects = of_kind.map(|(_, it)| serde_json::from_value(it.clone()).expect("typed"));
        ObjectChange::Replaced {
            objects: objects.collect(),
            unread: BTreeSet::new(),
        }
    }
    let shared = &catalog.shared;
    shared.take(Event::Stream(all(server, STREAMS)));
    shared.take(Event::Shard(all(server, SHARDS)));
    for kind in watching::kinds(shared.place.role) {
        shared.listed(kind);
    }
}

fn wish(server: &Server, metadata: &Value) {
    let mut object = json!({
        "apiVersion": "anabranch.dev/v1alpha1",
        "kind": "DataStream",
        "metadata": { "name": "clicks", "uid": "first", "creationTimestamp": "2023-11-14T22:13:20Z" },
        "spec": { "shards": 2 },
    });
    merge(&mut object["metadata"], metadata);
    let mut kept = server.0.lock().expect("no test panics in here");
    kept.put(format!("{STREAMS}/clicks"), object);
}

/// A stream of two shards, founded.
async fn founded(server: &Server) -> KubernetesCatalog {
    let catalog = catalog(server, Role::Operator);
    list(&catalog, server);
    let entropy = SystemEntropy::new();
    catalog.found("clicks", &entropy).await.expect("founded");
    catalog
}

#[tokio::test]
async fn a_stream_is_held_beside_what_others_hold_it_by() {
    let server = Server::default();
    wish(&server, &json!({ "finalizers": ["backup.example/wait"] }));
    let catalog = founded(&server).await;
    let held = server.object(&format!("{STREAMS}/clicks"));
    assert_eq!(
        held["metadata"]["finalizers"],
        json!(["backup.example/wait", labels::FINALIZER])
    );
    catalog.release("clicks").await.expect("let go");
    let left = server.object(&format!("{STREAMS}/clicks"));
    assert_eq!(
        left["metadata"]["finalizers"],
        json!(["backup.example/wait"])
    );
}

#[tokio::test]
async fn nobody_owns_a_shard_and_it_says_whom_it_was_made_for() {
    let server = Server::default();
    wish(&server, &json!({}));
    founded(&server).await;
    let shard = server.object(&format!("{SHARDS}/clicks-0"));
    assert_eq!(shard["metadata"]["ownerReferences"], Value::Null);
    assert_eq!(shard["metadata"]["annotations"][labels::MADE_FOR], "first");
}

#[tokio::test]
async fn a_change_that_was_decided_on_an_older_object_is_decided_anew() {
    let server = Server::default();
    wish(&server, &json!({}));
    founded(&server).await;
    let path = format!("{STREAMS}/clicks");
    let active = json!({ "status": { "phase": "Active" } });
    server.0.lock().expect("here").patch(path.clone(), &active);
    let gateway = catalog(&server, Role::Gateway);
    list(&gateway, &server);
    let other = json!({ "spec": { "tags": { "team": "shop" } } });
    server.0.lock().expect("here").in_between = Some((path.clone(), other));
    let change = Change::from(IncreaseRetention {
        stream: "clicks".parse().expect("a name"),
        hours: 48,
    });
    // The watch brings what somebody else wrote while the change is begun anew.
    let refused = gateway.commit(change.clone()).await;
    assert!(
        refused.is_err(),
        "nothing brought the newer object: {refused:?}"
    );
    let patches = server.0.lock().expect("here").patches;
    list(&gateway, &server);
    gateway.commit(change).await.expect("on the newest object");
    let spec = &server.object(&path)["spec"];
    assert_eq!(
        (&spec["retention"], &spec["tags"]["team"]),
        (&json!("48h"), &json!("shop"))
    );
    assert!(patches > 1, "it was tried again");
}

#[tokio::test]
async fn a_shard_that_was_placed_stays_where_it_is() {
    let server = Server::default();
    wish(&server, &json!({}));
    let catalog = founded(&server).await;
    let (stream, shard) = (
        "clicks".parse().expect("a name"),
        ShardId::new(0).expect("small"),
    );
    for pod in ["clicks-shards-0", "clicks-shards-1"] {
        let pod = pod.parse().expect("a pod's name");
        let placed = catalog.place(&stream, shard, &[], &[pod]).await;
        placed.expect("placed");
    }
    let placed = server.object(&format!("{SHARDS}/clicks-0"));
    assert_eq!(placed["spec"]["replicas"], json!(["clicks-shards-0"]));
}

#[tokio::test]
async fn a_process_begins_with_what_an_earlier_one_saw_until_everything_is_listed() {
    let server = Server::default();
    wish(&server, &json!({}));
    founded(&server).await;
    let before = catalog(&server, Role::Gateway);
    list(&before, &server);
    let seen = serde_json::to_vec(&before.objects()).expect("JSON");

    let after = catalog(&server, Role::Gateway);
    assert!(!after.is_synced());
    after.begin_with(serde_json::from_slice(&seen).expect("the same"));
    assert!(after.is_synced() && !after.is_listed());
    let streams = |catalog: &KubernetesCatalog| format!("{:?}", catalog.snapshot().streams);
    assert_eq!(streams(&after), streams(&before));
    // What is gone meanwhile goes as soon as the API server says what there is.
    server.0.lock().expect("here").objects.clear();
    list(&after, &server);
    assert!(after.is_listed() && after.snapshot().streams.is_empty());
}

#[tokio::test]
async fn a_stream_whose_objects_make_no_whole_is_not_decided_on() {
    let server = Server::default();
    wish(&server, &json!({}));
    let catalog = founded(&server).await;
    let activated = json!({ "status": { "phase": "Active" } });
    {
        let mut kept = server.0.lock().expect("here");
        kept.patch(format!("{STREAMS}/clicks"), &activated);
        kept.objects.remove(&format!("{SHARDS}/clicks-1"));
    }
    list(&catalog, &server);
    let scale = ScaleStream {
        stream: "clicks".parse().expect("a name"),
        target: 4,
        reason: "a test".to_owned(),
    };
    let refused = catalog.commit(scale.into()).await;
    assert!(
        refused.is_err(),
        "half of its shards are not there: {refused:?}"
    );
}

/// A stream of two shards that was shown, one of whose objects is deleted.
async fn shown_and_deleted(server: &Server) -> (KubernetesCatalog, Value) {
    let catalog = founded(server).await;
    let activated = json!({ "status": { "phase": "Active" } });
    let path = format!("{SHARDS}/clicks-1");
    let before = {
        let mut kept = server.0.lock().expect("here");
        kept.patch(format!("{STREAMS}/clicks"), &activated);
        kept.objects[&path].clone()
    };
    list(&catalog, server);
    server.0.lock().expect("here").objects.remove(&path);
    list(&catalog, server);
    (catalog, before)
}

#[tokio::test]
async fn a_shard_that_its_stream_needs_is_made_again_as_it_was() {
    let server = Server::default();
    wish(&server, &json!({}));
    let (catalog, before) = shown_and_deleted(&server).await;
    let shown = catalog.snapshot();
    let restored = catalog.restore_shards().await.expect("written");
    let expected = Restored {
        stream: "clicks".to_owned(),
        shards: vec!["clicks-1".to_owned()],
    };
    assert_eq!(restored, [expected]);
    let after = server.object(&format!("{SHARDS}/clicks-1"));
    assert_eq!(after["spec"], before["spec"]);
    assert_eq!(after["metadata"]["annotations"][labels::MADE_FOR], "first");
    list(&catalog, &server);
    let name: StreamName = "clicks".parse().expect("a name");
    assert_eq!(
        catalog.snapshot().streams[&name].shards,
        shown.streams[&name].shards
    );
    let again = catalog.restore_shards().await.expect("nothing to write");
    assert_eq!(again, []);
}

#[tokio::test]
async fn nothing_is_made_again_of_a_stream_that_goes_or_is_another() {
    for change in [
        json!({ "metadata": { "deletionTimestamp": "2023-11-15T00:00:00Z" }, "spec": { "deletionPolicy": "Delete" } }),
        json!({ "status": { "streamUid": "00000000000000000000000000000001" } }),
    ] {
        let server = Server::default();
        wish(&server, &json!({}));
        let (catalog, _) = shown_and_deleted(&server).await;
        {
            let mut kept = server.0.lock().expect("here");
            kept.patch(format!("{STREAMS}/clicks"), &change);
        }
        list(&catalog, &server);
        let restored = catalog.restore_shards().await.expect("nothing to write");
        assert_eq!(restored, [], "{change}");
    }
}
