//! Whether the records that an earlier life of a stream left behind can be taken over. Pure.

use anabranch::catalog::kubernetes::Retained;
use anabranch_crds::labels;

/// What was found of one retained shard's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// It lies where its shard says.
    Here,
    /// Its pod answers, and has no such log.
    NotThere,
    /// Its pod does not answer.
    Unknown,
}

/// What is to be done about the shards that were left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are the stream's.
    Fits,
    /// Not everything is known yet.
    Waits(String),
    /// They do not fit: this says what to do.
    Refused(String),
}

/// Judges what was left behind for the `DataStream` object `object`, which wishes for `stream` in `pool`.
pub(super) fn verdict(
    object: &str,
    stream: &str,
    pool: &str,
    retained: &[(Retained, Seen)],
) -> Verdict {
    let Some((first, _)) = retained.first() else {
        return Verdict::Fits;
    };
    let anew = format!(
        "or give the records up and begin anew: kubectl delete shards -l {}={}",
        labels::STREAM,
        first.object
    );
    for (shard, _) in retained {
        let problem = if shard.object != object {
            format!(
                "records of stream {stream} were kept for a DataStream called {}: use that name",
                shard.object
            )
        } else if shard.stream.as_str() != stream {
            format!(
                "records of stream {} were kept under this object's name: write streamName: {}",
                shard.stream, shard.stream
            )
        } else if shard.pool != pool {
            let wish = if shard.pool == shard.object {
                "leave pool out".to_owned()
            } else {
                format!("write pool: {}", shard.pool)
            };
            format!(
                "the stream's records were kept in ShardPool {}: {wish}",
                shard.pool
            )
        } else {
            continue;
        };
        return Verdict::Refused(format!("{problem}, {anew}"));
    }
    let missing: Vec<_> = named(retained, Seen::NotThere);
    if !missing.is_empty() {
        return Verdict::Refused(format!(
            "of the records that were kept, those of {} are not on their pods' disks: bring the volumes back, {anew}",
            missing.join(", ")
        ));
    }
    let unknown = named(retained, Seen::Unknown);
    if unknown.is_empty() {
        Verdict::Fits
    } else {
        Verdict::Waits(format!(
            "records were kept for it: waiting for the pods of {}",
            unknown.join(", ")
        ))
    }
}

fn named(retained: &[(Retained, Seen)], seen: Seen) -> Vec<String> {
    let such = retained.iter().filter(|(_, it)| *it == seen);
    such.map(|(it, _)| {
        let shard = &it.shard;
        let pod = shard.replicas.first();
        let pod = pod.map_or("no pod", |pod| pod.as_str());
        format!(
            "{} ({}…{}, {pod})",
            shard.id,
            shard.range.start(),
            shard.range.end()
        )
    })
    .collect()
}

/// What is said when they were taken over.
pub(super) fn said(retained: &[(Retained, Seen)]) -> String {
    let mut pods: Vec<_> = retained
        .iter()
        .flat_map(|(it, _)| it.shard.replicas.iter().map(ToString::to_string))
        .collect();
    pods.sort();
    pods.dedup();
    format!(
        "took over {} shards with the records that were kept when the stream was deleted, on {}",
        retained.len(),
        pods.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use anabranch_domain::catalog::{Shard, ShardStatus};
    use anabranch_domain::{HashKeyRange, ShardId, ShardUid, Timestamp};

    use super::*;

    fn retained(object: &str, stream: &str, pool: &str, seen: Seen) -> (Retained, Seen) {
        let shard = Shard {
            id: ShardId::new(0).expect("small"),
            uid: ShardUid::from_bits(1),
            created: Timestamp::from_secs(1),
            opened_at: None,
            range: HashKeyRange::ALL,
            parent: None,
            adjacent_parent: None,
            status: ShardStatus::Open,
            epoch: 0,
            replicas: vec!["clicks-shards-0".parse().expect("a pod's name")],
        };
        let retained = Retained {
            object: object.to_owned(),
            stream: stream.parse().expect("a name"),
            pool: pool.to_owned(),
            shard,
        };
        (retained, seen)
    }

    #[test]
    fn what_fits_is_taken_and_what_does_not_is_refused_with_what_to_write() {
        for (object, stream, pool, seen, expected) in [
            ("clicks", "clicks", "clicks", Seen::Here, None),
            (
                "clicks",
                "clicks",
                "clicks",
                Seen::Unknown,
                Some("waiting for the pods of shardId-000000000000"),
            ),
            (
                "clicks",
                "clicks",
                "clicks",
                Seen::NotThere,
                Some("not on their pods' disks"),
            ),
            (
                "old",
                "clicks",
                "clicks",
                Seen::Here,
                Some("a DataStream called old: use that name"),
            ),
            (
                "clicks",
                "Clicks",
                "clicks",
                Seen::Here,
                Some("write streamName: Clicks"),
            ),
            (
                "clicks",
                "clicks",
                "shared",
                Seen::Here,
                Some("write pool: shared"),
            ),
        ] {
            let kept = [retained(object, stream, pool, seen)];
            match (verdict("clicks", "clicks", "clicks", &kept), expected) {
                (Verdict::Fits, None) => {}
                (Verdict::Waits(text) | Verdict::Refused(text), Some(expected)) => {
                    assert!(text.contains(expected), "{text}");
                }
                (verdict, expected) => panic!("{verdict:?} instead of {expected:?}"),
            }
        }
        let own = [retained("clicks", "clicks", "clicks", Seen::Here)];
        let Verdict::Refused(text) = verdict("clicks", "clicks", "shared", &own) else {
            panic!("another pool does not fit");
        };
        assert!(text.contains("leave pool out") && text.contains("kubectl delete shards -l"));
    }
}
