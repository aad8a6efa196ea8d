//! What is said of a stream in its conditions. Pure.

use anabranch_crds::condition::{Condition, ConditionType, Finding, Reason, record};
use anabranch_crds::{DataStream, Time};
use anabranch_domain::catalog::{Shard, Stream, StreamStatus};

use super::plan::Need;

/// What was found out about a stream besides its catalog entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// Shards whose pod does not answer.
    pub(super) unreachable: Vec<String>,
    /// Shards whose log is not on the disk that should have it, with their ranges.
    pub(super) lost: Vec<String>,
    /// Pods that take no records for want of space.
    pub(super) low_disks: Vec<String>,
    /// Shards with fewer copies than asked for, and how many they have.
    pub(super) too_few: Vec<String>,
    /// What is worse than asked for with the pool that it lives in.
    pub(super) pool_trouble: Option<(Reason, String)>,
    /// What moves in the pool that is its own.
    pub(super) moves: Option<String>,
}

/// The conditions of `object`, given what it needs and what was found.
pub(super) fn conditions(
    object: &DataStream,
    stream: Option<&Stream>,
    need: &Need,
    evidence: &Evidence,
    now: Time,
) -> Vec<Condition> {
    let mut conditions = object
        .status
        .as_ref()
        .map(|status| status.conditions.clone())
        .unwrap_or_default();
    let generation = object.metadata.generation;
    for finding in [
        valid(need),
        ready(stream, need, evidence),
        progressing(stream, need, evidence),
        data_lost(evidence),
        degraded(evidence),
        storage_low(evidence),
    ] {
        record(&mut conditions, finding, generation, now);
    }
    conditions
}

fn valid(need: &Need) -> Finding {
    let kind = ConditionType::Valid;
    match need {
        Need::Refused(text) => Finding::holds_not(kind, Reason::InvalidSpec, text.clone()),
        Need::Duplicate => Finding::holds_not(
            kind,
            Reason::DuplicateStreamName,
            "another DataStream has this streamName and had it first: choose another name, or delete the other",
        ),
        Need::Missing(text) => Finding::holds_not(kind, Reason::ReferenceNotFound, text.clone()),
        Need::Unadoptable(text) => Finding::holds_not(kind, Reason::Unsafe, text.clone()),
        _ => Finding::holds(kind, Reason::AsWished, "the spec can be carried out"),
    }
}

fn ready(stream: Option<&Stream>, need: &Need, evidence: &Evidence) -> Finding {
    let kind = ConditionType::Ready;
    let Some(stream) = stream else {
        return match need {
            Need::Refused(_) | Need::Duplicate | Need::Unadoptable(_) | Need::Missing(_) => {
                Finding::holds_not(kind, Reason::InvalidSpec, "it is no stream: see Valid")
            }
            Need::Adopt(text) => Finding::holds_not(kind, Reason::Adopting, text.clone()),
            _ => Finding::holds_not(kind, Reason::Creating, "its shards are being made"),
        };
    };
    match stream.status {
        StreamStatus::Creating => {
            Finding::holds_not(kind, Reason::Creating, "its shards are being made")
        }
        StreamStatus::Deleting => Finding::holds_not(kind, Reason::Deleting, "it is being deleted"),
        StreamStatus::Active | StreamStatus::Updating => {
            if !evidence.lost.is_empty() {
                Finding::holds_not(kind, Reason::DiskLost, "records are lost: see DataLost")
            } else if evidence.unreachable.is_empty() {
                let shards = stream.open_shard_count();
                Finding::holds(
                    kind,
                    Reason::AsWished,
                    format!("all of its {shards} open shards take puts"),
                )
            } else {
                Finding::holds_not(
                    kind,
                    Reason::NoLeader,
                    format!(
                        "no pod answers for {}: puts to them wait",
                        evidence.unreachable.join(", ")
                    ),
                )
            }
        }
    }
}

fn progressing(stream: Option<&Stream>, need: &Need, evidence: &Evidence) -> Finding {
    let kind = ConditionType::Progressing;
    let holds = |reason, text: String| Finding::holds(kind, reason, text);
    if let Need::Adopt(text) = need {
        return holds(Reason::Adopting, text.clone());
    }
    let Some(stream) = stream else {
        return Finding::holds_not(kind, Reason::NothingFound, "nothing is being done");
    };
    if let Some(reshard) = stream.running_reshard() {
        return holds(
            Reason::Resharding,
            format!(
                "{} splits and merges are under way, {} are done",
                reshard.running.len(),
                reshard.operations_done
            ),
        );
    }
    match (stream.status, need) {
        (StreamStatus::Creating, _) => {
            holds(Reason::Creating, "its shards are being made".to_owned())
        }
        (StreamStatus::Deleting, _) => {
            holds(Reason::Deleting, "its records are being removed".to_owned())
        }
        (_, Need::Scale(target)) => {
            holds(Reason::Resharding, format!("changing to {target} shards"))
        }
        _ => match &evidence.moves {
            Some(moves) => holds(Reason::MovingReplicas, moves.clone()),
            None => Finding::holds_not(kind, Reason::NothingFound, "nothing is being done"),
        },
    }
}

fn degraded(evidence: &Evidence) -> Finding {
    let kind = ConditionType::Degraded;
    if let Some((reason, text)) = &evidence.pool_trouble {
        return Finding::holds(kind, *reason, text.clone());
    }
    if evidence.too_few.is_empty() {
        return Finding::holds_not(
            kind,
            Reason::NothingFound,
            "its pods have what was asked for",
        );
    }
    Finding::holds(
        kind,
        Reason::ReplicasMissing,
        format!(
            "fewer copies than replication.factor asks for: {}; the others fill them, so their disks must stay until then",
            evidence.too_few.join(", ")
        ),
    )
}

fn storage_low(evidence: &Evidence) -> Finding {
    let kind = ConditionType::StorageLow;
    if evidence.low_disks.is_empty() {
        return Finding::holds_not(kind, Reason::NothingFound, "its disks have room");
    }
    Finding::holds(
        kind,
        Reason::BelowReserve,
        format!(
            "{} take no records until there is room again: raise storage.size or shorten the retention",
            evidence.low_disks.join(", ")
        ),
    )
}

/// A shard as a person looks for it.
pub(super) fn with_range(shard: &Shard) -> String {
    let range = shard.range;
    format!("{} ({}…{})", shard.id, range.start(), range.end())
}

fn data_lost(evidence: &Evidence) -> Finding {
    let kind = ConditionType::DataLost;
    if evidence.lost.is_empty() {
        return Finding::holds_not(
            kind,
            Reason::NothingFound,
            "every shard's log is where it was",
        );
    }
    Finding::holds(
        kind,
        Reason::DiskLost,
        format!(
            "the only copy of {} is gone with its disk; bring the volume back, or delete and make the stream anew",
            evidence.lost.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use anabranch_crds::DataStreamSpec;
    use anabranch_crds::condition::{find, holds};

    use super::*;

    fn said(need: &Need, evidence: &Evidence) -> Vec<Condition> {
        let spec: DataStreamSpec = serde_json::from_str("{}").expect("a spec");
        let object = DataStream::new("clicks", spec);
        let now = Time::from_millis(1_000).expect("a time");
        conditions(&object, None, need, evidence, now)
    }

    #[test]
    fn a_refusal_is_said_in_full() {
        let conditions = said(&Need::Refused("write 1".to_owned()), &Evidence::default());
        let valid = find(&conditions, ConditionType::Valid).expect("said");
        assert_eq!(valid.message, "write 1");
        assert!(!holds(&conditions, ConditionType::Ready));
    }

    #[test]
    fn copies_that_are_missing_are_said() {
        let evidence = Evidence {
            too_few: vec!["shardId-000000000000 has 2 of 3".to_owned()],
            ..Evidence::default()
        };
        let conditions = said(&Need::Nothing, &evidence);
        let degraded = find(&conditions, ConditionType::Degraded).expect("said");
        assert_eq!(degraded.reason, Reason::ReplicasMissing);
        assert!(degraded.message.contains("has 2 of 3"));
    }

    #[test]
    fn a_lost_disk_is_said_with_its_ranges() {
        let evidence = Evidence {
            lost: vec!["shardId-000000000000 (0…9)".to_owned()],
            ..Evidence::default()
        };
        let conditions = said(&Need::Nothing, &evidence);
        let lost = find(&conditions, ConditionType::DataLost).expect("said");
        assert!(lost.message.contains("(0…9)"));
        assert!(holds(&conditions, ConditionType::DataLost));
    }
}
