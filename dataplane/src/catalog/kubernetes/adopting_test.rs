//! What is taken over, and what is not.

use anabranch_crds::DataStream;
use serde_json::json;

use super::super::objects::{Change, Event};
use super::*;

fn stream(uid: &str) -> DataStream {
    let spec = serde_json::from_value(json!({ "shards": 1 })).expect("a spec");
    let mut stream = DataStream::new("clicks", spec);
    stream.metadata.uid = Some(uid.to_owned());
    stream.metadata.resource_version = Some("9".to_owned());
    stream
}

/// A shard of the first life, `made-for-1`.
fn shard(index: u32, range: (&str, &str), parents: &[u32], epoch: u64) -> ShardObject {
    let id = |index: &u32| format!("shardId-{index:012}");
    let spec = json!({
        "stream": "clicks", "streamName": "clicks", "streamUid": format!("{:032x}", 7),
        "shardId": id(&index), "uid": format!("{:032x}", index + 1),
        "created": "2023-11-14T22:13:20.000Z", "epoch": epoch, "pool": "clicks",
        "parents": parents.iter().map(id).collect::<Vec<_>>(),
        "hashKeyRange": { "start": range.0, "end": range.1 },
        "replicas": ["clicks-shards-0"],
    });
    let name = format!("clicks-{index}");
    let mut shard = ShardObject::new(&name, serde_json::from_value(spec).expect("a spec"));
    let made_for = (labels::MADE_FOR.to_owned(), "1".to_owned());
    shard.metadata.annotations = Some([made_for].into());
    shard.metadata.uid = Some(name);
    shard.metadata.resource_version = Some("8".to_owned());
    shard
}

const ALL: (&str, &str) = ("0", "340282366920938463463374607431768211455");
const LOW: (&str, &str) = ("0", "170141183460469231731687303715884105727");
const HIGH: (&str, &str) = (
    "170141183460469231731687303715884105728",
    "340282366920938463463374607431768211455",
);

fn view(stream: DataStream, shards: Vec<ShardObject>) -> View {
    let mut view = View::default();
    let stream = Change::Applied(Box::new(stream));
    view.objects.take(Event::Stream(stream));
    for shard in shards {
        let shard = Change::Applied(Box::new(shard));
        view.objects.take(Event::Shard(shard));
    }
    view
}

fn adopted(view: &View) -> Result<Vec<Write>, String> {
    let account = Account::new(
        "000000000000".parse().expect("an account"),
        "us-east-1".parse().expect("a region"),
    );
    let shards = view.objects.shards_of("clicks");
    let seen = shards.map(|it| projection::shard(it).expect("readable").uid);
    let object = view.objects.streams["clicks"].clone();
    adoption(view, &object, &seen.collect(), &account)
}

fn status(writes: &[Write]) -> serde_json::Value {
    match &writes.last().expect("some").verb {
        Verb::PatchStatus(body) => body["status"].clone(),
        verb => panic!("{verb:?} is no status"),
    }
}

#[test]
fn a_stream_that_comes_back_gets_its_identity_and_its_shards() {
    let view = view(
        stream("2"),
        vec![shard(0, LOW, &[], 0), shard(1, HIGH, &[], 0)],
    );
    let object = view.objects.streams["clicks"].clone();
    assert_eq!(retained_by(&view, &object).len(), 2);
    let status = status(&adopted(&view).expect("it fits"));
    assert_eq!(status["streamUid"], format!("{:032x}", 7));
    assert_eq!(status["phase"], "Active");
    assert_eq!(status["shards"]["open"], 2);
    assert_eq!(status["nextShard"], 2);
}

#[test]
fn shards_that_were_begun_for_the_object_itself_are_no_records_of_an_earlier_life() {
    let view = view(stream("1"), vec![shard(0, ALL, &[], 0)]);
    let object = view.objects.streams["clicks"].clone();
    assert!(retained_by(&view, &object).is_empty());
}

#[test]
fn shards_that_leave_a_hash_key_out_are_not_taken_over() {
    let view = view(stream("2"), vec![shard(0, LOW, &[], 0)]);
    let refused = adopted(&view).expect_err("half of the keys are missing");
    assert!(refused.contains("do not cover the hash keys"), "{refused}");
}

#[test]
fn a_split_that_was_under_way_is_gone_on_with() {
    let shards = vec![
        shard(0, ALL, &[], 0),
        shard(1, LOW, &[0], 1),
        shard(2, HIGH, &[0], 1),
    ];
    let view = view(stream("2"), shards);
    let writes = adopted(&view).expect("it fits");
    let reshard = writes.iter().find(|write| write.kind == Kind::Reshard);
    let Some(Write {
        verb: Verb::Create(body),
        ..
    }) = reshard
    else {
        panic!("no reshard: {writes:?}");
    };
    assert_eq!(body["spec"]["split"]["shardId"], "shardId-000000000000");
    assert_eq!(body["spec"]["split"]["hashKey"], HIGH.0);
    assert_eq!(status(&writes)["epoch"], 1);
}
