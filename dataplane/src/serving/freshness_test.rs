//! Who polls, or asks where a shard ends, hears it from whoever leads; where nobody can say, that it may not be the end.

use anabranch_domain::quota::Limits;

use super::serving_test::{appended, connected};
use super::vantage_test::{has_read, replicated};

#[tokio::test]
async fn who_polls_is_sent_to_the_leader_and_counted_there_alone() {
    let mut limits = Limits::unlimited();
    limits.shard.read_calls_per_sec = Some(1);
    let cluster = connected(3, limits, |_, _| true).await;
    let shard = replicated(&cluster).await;
    appended(cluster.append(&shard, &["a"], 1).await);
    let [leader, follower, _] = &shard.replicas[..] else {
        panic!("three replicas")
    };
    cluster
        .logs
        .note_leader(&shard, leader, Some(follower.clone()));
    let batch = cluster.poll(&shard).await.expect("read");
    assert_eq!((batch.len(), batch.may_be_behind), (1, false));
    assert_eq!(cluster.logs.leader_of(&shard).as_ref(), Some(leader));
    let read = |pod: usize, role| has_read(&cluster.registries[pod], role);
    assert!(read(0, "leader") && !read(1, "follower") && !read(2, "follower"));
    cluster
        .logs
        .note_leader(&shard, leader, Some(follower.clone()));
    let again = cluster.poll(&shard).await;
    assert!(again.is_err(), "one call a second, wherever it came in");
    cluster
        .logs
        .note_leader(&shard, leader, Some(follower.clone()));
    let tip = cluster.shards.tip(&cluster.stream, &shard).await;
    assert_eq!(tip.expect("a tip").next_ordinal, 1);
    assert_eq!(cluster.logs.leader_of(&shard).as_ref(), Some(leader));
}

/// The first founder leads, for all that it knows; it cannot ask the others, and they do not lead.
#[tokio::test]
async fn where_nobody_can_say_that_there_is_nothing_more_what_is_there_is_given_and_may_be_behind()
{
    let mut limits = Limits::unlimited();
    limits.shard.read_calls_per_sec = Some(1);
    let cluster = connected(3, limits, |_, _| false).await;
    let shard = replicated(&cluster).await;
    let batch = cluster.poll(&shard).await.expect("not counted but once");
    assert!(batch.is_empty() && batch.is_at_tip());
    assert!(batch.may_be_behind);
    let tip = cluster.shards.tip(&cluster.stream, &shard).await;
    assert_eq!(tip.expect("as far as is known").next_ordinal, 0);
}
