//! What a pod's answer, or its silence, means to whoever asked.

use anabranch_domain::{PodName, Timestamp};
use anabranch_proto::shard::{
    self as pb, append_response, facts_response, locate_response, read_response, refused::Why,
    tip_response,
};
use tonic::Status;

use super::{NotAppended, Verdict, messages};
use crate::shard::Appended;

/// Another replica leads, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LedElsewhere {
    /// Who, as far as the asked one knows.
    pub(super) leader: Option<PodName>,
}

/// An answer that may be a refusal.
pub(super) trait Answer {
    /// Why nothing was done.
    fn refused(&self) -> Option<&pb::Refused>;

    /// Whether it has to be asked elsewhere: only the leader may answer, and the asked replica does not lead, or cannot say so.
    fn led_elsewhere(&self) -> Option<LedElsewhere> {
        let refused = self.refused()?;
        let leader = || refused.leader.parse().ok();
        (refused.why() == Why::NotLeader).then(|| LedElsewhere { leader: leader() })
    }

    /// Whether the next replica is to be asked: this one is wanted and has nothing yet, or no longer; or its log may be broken, or its
    /// disk, while another has everything and leads. A put may be repeated there: its token keeps it from being written twice.
    fn is_for_another(&self) -> bool {
        let why = self.refused().map(pb::Refused::why);
        why.is_some_and(|why| matches!(why, Why::NotHere | Why::Unclear | Why::Failed))
    }
}

/// Answers whose outcome is a refusal or something else.
macro_rules! outcomes {
    ($($response:ident => $module:ident),* $(,)?) => {$(
        impl Answer for pb::$response {
            fn refused(&self) -> Option<&pb::Refused> {
                match &self.outcome {
                    Some($module::Outcome::Refused(refused)) => Some(refused),
                    _ => None,
                }
            }
        }
    )*};
}

outcomes! {
    AppendResponse => append_response,
    ReadResponse => read_response,
    LocateResponse => locate_response,
    TipResponse => tip_response,
    FactsResponse => facts_response,
}

/// What is said to the leader alone, and refused for what the shard is in: whoever does not know who leads asks for facts first.
macro_rules! commands {
    ($($response:ident),*) => {$(
        impl Answer for pb::$response {
            fn refused(&self) -> Option<&pb::Refused> {
                self.refused.as_ref()
            }

            fn is_for_another(&self) -> bool {
                let why = self.refused().map(pb::Refused::why);
                why == Some(Why::NotHere)
            }
        }
    )*};
}

commands!(ControlResponse, ChangeReplicasResponse);

impl Answer for pb::AdmitIteratorResponse {
    fn refused(&self) -> Option<&pb::Refused> {
        None
    }
}

/// A pod's answer about `count` records, checked: every place that it names is one of them.
pub(super) fn verdict(response: pb::AppendResponse, count: usize) -> Verdict {
    let throttled: Vec<_> = response
        .throttled
        .iter()
        .map(|&place| place as usize)
        .collect();
    let is_sane = throttled.is_sorted_by(|one, next| one < next)
        && throttled.last().is_none_or(|&last| last < count);
    let is_all = throttled.len() == count;
    let outcome = match response.outcome {
        Some(append_response::Outcome::Appended(appended)) => Some(Ok(Appended {
            first_ordinal: appended.first_ordinal,
            arrival: Timestamp::from_millis(appended.arrival_ms),
        })),
        Some(append_response::Outcome::Refused(refused)) => {
            Some(Err(messages::not_appended_from(refused)))
        }
        None if is_all => None,
        None => Some(Err(NotAppended::Unclear(
            "an answer without one".to_owned(),
        ))),
    };
    if is_sane && !(is_all && outcome.is_some()) {
        Verdict { throttled, outcome }
    } else {
        unclear("an answer about records that were not sent".to_owned())
    }
}

/// Nobody knows whether it was written.
pub(super) fn unclear(text: String) -> Verdict {
    Verdict {
        throttled: Vec::new(),
        outcome: Some(Err(NotAppended::Unclear(text))),
    }
}

/// Nothing was written yet.
pub(super) fn not_now(text: &str) -> Verdict {
    Verdict {
        throttled: Vec::new(),
        outcome: Some(Err(NotAppended::Later(text.to_owned()))),
    }
}

/// A status as one line: the library's own text for a lost connection says nothing.
pub(super) fn describe(status: &Status) -> String {
    let mut text = format!("{}: {}", status.code(), status.message());
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_replica_is_asked_for_what_is_this_ones_trouble() {
        let is_for_another = |why| {
            let refused = messages::refused(why, "no");
            let outcome = Some(facts_response::Outcome::Refused(refused));
            pb::FactsResponse { outcome }.is_for_another()
        };
        for why in [Why::NotHere, Why::Unclear, Why::Failed] {
            assert!(is_for_another(why), "{why:?}");
        }
        // The same everywhere, or the answer names who is to be asked.
        for why in [Why::Later, Why::Overtaken, Why::Sealed, Why::NotLeader] {
            assert!(!is_for_another(why), "{why:?}");
        }
        assert!(!pb::FactsResponse { outcome: None }.is_for_another());
        // Only the leader carries out commands.
        let refused = Some(messages::refused(Why::Failed, "not now"));
        assert!(!pb::ControlResponse { refused }.is_for_another());
    }
}
