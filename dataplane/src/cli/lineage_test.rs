//! Families of shards as splits and merges make them.

use anabranch_wire::shapes::SequenceNumberRange;

use super::*;

fn shard(id: &str, parents: &[&str]) -> Shard {
    Shard {
        shard_id: id.to_owned(),
        parent_shard_id: parents.first().map(|parent| (*parent).to_owned()),
        adjacent_parent_shard_id: parents.get(1).map(|parent| (*parent).to_owned()),
        sequence_number_range: SequenceNumberRange::default(),
        ..Shard::default()
    }
}

fn child(id: &str, parents: &[&str]) -> ChildShard {
    ChildShard {
        shard_id: id.to_owned(),
        parent_shards: parents.iter().map(|parent| (*parent).to_owned()).collect(),
        ..ChildShard::default()
    }
}

fn drawn(shards: &[Shard]) -> Vec<String> {
    let draw = |line: TreeLine<'_>| {
        format!(
            "{}{}{}",
            line.branch,
            line.shard.shard_id,
            if line.repeated { " (above)" } else { "" }
        )
    };
    tree(shards).into_iter().map(draw).collect()
}

/// 0 was split into 2 and 3; 3 and 1 were merged into 4.
fn family() -> Vec<Shard> {
    vec![
        shard("0", &[]),
        shard("1", &[]),
        shard("2", &["0"]),
        shard("3", &["0"]),
        shard("4", &["3", "1"]),
    ]
}

#[test]
fn the_tree_shows_splits_as_branches_and_a_merge_under_both_parents() {
    assert_eq!(
        drawn(&family()),
        ["0", "├─ 2", "└─ 3", "   └─ 4", "1", "└─ 4 (above)"]
    );
}

#[test]
fn a_shard_whose_parents_have_expired_is_a_root() {
    assert_eq!(drawn(&[shard("7", &["2"]), shard("8", &["2"])]), ["7", "8"]);
}

#[test]
fn a_reader_starts_with_the_oldest_and_takes_a_merged_shard_after_both_parents() {
    let mut follower = Follower::default();
    assert_eq!(follower.begin(&family()), ["0", "1"]);
    assert_eq!(
        follower.finish("0", &[child("2", &["0"]), child("3", &["0"])]),
        ["2", "3"]
    );
    assert_eq!(
        follower.finish("3", &[child("4", &["3", "1"])]),
        Vec::<String>::new()
    );
    assert_eq!(follower.finish("1", &[child("4", &["3", "1"])]), ["4"]);
    assert_eq!(follower.finish("4", &[]), Vec::<String>::new());
}

#[test]
fn children_that_appear_while_reading_are_followed_once() {
    let mut follower = Follower::default();
    assert_eq!(
        follower.begin(&[shard("0", &[]), shard("1", &[])]),
        ["0", "1"]
    );
    assert_eq!(
        follower.finish("0", &[child("2", &["0", "1"])]),
        Vec::<String>::new()
    );
    assert_eq!(follower.finish("1", &[child("2", &["0", "1"])]), ["2"]);
    assert_eq!(
        follower.finish("1", &[child("2", &["0", "1"])]),
        Vec::<String>::new()
    );
}

#[test]
fn a_parent_that_is_not_being_read_is_not_waited_for() {
    let mut follower = Follower::default();
    assert_eq!(follower.begin(&[shard("5", &["9"])]), ["5"]);
    assert_eq!(follower.finish("5", &[child("6", &["5", "4"])]), ["6"]);
}
