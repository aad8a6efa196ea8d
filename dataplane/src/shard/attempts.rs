//! Appends with a token that are under way: a second attempt waits for the first one's answer.

use std::collections::HashMap;

use anabranch_domain::shard_state::AppendToken;

use super::{AppendError, Appended, reply::AppendReply};

/// Who else waits for an append that is under way.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    others: HashMap<AppendToken, Vec<AppendReply>>,
}

impl Attempts {
    /// Begins an append. Gives the reply back if it is the first attempt, and keeps it if one is under way.
    pub(super) fn begin(
        &mut self,
        token: Option<AppendToken>,
        reply: AppendReply,
    ) -> Option<AppendReply> {
        let Some(token) = token else {
            return Some(reply);
        };
        if let Some(others) = self.others.get_mut(&token) {
            others.push(reply);
            return None;
        }
        self.others.insert(token, Vec::new());
        Some(reply)
    }

    /// Answers the first attempt and all others.
    pub(super) fn end(
        &mut self,
        token: Option<AppendToken>,
        first: AppendReply,
        answer: &Result<Appended, AppendError>,
    ) {
        first.give(answer.clone());
        let others = token.and_then(|token| self.others.remove(&token));
        for other in others.into_iter().flatten() {
            other.give(answer.clone());
        }
    }
}
