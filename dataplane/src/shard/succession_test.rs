//! A leader that inherits entries of which nobody knows yet whether they are committed.

use std::{
    ops::ControlFlow,
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use anabranch_domain::shard_state::AppendToken;
use anabranch_store::{Family, Order, Store, keys::LogKey};

use super::{
    failure_test::{FaultyStore, Mode},
    handle_test::records,
    replicated_test::{Cluster, PATIENCE, SHARD},
    *,
};

fn entries_on(disk: &FaultyStore) -> usize {
    let mut count = 0;
    let scanned = disk.scan(
        Family::Log,
        &LogKey::all(SHARD),
        Order::Forward,
        &mut |_, _| {
            count += 1;
            ControlFlow::Continue(())
        },
    );
    scanned.expect("it reads");
    count
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(5));
    }
}

/// The put that is repeated is in the new leader's log already, and the leader does not know yet whether it is committed. Were it
/// to take appends now, it would not find the put's token, and write its records again.
#[test]
fn a_leader_takes_nothing_before_it_knows_what_the_one_before_took() {
    let disks: [_; 3] = std::array::from_fn(|_| FaultyStore::new());
    let stores = disks.iter().map(|disk| disk.clone() as Arc<dyn Store>);
    let mut cluster = Cluster::on_disks(stores.collect(), 3, ShardLimits::default());
    let first = cluster.append("a");
    cluster.wait_for_all(std::slice::from_ref(&first));
    let before = entries_on(&disks[1]);

    // It comes to one disk of three, and its leader dies.
    for slow in [0, 2] {
        disks[slow].set(Mode::Holds);
    }
    let token = AppendToken::from_bits(7 << 64);
    let put = || Append {
        token: Some(token),
        ..records(&["b"])
    };
    let append = put();
    let _unanswered = cluster.begin(0, |shard| async move { shard.append(append).await });
    until("one follower has it", || entries_on(&disks[1]) > before);
    disks[1].set(Mode::HoldsEntries);
    cluster.kill(0);
    disks[2].set(Mode::Works);
    disks[2].let_go();

    // The next leader is elected, and its own first entry waits for its disk.
    let append = put();
    let repeated = cluster.begin(1, |shard| async move { shard.append(append).await });
    until("the leader waits, or gives up", || {
        repeated.is_finished() || disks[1].holds() > 1
    });
    disks[1].set(Mode::Works);
    disks[1].let_go();

    let mut appended = vec![first, cluster.append_with(token, "b")];
    appended.push(cluster.append("c"));
    assert_eq!(
        appended
            .iter()
            .map(|(ordinal, _)| *ordinal)
            .collect::<Vec<_>>(),
        [0, 1, 2]
    );
    cluster.wait_for_all(&appended);
}
