//! What is to be told of a stream's reshards. Pure.

use anabranch_domain::catalog::{
    Reshard, ReshardId, ReshardKind, ReshardStatus, RunningOperation, Stream,
};

use super::{Announcement, Severity};

/// What happened to a stream's reshards between two looks at it. Steps that came and went between them are not told one by one.
pub fn of_reshards(before: Option<&Stream>, after: &Stream) -> Vec<(ReshardId, Announcement)> {
    let mut told = Vec::new();
    for (id, now) in &after.reshards {
        let was = before.and_then(|stream| stream.reshards.get(id));
        if was.is_some_and(|was| was == now) {
            continue;
        }
        let steps = steps(was.map(|was| &**was), now);
        told.extend(steps.into_iter().map(|step| (*id, step)));
    }
    told
}

/// What is told of a reshard that was refused.
pub fn of_verdict(refusal: &str) -> Announcement {
    Announcement {
        severity: Severity::Warning,
        reason: "Refused".to_owned(),
        action: "Accept".to_owned(),
        text: refusal.to_owned(),
    }
}

fn steps(was: Option<&Reshard>, now: &Reshard) -> Vec<Announcement> {
    let mut told = Vec::new();
    if was.is_none() && now.status == ReshardStatus::Running {
        told.push(normal("Accepted", "Accept", wish(now)));
    }
    let known = |epoch| was.is_some_and(|was| was.running.iter().any(|it| it.epoch == epoch));
    for begun in now.running.iter().filter(|it| !known(it.epoch)) {
        let (reason, text) = operation(begun);
        told.push(normal(reason, &format!("Begin {}", begun.epoch), text));
    }
    let goes_on = |epoch| now.running.iter().any(|it| it.epoch == epoch);
    let over = was.iter().flat_map(|was| &was.running);
    for over in over.filter(|it| !goes_on(it.epoch)) {
        let text = format!(
            "{} took over from {}",
            ids(&over.children),
            ids(&over.parents)
        );
        told.push(normal(
            "HandedOver",
            &format!("Finish {}", over.epoch),
            text,
        ));
    }
    let is_done = |reshard: &Reshard| reshard.status != ReshardStatus::Running;
    if is_done(now) && !was.is_some_and(is_done) {
        let text = format!("{} splits and merges are done", now.operations_done);
        told.push(normal("Done", "Finish", text));
    }
    told
}

fn normal(reason: &str, action: &str, text: String) -> Announcement {
    Announcement {
        severity: Severity::Normal,
        reason: reason.to_owned(),
        action: action.to_owned(),
        text,
    }
}

fn wish(reshard: &Reshard) -> String {
    let what = match &reshard.kind {
        ReshardKind::Split { shard, .. } => format!("{shard} is to be split"),
        ReshardKind::Merge { shard, adjacent } => {
            format!("{shard} and {adjacent} are to be merged")
        }
        ReshardKind::Uniform { target } => format!(
            "{} shards are to become {target}",
            reshard.shard_count_before
        ),
        ReshardKind::Boundaries { added, removed } => format!(
            "{} shards are to begin anew, {} no more",
            added.len(),
            removed.len()
        ),
    };
    format!("{what}: {}", reshard.reason)
}

fn operation(begun: &RunningOperation) -> (&'static str, String) {
    let (parents, children) = (ids(&begun.parents), ids(&begun.children));
    if begun.parents.len() > 1 {
        ("Merging", format!("merging {parents} into {children}"))
    } else {
        ("Splitting", format!("splitting {parents} into {children}"))
    }
}

fn ids(shards: &[anabranch_domain::ShardId]) -> String {
    let ids: Vec<_> = shards.iter().map(ToString::to_string).collect();
    ids.join(" and ")
}

#[cfg(test)]
mod tests {
    use anabranch_domain::catalog::{
        Account, BeginOperations, Change, CreateStream, FinishOperations, FinishedOperation,
        MergeShards, NewOperation, Snapshot, StreamBecameActive, StreamMode,
    };
    use anabranch_domain::quota::Limits;
    use anabranch_domain::reshard::next_operations;
    use anabranch_domain::{ShardId, ShardUid, StreamName, StreamUid, Timestamp};

    use super::*;

    fn name() -> StreamName {
        "clicks".parse().expect("a name")
    }

    fn apply(snapshot: &Snapshot, change: impl Into<Change>) -> Snapshot {
        let now = Timestamp::from_secs(1_700_000_000);
        snapshot.apply(&change.into(), now).expect("accepted").0
    }

    fn two_shards() -> Snapshot {
        let account = Account::new(
            "000000000000".parse().expect("an account"),
            "us-east-1".parse().expect("a region"),
        );
        let uid = StreamUid::from_bits(1);
        let create = CreateStream {
            name: name(),
            uid,
            mode: StreamMode::Provisioned,
            shard_uids: vec![ShardUid::from_bits(1), ShardUid::from_bits(2)],
            tags: std::collections::BTreeMap::new(),
            max_record_size_kib: None,
            warm_throughput_mibps: None,
            record_distribution: None,
        };
        let created = apply(&Snapshot::new(account, Limits::unlimited()), create);
        apply(&created, StreamBecameActive { name: name(), uid })
    }

    fn told(before: &Snapshot, after: &Snapshot) -> Vec<String> {
        let of = |snapshot: &Snapshot| snapshot.streams[&name()].clone();
        let told = of_reshards(Some(&of(before)), &of(after));
        told.into_iter()
            .map(|(_, it)| format!("{}: {}", it.reason, it.text))
            .collect()
    }

    #[test]
    fn a_merge_is_told_from_the_wish_to_the_end() {
        let (stream, uid) = (name(), StreamUid::from_bits(1));
        let shard = |index| ShardId::new(index).expect("small");
        let idle = two_shards();
        let asked = apply(
            &idle,
            MergeShards {
                stream: name(),
                shard: shard(0),
                adjacent: shard(1),
                reason: "nothing comes".to_owned(),
            },
        );
        let reshard = asked.streams[&stream]
            .running_reshard()
            .expect("one")
            .clone();
        let operation = next_operations(&asked.streams[&stream], &reshard)[0];
        let begun = apply(
            &asked,
            BeginOperations {
                stream: name(),
                uid,
                reshard: reshard.id,
                operations: vec![NewOperation {
                    operation,
                    child_uids: vec![ShardUid::from_bits(3)],
                }],
            },
        );
        let done = apply(
            &begun,
            FinishOperations {
                stream: name(),
                uid,
                reshard: reshard.id,
                finished: vec![FinishedOperation {
                    epoch: 1,
                    last_arrival: Timestamp::EPOCH,
                }],
            },
        );
        let (first, second, third) = (
            "shardId-000000000000",
            "shardId-000000000001",
            "shardId-000000000002",
        );
        assert_eq!(
            told(&idle, &asked),
            [format!(
                "Accepted: {first} and {second} are to be merged: nothing comes"
            )]
        );
        assert_eq!(
            told(&asked, &begun),
            [format!(
                "Merging: merging {first} and {second} into {third}"
            )]
        );
        assert_eq!(
            told(&begun, &done),
            [
                format!("HandedOver: {third} took over from {first} and {second}"),
                "Done: 1 splits and merges are done".to_owned(),
            ]
        );
        assert_eq!(told(&done, &done), Vec::<String>::new());
        // One that was not seen in between is told as a whole.
        assert_eq!(told(&idle, &done), ["Done: 1 splits and merges are done"]);
    }
}
