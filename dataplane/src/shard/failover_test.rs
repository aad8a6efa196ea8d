//! How long a shard takes no records when its leader's process dies: not a test but a measurement, run by hand.
//!
//! ```sh
//! cargo test --release -p anabranch --lib failover -- --ignored --nocapture
//! ```

use std::time::{Duration, Instant};

use super::{handle_test::records, replicated_test::Cluster};

/// `ANABRANCH_KILLS=20` runs fewer.
#[test]
#[ignore = "takes minutes, and says how long instead of whether"]
fn time_without_a_leader() {
    let kills =
        std::env::var("ANABRANCH_KILLS").map_or(100, |kills| kills.parse().expect("a number"));
    let mut cluster = Cluster::new();
    let mut appended = Vec::new();
    let mut gaps: Vec<Duration> = Vec::new();
    for round in 0..kills {
        appended.push(cluster.append(&format!("{round}/before")));
        cluster.wait_for_all(&appended);
        let text = format!("{round}/who leads");
        let leads = |place: &usize| match cluster.try_append(*place, records(&[&text])) {
            Ok(taken) => {
                appended.push((taken.first_ordinal, text.clone()));
                true
            }
            Err(_) => false,
        };
        let leader = (0..3).find(leads).expect("it was appended to");
        cluster.kill(leader);
        let killed = Instant::now();
        appended.push(cluster.append(&format!("{round}/after")));
        gaps.push(killed.elapsed());
        cluster.start(leader);
    }
    cluster.wait_for_all(&appended);
    gaps.sort_unstable();
    let at = |share: usize| gaps[(gaps.len() * share / 100).min(gaps.len() - 1)];
    println!(
        "{} kills of the leader: a put was taken again after p50 {:?}, p90 {:?}, p99 {:?}, at most {:?}",
        gaps.len(),
        at(50),
        at(90),
        at(99),
        at(100)
    );
}
