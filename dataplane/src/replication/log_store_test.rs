//! What a replica has promised is on its disk.

use std::pin::pin;

use futures_util::FutureExt as _;
use openraft::{RaftLogReader as _, storage::RaftLogStorage as _};

use crate::{
    replication::{conformance_test::build, types::Vote},
    shard::failure_test::{FaultyStore, Mode},
};

#[tokio::test]
async fn a_vote_is_given_when_it_is_on_the_disk_and_not_before() {
    let disk = FaultyStore::new();
    let (mut log, _) = build(disk.clone()).await;
    let vote = Vote::new(3, 7);
    disk.set(Mode::Holds);
    let mut saving = pin!(log.save_vote(&vote));
    assert!(
        saving.as_mut().now_or_never().is_none(),
        "a crash now would forget it, and the next candidate of this term would get one, too"
    );
    disk.let_go();
    saving.await.expect("the disk works");
    let (mut after_a_crash, _) = build(disk).await;
    let found = after_a_crash.read_vote().await.expect("it is whole");
    assert_eq!(found, Some(vote));
}

#[tokio::test]
async fn a_vote_that_the_disk_lost_is_not_given() {
    let disk = FaultyStore::new();
    let (mut log, _) = build(disk.clone()).await;
    disk.set(Mode::Loses);
    assert!(log.save_vote(&Vote::new(3, 7)).await.is_err());
    assert_eq!(log.read_vote().await.expect("nothing is damaged"), None);
}
