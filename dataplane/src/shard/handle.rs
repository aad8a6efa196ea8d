//! What the rest of the node holds of a shard.
//!
//! Appends and commands become events in an inbox; whoever posts one also works the inbox off, unless somebody is at it
//! already. So the actor needs no task: an append from one producer is encoded and proposed on the task that brought it,
//! and an idle shard costs its memory only.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
    time::Duration,
};

use anabranch_domain::{ShardId, ShardUid, Timestamp};

use super::{
    Append, AppendError, Appended, ControlError, ReadBatch, ReadError, ReadFrom, ReadLimits,
    Resume, Settled, Tail, Trimmed,
    actor::{Actor, Surroundings},
    admission::{Budget, Permit},
    error::Failure,
    event::{Action, Control, Event},
    gathering::fits,
    locate, read,
    registry::{Shared, in_background},
    reply::Reply,
    trim,
};
use crate::replication::{Group, Journal, LogError, Met, ReplicaId, Tip};

/// One shard of this process.
pub struct ShardHandle {
    group: Arc<Group>,
    budget: Arc<Budget>,
    inbox: Mutex<VecDeque<Event>>,
    actor: Mutex<Actor>,
    shared: Arc<Shared>,
}

impl ShardHandle {
    pub(super) fn new(group: Arc<Group>, shared: Arc<Shared>) -> Arc<Self> {
        let uid = group.journal().shard();
        Arc::new(Self {
            group,
            budget: Arc::new(Budget::new(shared.limits.shard_inflight_bytes_max)),
            inbox: Mutex::default(),
            actor: Mutex::new(Actor::new(uid, shared.limits)),
            shared,
        })
    }

    /// Whose handle it is.
    pub fn uid(&self) -> ShardUid {
        self.group.journal().shard()
    }

    /// Appends records: durable, applied and readable when this returns their numbers.
    ///
    /// An append that was begun goes on when its caller goes away.
    pub async fn append(self: &Arc<Self>, append: Append) -> Result<Appended, AppendError> {
        let bytes = append.stored_len();
        if !fits(&append, bytes) {
            return Err(AppendError::TooLarge);
        }
        // Asked before the append gets a place in the log: there, a refusal would leave a hole.
        let admitted = self.shared.store.admits(bytes);
        admitted.map_err(|error| Failure::Log(LogError::Store(error)))?;
        let permit = Permit::take(&self.budget, &self.shared.budget, bytes)?;
        let (reply, answer) = Reply::owed();
        self.post_with_others(Event::Append {
            append,
            permit,
            reply,
        })
        .await;
        answer.await.unwrap_or(Err(AppendError::Unclear))
    }

    /// Ends the shard: no record after this one. Said again, it answers the same.
    pub async fn seal(
        self: &Arc<Self>,
        epoch: u64,
        children: Vec<ShardId>,
    ) -> Result<Settled, ControlError> {
        self.control(Control::Seal { epoch, children }).await
    }

    /// Lets a child of sealed shards take records, none of which arrives before `floor`: the parents' last arrival.
    /// Said again, it answers the same.
    pub async fn activate(
        self: &Arc<Self>,
        epoch: u64,
        floor: Timestamp,
    ) -> Result<Settled, ControlError> {
        self.control(Control::Activate { epoch, floor }).await
    }

    async fn control(self: &Arc<Self>, command: Control) -> Result<Settled, ControlError> {
        let (reply, answer) = Reply::owed();
        self.post(Event::Control { command, reply });
        answer.await.unwrap_or(Err(ControlError::Unclear))
    }

    /// Does the next step towards these replicas, where the shard is led from here; says whether nothing is left to do.
    pub async fn change_replicas(
        self: &Arc<Self>,
        wanted: &[ReplicaId],
    ) -> Result<bool, ControlError> {
        // Somebody must see when the group is idle.
        self.shared.engaged(self);
        match self.group.change_replicas(wanted).await {
            Ok(is_done) => Ok(is_done),
            Err(LogError::NotLeader { leader }) => Err(ControlError::NotLeader { leader }),
            Err(error) => Err(ControlError::Log(error)),
        }
    }

    /// Hands the leadership to the replica on the disk `heir`, where the shard is led from here.
    pub async fn hand_over_to(self: &Arc<Self>, heir: u64) -> Result<(), ControlError> {
        self.shared.engaged(self);
        match self.group.hand_over_to(heir).await {
            Ok(()) => Ok(()),
            Err(LogError::NotLeader { leader }) => Err(ControlError::NotLeader { leader }),
            Err(error) => Err(ControlError::Log(error)),
        }
    }

    /// Reads records from `from` on, and says where to go on.
    ///
    /// What is damaged on this disk is replaced by another replica's, where one has it.
    pub async fn read(&self, from: ReadFrom, limits: ReadLimits) -> Result<ReadBatch, ReadError> {
        let resume = self.locate(from, limits.horizon).await?;
        let (journal, keys) = (self.group.journal(), self.shared.keys());
        let mut met = Met::default();
        loop {
            match read::read(journal, &keys, resume, limits).await {
                Err(ReadError::Log(error)) if self.group.is_mended(&error, &mut met).await => {}
                read => return read,
            }
        }
    }

    /// Turns a starting point into a log position.
    pub async fn locate(&self, from: ReadFrom, horizon: Timestamp) -> Result<Resume, ReadError> {
        self.load().await?;
        let mut met = Met::default();
        loop {
            match locate::locate(self.group.journal(), from, horizon).await {
                Err(ReadError::Log(error)) if self.group.is_mended(&error, &mut met).await => {}
                located => return located,
            }
        }
    }

    /// The shard's newest end. Reads the disk when the shard is used for the first time.
    pub async fn tip(&self) -> Result<Tip, ReadError> {
        self.load().await?;
        Ok(self.group.journal().tip().ok_or(LogError::Reloading)?)
    }

    /// Fails with [`NotLeader`](LogError::NotLeader) where another replica is known to lead.
    pub(crate) fn check_leading(&self) -> Result<(), ReadError> {
        match self.group.led_elsewhere() {
            None => Ok(()),
            leader => Err(LogError::NotLeader { leader }.into()),
        }
    }

    /// Makes sure that everything that was acknowledged before this call can be read here: otherwise the failure is
    /// [`NotLeader`](LogError::NotLeader). What was read meanwhile is good, too.
    pub(crate) async fn confirm_current(&self) -> Result<(), ReadError> {
        self.load().await?;
        Ok(self.group.confirm_current().await?)
    }

    /// The shard's newest end, if it was used before.
    pub fn known_tip(&self) -> Option<Tip> {
        self.group.journal().tip()
    }

    /// The shard's phase, epoch and numbers. Reads the disk when the shard is used for the first time.
    pub async fn settled(&self) -> Result<Settled, ReadError> {
        self.load().await?;
        let settled = self.group.journal().with_shard(Settled::of);
        Ok(settled.ok_or(LogError::Reloading)?)
    }

    /// Whether nothing was ever written to its log but how it was born and who led it, committed or not.
    pub(crate) async fn is_unused(&self) -> Result<bool, ReadError> {
        self.load().await?;
        Ok(self.group.journal().is_unused())
    }

    /// Something to wait with for what comes after the newest end.
    pub async fn tail(self: &Arc<Self>) -> Result<Tail, ReadError> {
        self.load().await?;
        Ok(Tail::new(self.clone()))
    }

    /// Trims the entries whose records arrived before `before`, at most `entries_max` of them.
    pub async fn trim(&self, before: Timestamp, entries_max: u64) -> Result<Trimmed, ReadError> {
        self.load().await?;
        trim::trim(&self.group, before, entries_max).await
    }

    /// Gives the space of what was trimmed back to the file system. Takes the disk's time.
    pub async fn release(&self) -> Result<(), ReadError> {
        self.load().await?;
        Ok(trim::release(&self.group).await?)
    }

    pub(super) async fn load(&self) -> Result<(), LogError> {
        self.group.journal().load().await
    }

    pub(super) fn journal(&self) -> &Arc<Journal> {
        self.group.journal()
    }

    pub(crate) fn group(&self) -> &Arc<Group> {
        &self.group
    }

    /// Stops the group if nothing was proposed since `before`, and nothing came from another replica for `idle_for`.
    pub(super) fn rest(self: &Arc<Self>, before: Timestamp, idle_for: Duration) {
        let (is_idle, is_stopped) = {
            let actor = self.actor();
            (actor.is_idle_since(before), actor.is_stopped())
        };
        if is_idle {
            // A replica that lacks something gets it only while its leader runs.
            if self.group.is_replicated() {
                self.post(Event::Idle);
            }
        } else if is_stopped
            && self.group.is_running()
            && !self.group.was_heard_within(idle_for)
            && self.group.is_replicated()
        {
            let this = self.clone();
            in_background(async move {
                this.group.stop().await;
                this.shared.disengaged(this.uid());
                if this.group.is_running() {
                    this.shared.engaged(&this);
                }
            });
        }
    }

    /// Takes the leadership over if nobody has it and it is this replica's turn, and gives it up if it was lost. Returns at
    /// once.
    pub(super) fn lead_if_wanted(self: &Arc<Self>) {
        if self.group.is_deposed() {
            self.post(Event::Deposed);
        } else if self.group.wants_leader() {
            self.post(Event::Lead);
        }
    }

    /// Stops the shard and removes everything that is kept for it. A large log's space is given back before this ends:
    /// deleting a stream is how a full disk is emptied.
    pub(super) async fn destroy(self: &Arc<Self>) -> Result<(), LogError> {
        self.post(Event::Destroyed);
        // A log that cannot be read can be removed all the same.
        let is_large = match self.load().await {
            Ok(()) => trim::is_worth_releasing(&self.group).await.unwrap_or(true),
            Err(_) => true,
        };
        let destroyed = self.group.destroy().await;
        self.shared.disengaged(self.uid());
        destroyed?;
        if is_large {
            trim::release_all(&self.group).await?;
        }
        Ok(())
    }

    /// Is gone from now on, as one that was destroyed before.
    pub(super) fn bury(self: &Arc<Self>) {
        self.group.journal().bury();
        self.post(Event::Destroyed);
    }

    fn stopped(self: &Arc<Self>) {
        // Before the actor hears of it, so that the next start enters the shard again after this.
        self.shared.disengaged(self.uid());
        self.post(Event::Stopped);
    }

    fn actor(&self) -> MutexGuard<'_, Actor> {
        self.actor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inbox(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an event, and works the inbox off unless somebody is at it.
    fn post(self: &Arc<Self>, event: Event) {
        self.inbox().push_back(event);
        self.work_off();
    }

    /// Takes in an event, and works the inbox off once nobody else comes along: the first to come lets all other tasks
    /// that are ready go ahead, for as long as that brings more. So what is ready together becomes one entry, on a busy
    /// machine most of all; on an idle one the wait is a look at the sockets.
    async fn post_with_others(self: &Arc<Self>, event: Event) {
        let mut waiting = {
            let mut inbox = self.inbox();
            inbox.push_back(event);
            inbox.len()
        };
        if waiting > 1 {
            return;
        }
        let promise = WorkOff(self);
        for _ in 0..WAITS_MAX {
            tokio::task::yield_now().await;
            let now = self.inbox().len();
            // As many as before, or none: somebody else worked it off meanwhile.
            if now <= waiting {
                break;
            }
            waiting = now;
        }
        drop(promise);
    }

    fn work_off(self: &Arc<Self>) {
        // Whoever holds the actor looks into the inbox once more after letting go of it, so no event is left behind.
        while !self.inbox().is_empty() {
            let mut actor = match self.actor.try_lock() {
                Ok(actor) => actor,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            self.work(&mut actor);
        }
    }

    fn work(self: &Arc<Self>, actor: &mut Actor) {
        loop {
            let events = std::mem::take(&mut *self.inbox());
            if events.is_empty() {
                return;
            }
            let now = self.shared.clock.now();
            for event in events {
                actor.take(event, now);
            }
            let recent = |token| {
                let numbers = self
                    .group
                    .journal()
                    .with_shard(|shard| shard.recent.find(token));
                numbers.flatten()
            };
            let around = Surroundings {
                now,
                recent: &recent,
            };
            while let Some(action) = actor.next(&around) {
                self.perform(action);
            }
        }
    }

    /// Does what the actor wants. Never waits.
    fn perform(self: &Arc<Self>, action: Action) {
        let this = self.clone();
        match action {
            Action::Propose { ticket, draft } => self.group.propose(draft, move |outcome| {
                let outcome =
                    outcome.ok_or_else(|| Failure::of_log(this.group.journal().last_failure()));
                this.post(Event::Told { ticket, outcome });
            }),
            Action::Start => {
                self.shared.engaged(self);
                in_background(async move {
                    let started = this.group.start().await;
                    // Whoever put hears only that it is not known: this is where the cause is told.
                    if let Err(error) = &started
                        && !matches!(error, LogError::NotLeader { .. })
                    {
                        let shard = this.uid();
                        tracing::warn!(%shard, %error, "a shard cannot be led from here");
                    }
                    this.post(Event::Started(started));
                });
            }
            Action::Stop => {
                in_background(async move {
                    this.group.stop().await;
                    this.stopped();
                });
            }
            Action::StopFailed => {
                in_background(async move {
                    this.group.stop_failed().await;
                    this.stopped();
                });
            }
        }
    }
}

/// How often the first of several appends lets others go ahead. More come only while the processors are busy, and then
/// each round is long.
const WAITS_MAX: usize = 8;

/// The promise of who found the inbox empty: it is worked off also when its caller goes away.
struct WorkOff<'a>(&'a Arc<ShardHandle>);

impl Drop for WorkOff<'_> {
    fn drop(&mut self) {
        self.0.work_off();
    }
}

impl fmt::Debug for ShardHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardHandle")
            .field("uid", &self.uid())
            .finish_non_exhaustive()
    }
}
