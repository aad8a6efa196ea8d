//! What is to be told of a change of conditions. Pure.

use anabranch_crds::condition::{Condition, ConditionStatus, ConditionType, Reason, find};

use super::{Announcement, Severity};

/// What changed between two lists of conditions, each thing once. What is found for the first time and is as it should be
/// is not told.
pub fn of_conditions(before: &[Condition], after: &[Condition]) -> Vec<Announcement> {
    let changed = after.iter().filter(|now| match find(before, now.kind) {
        Some(was) => was.status != now.status || was.reason != now.reason,
        None => !matches!(now.reason, Reason::AsWished | Reason::NothingFound),
    });
    changed
        .filter(|now| !is_silence(now, find(before, now.kind)))
        .map(announcement)
        .collect()
}

/// That nothing is being done any more is said by what was done.
fn is_silence(now: &Condition, was: Option<&Condition>) -> bool {
    now.reason == Reason::NothingFound
        && (now.kind == ConditionType::Progressing
            || was.is_none_or(|was| was.status != ConditionStatus::True))
}

fn announcement(condition: &Condition) -> Announcement {
    let kind = format!("{:?}", condition.kind);
    Announcement {
        severity: severity(condition),
        reason: match condition.reason {
            Reason::AsWished => kind.clone(),
            Reason::NothingFound => "Recovered".to_owned(),
            reason => format!("{reason:?}"),
        },
        text: match condition.reason {
            Reason::NothingFound => format!("{kind} no longer: {}", condition.message),
            _ => condition.message.clone(),
        },
        action: kind,
    }
}

fn severity(condition: &Condition) -> Severity {
    use ConditionType as Type;
    let passes_by_itself = matches!(
        condition.reason,
        Reason::Creating
            | Reason::Deleting
            | Reason::RollingOut
            | Reason::GrowingVolumes
            | Reason::Adopting
            | Reason::Waiting
            | Reason::Paused
            | Reason::DryRun
    );
    let is_good = match condition.kind {
        Type::Ready | Type::Valid | Type::MetricsAvailable => ConditionStatus::True,
        Type::Progressing | Type::Unrecognised => return Severity::Normal,
        Type::Degraded
        | Type::ScalingLimited
        | Type::HotKey
        | Type::StorageLow
        | Type::DataLost => ConditionStatus::False,
    };
    if condition.status == is_good || passes_by_itself {
        Severity::Normal
    } else {
        Severity::Warning
    }
}

#[cfg(test)]
mod tests {
    use anabranch_crds::Time;
    use anabranch_crds::condition::{Finding, record};

    use super::*;

    fn with(before: &[Condition], finding: Finding) -> Vec<Condition> {
        let mut after = before.to_vec();
        let now = Time::from_millis(1_000).expect("a time");
        record(&mut after, finding, Some(1), now);
        after
    }

    fn told(before: &[Condition], after: &[Condition]) -> Vec<(Severity, String)> {
        let told = of_conditions(before, after).into_iter();
        told.map(|it| (it.severity, it.reason)).collect()
    }

    #[test]
    fn a_stream_that_comes_up_tells_two_things() {
        use ConditionType as Type;
        let creating = with(&[], Finding::holds(Type::Valid, Reason::AsWished, "fine"));
        let creating = with(
            &creating,
            Finding::holds_not(Type::Ready, Reason::Creating, "its shards are being made"),
        );
        let creating = with(
            &creating,
            Finding::holds_not(Type::DataLost, Reason::NothingFound, "nothing"),
        );
        assert_eq!(
            told(&[], &creating),
            [(Severity::Normal, "Creating".to_owned())]
        );
        let ready = with(
            &creating,
            Finding::holds(Type::Ready, Reason::AsWished, "all"),
        );
        assert_eq!(
            told(&creating, &ready),
            [(Severity::Normal, "Ready".to_owned())]
        );
        assert_eq!(told(&ready, &ready), []);
    }

    #[test]
    fn trouble_is_a_warning_and_its_end_is_not() {
        use ConditionType as Type;
        let well = with(
            &[],
            Finding::holds_not(Type::DataLost, Reason::NothingFound, "well"),
        );
        let lost = with(
            &well,
            Finding::holds(Type::DataLost, Reason::DiskLost, "lost"),
        );
        assert_eq!(
            told(&well, &lost),
            [(Severity::Warning, "DiskLost".to_owned())]
        );
        assert_eq!(
            told(&lost, &well),
            [(Severity::Normal, "Recovered".to_owned())]
        );
    }

    #[test]
    fn a_sentence_that_changed_alone_is_not_told_again() {
        use ConditionType as Type;
        let one = Finding::holds_not(Type::Ready, Reason::NoLeader, "no pod answers for 1");
        let two = Finding::holds_not(Type::Ready, Reason::NoLeader, "no pod answers for 1, 2");
        let one = with(&[], one);
        assert_eq!(told(&one, &with(&one, two)), []);
    }
}
