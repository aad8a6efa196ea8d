//! Subscriptions that follow any replica of a shard: three pods over real sockets, and a gateway.

use std::time::Duration;

use anabranch_domain::catalog::Shard;
use anabranch_domain::quota::Limits;
use anabranch_domain::{PodName, Timestamp};
use prometheus::Registry;
use tokio::time::Instant;

use super::serving_test::{Cluster, appended, connected};
use super::{Freshness, Vantage};
use crate::resharding::Member;
use crate::shard::{ReadFrom, ReadLimits};

fn pods() -> Vec<PodName> {
    let name = |ordinal| format!("pool-{ordinal}").parse().expect("a pod's name");
    (0..3).map(name).collect()
}

/// A shard with a replica on each of three pods; the first one leads.
pub(super) async fn replicated(cluster: &Cluster) -> Shard {
    let shard = Shard {
        replicas: pods(),
        ..Shard::clone(&cluster.shard(0))
    };
    cluster.form(&shard).await;
    shard
}

fn texts(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

/// Appends one record after the other.
async fn put(cluster: &Cluster, shard: &Shard, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let token = 1_000 + u128::from(number);
        let text = number.to_string();
        appended(cluster.append(shard, &[&text], token).await);
    }
}

/// What a subscription is given from the first record on, until there are `count`.
async fn subscribe(
    cluster: &Cluster,
    shard: &Shard,
    vantage: &mut Vantage,
    count: usize,
) -> Vec<String> {
    let limits = ReadLimits {
        records_max: 7,
        bytes_max: 1 << 20,
        horizon: Timestamp::EPOCH,
    };
    let (mut from, mut given) = (ReadFrom::TrimHorizon, Vec::new());
    while given.len() < count {
        let freshness = Freshness::Leading;
        let read = cluster
            .shards
            .follow(vantage, &cluster.stream, shard, from, limits, freshness);
        let batch = read.await.expect("one of them gives it");
        given.extend(batch.records().map(|record| {
            let record = record.expect("whole");
            String::from_utf8(record.data.to_vec()).expect("text")
        }));
        from = ReadFrom::Resume(batch.next);
        if batch.is_empty() {
            let deadline = Instant::now() + Duration::from_secs(5);
            let seen = batch.next.log_index;
            let wait = cluster
                .shards
                .wait_past(vantage, &cluster.stream, shard, seen, deadline);
            wait.await;
        }
    }
    given
}

/// Whether a pod read anything for somebody, being `role` to the shard.
pub(super) fn has_read(registry: &Registry, role: &str) -> bool {
    let families = registry.gather();
    let mut reads = families
        .iter()
        .filter(|family| family.name() == "anabranch_replica_reads_total")
        .flat_map(prometheus::proto::MetricFamily::get_metric);
    reads.any(|one| one.get_label().iter().any(|label| label.value() == role))
}

#[tokio::test]
async fn three_subscriptions_follow_three_replicas_while_records_come_and_none_lacks_or_repeats_any()
 {
    let cluster = connected(3, Limits::unlimited(), |_, _| true).await;
    let shard = replicated(&cluster).await;
    let subscriptions = (0..3).map(|turn| {
        let (cluster, shard) = (&cluster, &shard);
        async move {
            let mut vantage = Vantage::among(&shard.replicas, turn, 0, Instant::now());
            let given = subscribe(cluster, shard, &mut vantage, 100).await;
            (given, vantage.pod().cloned())
        }
    });
    let subscriptions = futures_util::future::join_all(subscriptions);
    let (given, ()) = tokio::join!(subscriptions, put(&cluster, &shard, 0..100));
    for ((given, at), pod) in given.into_iter().zip(pods()) {
        assert_eq!(given, texts(0..100));
        assert_eq!(at, Some(pod));
    }
    let read = |pod: usize, role| has_read(&cluster.registries[pod], role);
    assert!(read(0, "leader") && !read(0, "follower"));
    assert!(read(1, "follower") && !read(1, "leader"));
    assert!(read(2, "follower") && !read(2, "leader"));
}

#[tokio::test]
async fn a_replica_that_hears_nothing_of_the_leader_is_left_and_what_it_lacks_is_given_by_another()
{
    // Nobody finds the third.
    let cluster = connected(3, Limits::unlimited(), |_, to| to != 2).await;
    let shard = replicated(&cluster).await;
    put(&cluster, &shard, 0..10).await;
    let tip = cluster.shards.tip(&cluster.stream, &shard).await;
    let end = tip.expect("a tip").end_index;
    let mut vantage = Vantage::among(&shard.replicas, 2, end, Instant::now());
    assert_eq!(vantage.pod(), pods().last());
    let given = subscribe(&cluster, &shard, &mut vantage, 10).await;
    assert_eq!(given, texts(0..10));
    assert_eq!(vantage.pod(), pods().first());
    assert!(!has_read(&cluster.registries[2], "follower"));
}

#[tokio::test]
async fn a_subscription_goes_on_when_its_replica_is_moved_away() {
    let cluster = connected(3, Limits::unlimited(), |_, _| true).await;
    let shard = replicated(&cluster).await;
    put(&cluster, &shard, 0..10).await;
    let mut vantage = Vantage::among(&shard.replicas, 1, 0, Instant::now());
    let given = subscribe(&cluster, &shard, &mut vantage, 10).await;
    assert_eq!((given, vantage.pod()), (texts(0..10), pods().get(1)));
    let member = Member::of(&cluster.stream, &shard);
    cluster
        .logs
        .remove(member, &pods()[1])
        .await
        .expect("removed");
    let (given, ()) = tokio::join!(
        subscribe(&cluster, &shard, &mut vantage, 20),
        put(&cluster, &shard, 10..20)
    );
    assert_eq!((given, vantage.pod()), (texts(0..20), pods().get(2)));
}
