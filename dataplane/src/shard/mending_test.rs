//! Damage on one replica's disk, found by a read, by another replica's need and by a scrub.

use std::sync::Arc;

use anabranch_domain::shard_state::AppendToken;
use anabranch_store::{Family, WriteSet, commit, keys::LogKey};

use super::{
    handle_test::{World, open, records},
    replicated_test::{Cluster, SHARD},
    scrub::Scrubber,
    *,
};

/// What happened to an entry on a disk.
#[derive(Clone, Copy, Debug)]
enum Harm {
    HeaderChanged,
    PayloadChanged,
    CutShort,
    Gone,
}

fn stored(cluster: &Cluster, place: usize, index: u64) -> Option<bytes::Bytes> {
    let key = LogKey::new(SHARD, index).encode();
    cluster.stores[place]
        .get(Family::Log, &key)
        .expect("it reads")
}

fn harm(cluster: &Cluster, place: usize, index: u64, harm: Harm) {
    let mut bytes = stored(cluster, place, index).expect("it is there").to_vec();
    let last = bytes.len() - 1;
    match harm {
        Harm::HeaderChanged => bytes[45] ^= 1,
        Harm::PayloadChanged => bytes[last] ^= 1,
        Harm::CutShort => bytes.truncate(last),
        Harm::Gone => {}
    }
    let mut set = WriteSet::new();
    set.delete_range(Family::Log, LogKey::between(SHARD, index, index + 1));
    if !matches!(harm, Harm::Gone) {
        set.put_critical(Family::Log, LogKey::new(SHARD, index).encode(), bytes);
    }
    cluster.stores[place].submit(set, Box::new(|done| done.expect("written")));
}

/// Ten entries on every disk, harmed on the disk at `place` while its process is away.
fn harmed(place: usize, harms: &[(u64, Harm)]) -> (Cluster, Vec<(u64, String)>) {
    let mut cluster = Cluster::new();
    let appended: Vec<_> = (0..10)
        .map(|number| cluster.append(&number.to_string()))
        .collect();
    cluster.wait_for_all(&appended);
    cluster.stop(place);
    for (index, what) in harms {
        harm(&cluster, place, *index, *what);
    }
    cluster.start(place);
    (cluster, appended)
}

fn last_index(cluster: &Cluster, place: usize) -> u64 {
    let indexes = (0..).take_while(|index| stored(cluster, place, *index).is_some());
    indexes.last().expect("a group is born with an entry")
}

const HARMS: [(u64, Harm); 4] = [
    (1, Harm::HeaderChanged),
    (2, Harm::PayloadChanged),
    (4, Harm::CutShort),
    (5, Harm::Gone),
];

fn is_sound(cluster: &Cluster, place: usize) -> bool {
    let other = (place + 1) % 3;
    (0..10).all(|index| stored(cluster, place, index) == stored(cluster, other, index))
}

#[test]
fn a_reader_gets_what_another_replica_has_and_the_disk_is_mended() {
    // A reader finds a hole only by what is missing; a scrub looks for it.
    let harms: Vec<_> = HARMS
        .into_iter()
        .filter(|(_, harm)| !matches!(harm, Harm::Gone))
        .collect();
    for place in [0, 2] {
        let (cluster, appended) = harmed(place, &harms);
        cluster.wait_for(place, &appended);
        assert!(is_sound(&cluster, place));
        let process = cluster.processes[place].as_ref().expect("it runs");
        assert_eq!(process.registry.damage().counts(), (3, 3));
    }
}

#[test]
fn a_log_whose_end_is_damaged_is_mended_before_anything_is_said_for_it() {
    for what in [Harm::HeaderChanged, Harm::PayloadChanged, Harm::CutShort] {
        let (mut cluster, mut appended) = harmed(2, &[]);
        cluster.stop(2);
        harm(&cluster, 2, last_index(&cluster, 2), what);
        cluster.start(2);
        cluster.wait_for(2, &appended);
        // It counts again.
        cluster.kill(0);
        appended.push(cluster.append("after"));
        cluster.wait_for(2, &appended);
    }
}

#[test]
fn a_log_is_mended_from_all_the_others_where_none_of_them_has_everything() {
    let (mut cluster, appended) = harmed(2, &[]);
    cluster.stop(2);
    let last = last_index(&cluster, 2);
    for (place, index) in [(0, last - 1), (1, last), (2, last - 1), (2, last)] {
        harm(&cluster, place, index, Harm::PayloadChanged);
    }
    cluster.start(2);
    cluster.wait_for(2, &appended);
}

#[test]
fn a_hole_near_the_end_is_filled_and_what_lies_behind_it_stays() {
    let (mut cluster, appended) = harmed(2, &[]);
    cluster.stop(2);
    let hole = last_index(&cluster, 2) - 2;
    harm(&cluster, 2, hole, Harm::Gone);
    cluster.start(2);
    cluster.wait_for(2, &appended);
    assert!(is_sound(&cluster, 2));
}

#[test]
fn a_scrub_finds_all_damage_and_mends_it() {
    let (cluster, appended) = harmed(1, &[]);
    for (index, what) in HARMS {
        harm(&cluster, 1, index, what);
    }
    let registry = cluster.processes[1]
        .as_ref()
        .expect("it runs")
        .registry
        .clone();
    let scrub_once = |registry: Arc<ShardRegistry>| async move {
        let (mut scrubber, mut lost) = (Scrubber::new(registry), 0);
        loop {
            let step = scrubber.step().await.expect("the disk answers");
            lost += step.lost;
            if step.is_through {
                return lost;
            }
        }
    };
    // Until the others are known to be alive, there is nobody to ask; and what this replica has not heard to be agreed on is nobody's to mend
    // yet: one that was behind at first learns it from the leader after its start.
    let begun = std::time::Instant::now();
    loop {
        let registry = registry.clone();
        let lost = cluster.run(1, move |_| scrub_once(registry));
        if lost == 0 && is_sound(&cluster, 1) {
            break;
        }
        assert!(
            begun.elapsed() < super::replicated_test::PATIENCE,
            "{lost} entries are lost, or damage is passed over"
        );
    }
    cluster.wait_for(1, &appended);
}

#[test]
fn a_leader_mends_what_a_replica_that_was_away_needs() {
    let (mut cluster, mut appended) = harmed(0, &[(3, Harm::PayloadChanged)]);
    cluster.kill(2);
    cluster.lose_disk(2);
    cluster.kill(1);
    cluster.start(1);
    cluster.start(2);
    appended.push(cluster.append("after"));
    cluster.change_replicas(&[0, 1, 2]);
    cluster.wait_for_all(&appended);
}

#[test]
fn two_replicas_with_the_same_damage_take_records_once_the_third_is_back() {
    for what in [Harm::HeaderChanged, Harm::PayloadChanged, Harm::CutShort] {
        let (mut cluster, mut appended) = harmed(0, &[]);
        let damaged = last_index(&cluster, 0) - 3;
        cluster.kill(2);
        for place in [0, 1] {
            cluster.stop(place);
            harm(&cluster, place, damaged, what);
        }
        for place in [0, 1, 2] {
            cluster.start(place);
        }
        appended.push(cluster.append("after"));
        cluster.wait_for_all(&appended);
    }
}

#[test]
fn a_leader_that_cannot_read_its_newest_entry_is_replaced_although_it_is_alive() {
    let mut cluster = Cluster::new();
    let mut appended: Vec<_> = (0..10)
        .map(|number| cluster.append(&number.to_string()))
        .collect();
    // All at once: nobody has heard that the newest entry is agreed on, so nobody may give it away.
    for place in [0, 1, 2] {
        cluster.kill(place);
    }
    harm(&cluster, 0, last_index(&cluster, 0), Harm::HeaderChanged);
    for place in [0, 1, 2] {
        cluster.start(place);
    }
    appended.push(cluster.append("after"));
    cluster.wait_for_all(&appended);
}

#[tokio::test]
async fn the_only_copy_goes_on_behind_its_damage() {
    let world = World::new();
    let shard = open(&world.registry());
    let attempt = |token: u128, text| Append {
        token: Some(AppendToken::from_bits(token)),
        ..records(&[text])
    };
    shard
        .append(attempt(1, "damaged"))
        .await
        .expect("it appends");
    let kept = shard.append(attempt(2, "kept")).await.expect("it appends");
    drop(shard);
    let damaged = LogKey::new(handle_test::SHARD, 1).encode();
    let bytes = world.store.get(Family::Log, &damaged).expect("it reads");
    let mut bytes = bytes.expect("it is there").to_vec();
    bytes[45] ^= 1;
    let mut set = WriteSet::new();
    set.put_critical(Family::Log, damaged, bytes);
    commit(&*world.store, set).await.expect("written");

    let reopened = open(&world.registry());
    let again = reopened.append(attempt(2, "kept")).await;
    assert_eq!(again.expect("its token is behind the damage"), kept);
    let after = reopened.append(attempt(3, "after")).await;
    assert_eq!(after.expect("it appends").first_ordinal, 2);
}

#[test]
fn what_nobody_else_has_is_an_error_that_names_it_and_never_skipped() {
    let (mut cluster, _) = harmed(0, &[(3, Harm::PayloadChanged)]);
    cluster.kill(1);
    cluster.kill(2);
    let read = cluster.run(0, |shard| async move {
        shard
            .read(ReadFrom::TrimHorizon, super::handle_test::everything())
            .await
    });
    let error = read.expect_err("entry 3 cannot be read").to_string();
    assert!(error.contains("entry 3"), "{error}");
}
