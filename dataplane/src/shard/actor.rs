//! The shard's decisions: which appends share a log entry, when one is closed, and who is answered what.
//!
//! *Select, then apply*, without a task of its own: [`super::ShardHandle`] selects events; [`Actor::take`] and
//! [`Actor::next`] change state and never wait. Time is an argument.
//!
//! ```text
//!              take(Append)            next()                    take(Told)
//!  caller ────────────────► queue ──────────────► in flight ────────────────► answered
//! ```
//!
//! **Invariants.** Entries are proposed in order, each standing exactly where the one before it leaves off, so ordinals
//! have no gaps. Time inside a shard never goes back. A control command is proposed when nothing is in flight, and
//! nothing is proposed while it is.

use std::collections::VecDeque;

use anabranch_domain::{
    ShardCommand, ShardPhase, ShardState, ShardUid, Timestamp,
    shard_state::{AppendNumbers, AppendToken, Applied, RecentAppends},
};
use anabranch_store::entry::{Activate, Draft, Seal, Standing};

use super::{
    Append, AppendError, Appended, Settled, ShardLimits,
    admission::Permit,
    attempts::Attempts,
    backoff::Backoff,
    error::Failure,
    event::{Action, Control, Event},
    gathering::{Gathered, Gathering},
    reply::{AppendReply, ControlReply},
};
use crate::replication::{Footing, LogError, Outcome};

/// Whether the group runs.
#[derive(Debug)]
enum Engagement {
    Stopped,
    Starting,
    Leading(Footing),
    /// On the way to `Stopped`.
    Stopping,
    /// The bytes are being removed, or were.
    Gone,
}

/// An append that waits for its entry.
#[derive(Debug)]
pub(super) struct QueuedAppend {
    pub(super) append: Append,
    pub(super) permit: Permit,
    pub(super) reply: AppendReply,
}

#[derive(Debug)]
enum Queued {
    Append(QueuedAppend),
    Control {
        command: Control,
        reply: ControlReply,
    },
}

/// An entry that was proposed.
#[derive(Debug)]
struct InFlight {
    ticket: u64,
    waiting: Waiting,
}

/// Who waits for an entry.
#[derive(Debug)]
enum Waiting {
    Appends {
        arrival: Timestamp,
        appends: Vec<Gathered>,
    },
    Control {
        reply: ControlReply,
        settled: Settled,
    },
}

/// What the actor needs to know from outside when it decides.
pub(super) struct Surroundings<'a> {
    /// What time it is.
    pub(super) now: Timestamp,
    /// The numbers of appends that were applied before.
    pub(super) recent: &'a dyn Fn(AppendToken) -> Option<AppendNumbers>,
}

/// One shard's proposer.
#[derive(Debug)]
pub(super) struct Actor {
    shard: ShardUid,
    limits: ShardLimits,
    engagement: Engagement,
    /// In the order in which it came.
    queue: VecDeque<Queued>,
    /// Bytes of the appends in the queue.
    queued_bytes: usize,
    /// In the order in which it was proposed.
    in_flight: VecDeque<InFlight>,
    next_ticket: u64,
    /// Appends with a token that are queued or in flight, and who else asked for the same.
    attempts: Attempts,
    /// When the group may be started again, and why it stopped.
    backoff: Backoff,
    wanted: Option<Action>,
    /// Whether the shard was just sealed: what waits is refused, and the group has nothing more to do.
    ends: bool,
    last_proposal: Timestamp,
}

impl Actor {
    /// A shard whose group does not run.
    pub(super) fn new(shard: ShardUid, limits: ShardLimits) -> Self {
        Self {
            shard,
            limits,
            engagement: Engagement::Stopped,
            queue: VecDeque::new(),
            queued_bytes: 0,
            in_flight: VecDeque::new(),
            next_ticket: 0,
            attempts: Attempts::default(),
            backoff: Backoff::new(limits.restart_backoff_max),
            wanted: None,
            ends: false,
            last_proposal: Timestamp::EPOCH,
        }
    }

    /// Whether the group runs and was proposed nothing since `before`.
    pub(super) fn is_idle_since(&self, before: Timestamp) -> bool {
        matches!(self.engagement, Engagement::Leading(_))
            && self.in_flight.is_empty()
            && self.queue.is_empty()
            && self.last_proposal <= before
    }

    /// Whether the group is not led from here, nor about to be.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.engagement, Engagement::Stopped)
    }

    /// Takes in what happened.
    pub(super) fn take(&mut self, event: Event, now: Timestamp) {
        match event {
            Event::Append {
                append,
                permit,
                reply,
            } => self.take_append(QueuedAppend {
                append,
                permit,
                reply,
            }),
            Event::Control { command, reply } => {
                self.queue.push_back(Queued::Control { command, reply });
            }
            // The end of what is in flight is the next leader's to decide; a second attempt with the same token learns it.
            Event::Deposed => {
                if matches!(self.engagement, Engagement::Leading(_)) {
                    self.fail_all(&Failure::Unclear);
                    self.stop(Action::StopFailed);
                }
            }
            Event::Lead => {
                if matches!(self.engagement, Engagement::Stopped) {
                    self.engagement = Engagement::Starting;
                    self.wanted = Some(Action::Start);
                }
            }
            Event::Started(started) => self.take_started(started, now),
            Event::Told { ticket, outcome } => self.take_told(ticket, outcome, now),
            Event::Stopped => {
                if matches!(self.engagement, Engagement::Stopping) {
                    self.engagement = Engagement::Stopped;
                }
            }
            Event::Idle => {
                if self.is_idle_since(now) {
                    self.stop(Action::Stop);
                }
            }
            Event::Destroyed => {
                self.fail_all(&Failure::Gone);
                self.engagement = Engagement::Gone;
            }
        }
    }

    fn take_append(&mut self, queued: QueuedAppend) {
        let QueuedAppend {
            append,
            permit,
            reply,
        } = queued;
        let Some(reply) = self.attempts.begin(append.token, reply) else {
            return;
        };
        self.queued_bytes += permit.bytes();
        self.queue.push_back(Queued::Append(QueuedAppend {
            append,
            permit,
            reply,
        }));
    }

    fn take_started(&mut self, started: Result<Footing, LogError>, now: Timestamp) {
        if !matches!(self.engagement, Engagement::Starting) {
            return;
        }
        match started {
            Ok(footing) => {
                self.last_proposal = now;
                self.engagement = Engagement::Leading(footing);
            }
            // Nothing failed: the group goes on, following another.
            Err(LogError::NotLeader { leader }) => {
                self.engagement = Engagement::Stopped;
                self.fail_all(&Failure::NotLeader(leader));
            }
            Err(error) => self.fail(Failure::Log(error), now),
        }
    }

    fn take_told(&mut self, ticket: u64, outcome: Result<Outcome, Failure>, now: Timestamp) {
        // Entries of a group that failed since were answered then.
        if self
            .in_flight
            .front()
            .is_none_or(|entry| entry.ticket != ticket)
        {
            return;
        }
        match outcome {
            Ok(outcome) => {
                self.backoff.succeeded();
                self.settle(outcome.applied, now);
            }
            Err(failure) => self.fail(failure, now),
        }
    }

    /// Answers for the oldest entry in flight.
    fn settle(&mut self, applied: Applied, now: Timestamp) {
        let Some(entry) = self.in_flight.pop_front() else {
            return;
        };
        match (entry.waiting, applied) {
            (Waiting::Appends { arrival, appends }, Applied::Appended { first_ordinal }) => {
                for append in appends {
                    let first_ordinal = first_ordinal + u64::from(append.first_record);
                    let numbers = Appended {
                        first_ordinal,
                        arrival,
                    };
                    self.attempts.end(append.token, append.reply, &Ok(numbers));
                }
            }
            (Waiting::Control { reply, settled }, Applied::Done) => {
                self.ends = settled.phase == ShardPhase::Sealed;
                reply.accept(settled);
            }
            (waiting, refused) => {
                // The entry did not stand where this proposer thought: nothing that follows does.
                tracing::error!(shard = %self.shard, ?refused, "a committed entry was refused");
                self.in_flight.push_front(InFlight {
                    ticket: entry.ticket,
                    waiting,
                });
                self.fail(Failure::Unclear, now);
            }
        }
    }

    fn stop(&mut self, how: Action) {
        self.engagement = Engagement::Stopping;
        self.wanted = Some(how);
    }

    /// The group cannot go on: everybody who waits hears why, and the log is read again before it starts anew.
    fn fail(&mut self, failure: Failure, now: Timestamp) {
        self.fail_all(&failure);
        self.backoff.failed(failure, now);
        if !matches!(self.engagement, Engagement::Gone) {
            self.stop(Action::StopFailed);
        }
    }

    fn fail_all(&mut self, failure: &Failure) {
        for entry in std::mem::take(&mut self.in_flight) {
            match entry.waiting {
                Waiting::Appends { appends, .. } => {
                    for append in appends {
                        let answer = Err(failure.clone().into());
                        self.attempts.end(append.token, append.reply, &answer);
                    }
                }
                Waiting::Control { reply, .. } => reply.refuse(failure.clone()),
            }
        }
        for queued in std::mem::take(&mut self.queue) {
            match queued {
                Queued::Append(queued) => {
                    let answer = Err(failure.clone().into());
                    self.attempts
                        .end(queued.append.token, queued.reply, &answer);
                }
                Queued::Control { reply, .. } => reply.refuse(failure.clone()),
            }
        }
        self.queued_bytes = 0;
    }

    /// The next thing to do, until there is nothing.
    pub(super) fn next(&mut self, around: &Surroundings<'_>) -> Option<Action> {
        if std::mem::take(&mut self.ends) && matches!(self.engagement, Engagement::Leading(_)) {
            self.refuse_appends(around);
            self.stop(Action::Stop);
        }
        if let Some(wanted) = self.wanted.take() {
            return Some(wanted);
        }
        if self.queue.is_empty() {
            return None;
        }
        match &self.engagement {
            Engagement::Stopped => self.start(around.now),
            Engagement::Starting | Engagement::Stopping => None,
            Engagement::Gone => {
                self.fail_all(&Failure::Gone);
                None
            }
            Engagement::Leading(_) => self.propose(around),
        }
    }

    fn start(&mut self, now: Timestamp) -> Option<Action> {
        if let Some(failure) = self.backoff.pausing(now) {
            self.fail_all(&failure);
            return None;
        }
        self.engagement = Engagement::Starting;
        Some(Action::Start)
    }

    fn propose(&mut self, around: &Surroundings<'_>) -> Option<Action> {
        while let Some(front) = self.queue.front() {
            let is_control = matches!(front, Queued::Control { .. });
            if !self.may_propose(is_control) {
                return None;
            }
            let proposed = if is_control {
                self.propose_control(around.now)
            } else if self.footing().standing.phase == ShardPhase::Open {
                self.propose_appends(around)
            } else {
                self.refuse_appends(around);
                None
            };
            if let Some((waiting, draft)) = proposed {
                return Some(self.enter(waiting, draft, around.now));
            }
        }
        None
    }

    fn may_propose(&self, is_control: bool) -> bool {
        let Some(last) = self.in_flight.back() else {
            return true;
        };
        let is_worth_overlapping = self.queued_bytes >= self.limits.pipeline_bytes_min;
        !is_control
            && matches!(last.waiting, Waiting::Appends { .. })
            && self.in_flight.len() < self.limits.pipeline_entries_max
            && is_worth_overlapping
    }

    /// The footing of the entry to be proposed next.
    fn footing(&self) -> &Footing {
        match &self.engagement {
            Engagement::Leading(footing) => footing,
            _ => unreachable!("nothing is proposed unless the group leads"),
        }
    }

    fn enter(&mut self, waiting: Waiting, draft: Draft, now: Timestamp) -> Action {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let envelope = *draft.envelope();
        if let Engagement::Leading(footing) = &mut self.engagement {
            footing.standing = Standing {
                first_ordinal: envelope.next_ordinal(),
                time: envelope.time,
                phase: envelope.phase,
                epoch: envelope.epoch,
            };
            if let Waiting::Control { settled, .. } = &waiting {
                footing.children.clone_from(&settled.children);
            }
        }
        self.in_flight.push_back(InFlight { ticket, waiting });
        self.last_proposal = now;
        Action::Propose { ticket, draft }
    }

    /// Closes an entry of the appends at the front of the queue. Appends that were applied before are only answered.
    fn propose_appends(&mut self, around: &Surroundings<'_>) -> Option<(Waiting, Draft)> {
        let mut gathering = Gathering::new(self.limits);
        while let Some(Queued::Append(front)) = self.queue.front() {
            if !gathering.has_room_for(&front.append, front.permit.bytes()) {
                break;
            }
            let Some(Queued::Append(queued)) = self.queue.pop_front() else {
                unreachable!("it was at the front");
            };
            self.queued_bytes -= queued.permit.bytes();
            match queued.append.token.and_then(around.recent) {
                Some(numbers) => {
                    let answer = Ok(answer_again(numbers));
                    self.attempts
                        .end(queued.append.token, queued.reply, &answer);
                }
                None => gathering.add(queued),
            }
        }
        let standing = self.footing().standing;
        let time = around.now.max(standing.time);
        let (draft, appends) = gathering.close(self.shard, Standing { time, ..standing })?;
        let waiting = Waiting::Appends {
            arrival: time,
            appends,
        };
        Some((waiting, draft))
    }

    /// Refuses the appends at the front of the queue of a shard that is not open; those that were applied before are answered.
    /// So who is told that the shard is sealed knows that the records are not in it, and may put them elsewhere.
    fn refuse_appends(&mut self, around: &Surroundings<'_>) {
        let Engagement::Leading(footing) = &self.engagement else {
            return;
        };
        let refusal = Err(match footing.standing.phase {
            ShardPhase::Sealed => AppendError::Sealed {
                children: footing.children.clone(),
            },
            _ => AppendError::NotActive,
        });
        while let Some(Queued::Append(_)) = self.queue.front() {
            if let Some(Queued::Append(queued)) = self.queue.pop_front() {
                self.queued_bytes -= queued.permit.bytes();
                let token = queued.append.token;
                let known = token.and_then(around.recent).map(answer_again);
                let answer = known.map_or_else(|| refusal.clone(), Ok);
                self.attempts.end(token, queued.reply, &answer);
            }
        }
    }

    /// Proposes the command at the front of the queue, or answers it when it changes nothing.
    fn propose_control(&mut self, now: Timestamp) -> Option<(Waiting, Draft)> {
        let Some(Queued::Control { command, reply }) = self.queue.pop_front() else {
            return None;
        };
        let footing = self.footing();
        let before = state_of(footing);
        let mut after = before.clone();
        match after.apply(&shard_command(&command)) {
            Applied::Refused(refusal) => {
                reply.refuse(refusal);
                return None;
            }
            _ if after == before => {
                reply.accept(Settled::of(&before));
                return None;
            }
            _ => {}
        }
        let floor = match command {
            Control::Seal { .. } => Timestamp::EPOCH,
            Control::Activate { floor, .. } => floor,
        };
        after.last_arrival = now.max(floor).max(before.last_arrival);
        let standing = Standing {
            first_ordinal: after.next_ordinal,
            time: after.last_arrival,
            phase: after.phase,
            epoch: after.epoch,
        };
        let draft = match command {
            Control::Seal { epoch, children } => Draft::seal(standing, &Seal { epoch, children }),
            Control::Activate { epoch, .. } => Draft::activate(standing, Activate { epoch }),
        };
        let settled = Settled::of(&after);
        Some((Waiting::Control { reply, settled }, draft))
    }
}

/// What the first attempt was answered, or would have been.
fn answer_again(numbers: AppendNumbers) -> Appended {
    Appended {
        first_ordinal: numbers.first_ordinal,
        arrival: numbers.arrival,
    }
}

/// The shard as the next entry finds it. Nothing is in flight when a control command asks for it.
fn state_of(footing: &Footing) -> ShardState {
    ShardState {
        next_ordinal: footing.standing.first_ordinal,
        last_arrival: footing.standing.time,
        phase: footing.standing.phase,
        epoch: footing.standing.epoch,
        children: footing.children.clone(),
        recent: RecentAppends::default(),
    }
}

fn shard_command(command: &Control) -> ShardCommand {
    match command {
        Control::Seal { epoch, children } => ShardCommand::Seal {
            epoch: *epoch,
            children: children.clone(),
        },
        Control::Activate { epoch, .. } => ShardCommand::Activate { epoch: *epoch },
    }
}

#[cfg(test)]
#[path = "actor_test.rs"]
mod actor_test;
