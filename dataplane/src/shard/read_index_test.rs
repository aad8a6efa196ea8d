//! Who may say that there is nothing more: a leader whom a majority still follows, whether its group runs or rests.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use super::{
    replicated_test::{Cluster, PATIENCE, pod},
    *,
};

/// What the replica at `place` says: nothing if it has everything, or who leads instead.
fn confirm(cluster: &Cluster, place: usize) -> Result<(), String> {
    cluster.run(place, |shard| async move {
        match shard.confirm_current().await {
            Ok(()) => Ok(()),
            Err(ReadError::Log(LogError::NotLeader { leader })) => {
                Err(leader.map(|pod| pod.to_string()).unwrap_or_default())
            }
            Err(error) => panic!("{error}"),
        }
    })
}

fn led_by(place: usize) -> Result<(), String> {
    Err(pod(place).to_string())
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(5));
    }
}

fn is_running(cluster: &Cluster, place: usize) -> bool {
    cluster.run(place, |shard| async move { shard.group().is_running() })
}

#[test]
fn the_end_is_confirmed_by_a_leader_whom_a_majority_follows_and_by_nobody_else() {
    let mut cluster = Cluster::new();
    assert_eq!(confirm(&cluster, 0), Ok(()), "nothing was put yet");
    assert_eq!(confirm(&cluster, 1), Err(String::new()), "nor does it lead");
    let first = cluster.append("a");
    cluster.wait_for_all(std::slice::from_ref(&first));
    assert_eq!(confirm(&cluster, 0), Ok(()));
    assert_eq!(confirm(&cluster, 1), led_by(0));

    let heir = cluster.replica(1).node;
    let handed_over = cluster.run(
        0,
        move |shard| async move { shard.hand_over_to(heir).await },
    );
    handed_over.expect("handed over");
    until("the heir leads", || confirm(&cluster, 1) == Ok(()));
    assert_eq!(confirm(&cluster, 0), led_by(1));

    // It leads as before, for all that it knows, and can not know whether others elected another.
    cluster.kill(0);
    cluster.kill(2);
    assert_eq!(confirm(&cluster, 1), Err(String::new()));
    cluster.start(0);
    until("it is followed again", || confirm(&cluster, 1) == Ok(()));

    // After a start, what it had sent out may have been acknowledged without its knowing.
    cluster.kill(0);
    cluster.kill(1);
    cluster.start(1);
    assert_eq!(confirm(&cluster, 1), Err(String::new()));
    cluster.start(0);
    until("one of them was elected", || {
        (0..2).any(|place| confirm(&cluster, place) == Ok(()))
    });
}

#[test]
fn a_leader_that_rests_is_confirmed_and_nobody_is_woken() {
    let limits = ShardLimits {
        idle_after: Duration::from_millis(100),
        ..ShardLimits::default()
    };
    let cluster = Cluster::founded_by(3, limits);
    let first = cluster.append("a");
    cluster.wait_for_all(std::slice::from_ref(&first));
    until("all rest", || {
        (0..3).all(|place| !is_running(&cluster, place))
    });
    assert_eq!(confirm(&cluster, 0), Ok(()));
    assert_eq!(confirm(&cluster, 2), led_by(0));
    assert!((0..3).all(|place| !is_running(&cluster, place)));
}
