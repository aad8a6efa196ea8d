//! Shards on pods, asked over gRPC.
//!
//! Owns who is believed to lead each shard: what the last answer said, and the next replica in turn while none comes.
//! Owns one connection a pod, shared by all requests (HTTP/2), and what a lost answer means: an append's outcome is then
//! unclear and the router repeats it with its token; a read is simply asked again, within its patience.
//! Invariant: a shard that is not placed yet is waited for, never guessed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anabranch_domain::catalog::{Shard, Stream};
use anabranch_domain::{PodName, ShardUid, StreamName, Timestamp};
use anabranch_proto::MESSAGE_BYTES_MAX;
use anabranch_proto::shard as pb;
use anabranch_proto::shard::shard_service_client::ShardServiceClient;
use anabranch_store::entry::KeyRing;
use tokio::time::{Instant, sleep, timeout};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tracing::debug;

use super::answers::{Answer, LedElsewhere, describe, not_now, unclear, verdict};
use super::appends::Appends;
use super::{
    Attempt, Freshness, NotAppended, PodAddresses, ReadRefused, Reader, ShardTraffic, Vantage,
    Verdict, messages,
};
use crate::dial::{Dial, Tcp};
use crate::shard::{Append, ReadBatch, ReadFrom, ReadLimits, Resume, Tip};

/// A connection that takes longer is tried anew: pods are in the same cluster.
const CONNECT_MAX: Duration = Duration::from_secs(1);
/// A pod that is silent this long under a keep-alive is taken for lost.
const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// One attempt of an append: far above a slow disk's fsync, far below a put's patience.
const APPEND_MAX: Duration = Duration::from_secs(4);
/// The same, where another replica may have taken over from one that is silent.
const REPLICATED_APPEND_MAX: Duration = Duration::from_millis(1_500);
/// How often one attempt is sent on to whom the answer names as the leader.
const HOPS_MAX: usize = 3;
/// One attempt of a read.
const READ_MAX: Duration = Duration::from_secs(10);
/// How long reads are tried again while their pod cannot be reached.
const READ_PATIENCE: Duration = Duration::from_secs(8);
/// How long a read waits for a leader that can say that there is nothing more: an election, and something. Then what any replica has
/// is given, and said not to be all.
const CURRENT_PATIENCE: Duration = Duration::from_secs(3);
/// Between two attempts of a read: doubled from this to sixteen times it.
const READ_PAUSE: Duration = Duration::from_millis(20);
/// A leader says at once how far it is.
const LOOK_MAX: Duration = Duration::from_millis(500);
/// Loads are wanted soon or not at all.
const LOADS_MAX: Duration = Duration::from_secs(3);
/// HTTP/2 flow control, in bytes: a few of the largest messages at a time.
const STREAM_WINDOW_BYTES: u32 = 8 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;

/// A pod's service.
pub(super) type Client = ShardServiceClient<Channel>;

/// Shards that are served by pods.
pub struct RemoteShards {
    addresses: PodAddresses,
    keys: Arc<KeyRing>,
    dial: Arc<dyn Dial>,
    clients: Mutex<HashMap<PodName, Connection>>,
    /// Where the leader of a shard is believed to be, if it is not the first of its replicas.
    leaders: Mutex<HashMap<ShardUid, PodName>>,
}

/// A pod's service, and where it is.
#[derive(Clone)]
struct Connection {
    url: Arc<str>,
    client: Client,
    appends: Appends,
}

impl RemoteShards {
    /// Pods at `addresses`; `keys` open what is sealed at rest.
    pub fn new(addresses: PodAddresses, keys: KeyRing) -> Self {
        Self::over(Arc::new(Tcp), addresses, keys)
    }

    /// The same, over another network than the machine's.
    pub fn over(dial: Arc<dyn Dial>, addresses: PodAddresses, keys: KeyRing) -> Self {
        Self {
            addresses,
            keys: Arc::new(keys),
            dial,
            clients: Mutex::default(),
            leaders: Mutex::default(),
        }
    }

    /// The service of the pod that is believed to lead a shard.
    fn client_of(&self, shard: &Shard) -> Result<Client, Status> {
        let pod = self.leader_of(shard);
        let pod = pod.ok_or_else(|| Status::unavailable("the shard is not placed yet"))?;
        self.client(&pod)
    }

    /// The pod that is believed to lead a shard; none while it is not placed. It need not be one that is wanted: while
    /// replicas move, another may lead.
    pub(super) fn leader_of(&self, shard: &Shard) -> Option<PodName> {
        let first = shard.replicas.first()?;
        let leaders = self.leaders.lock().unwrap_or_else(PoisonError::into_inner);
        Some(leaders.get(&shard.uid).unwrap_or(first).clone())
    }

    /// Notes that `asked` does not lead the shard, and who does; the next in turn is asked when nobody is known to.
    pub(super) fn note_leader(&self, shard: &Shard, asked: &PodName, leader: Option<PodName>) {
        self.note_leader_among(shard, &shard.replicas, asked, leader);
    }

    /// The same, where `others` are those that take turns.
    pub(super) fn note_leader_among(
        &self,
        shard: &Shard,
        others: &[PodName],
        asked: &PodName,
        leader: Option<PodName>,
    ) {
        let place = others.iter().position(|pod| pod == asked);
        let next = place.map_or(0, |place| (place + 1) % others.len());
        let named = leader.filter(|leader| leader != asked);
        let Some(leader) = named.or_else(|| others.get(next).cloned()) else {
            return;
        };
        let mut leaders = self.leaders.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.replicas.first() == Some(&leader) {
            leaders.remove(&shard.uid);
        } else {
            leaders.insert(shard.uid, leader);
        }
    }

    /// A pod's service. Connects when it is first asked.
    pub fn client(&self, pod: &PodName) -> Result<Client, Status> {
        Ok(self.connection(pod)?.client)
    }

    fn connection(&self, pod: &PodName) -> Result<Connection, Status> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(url) = self.addresses.url(pod) else {
            clients.remove(pod);
            return Err(Status::unavailable(format!("pod {pod} has no address")));
        };
        // A pod that is somewhere else now is asked there; what is under way to where it was ends by itself.
        if let Some(known) = clients.get(pod).filter(|known| *known.url == *url) {
            return Ok(known.clone());
        }
        let endpoint = Endpoint::from_shared(url.clone())
            .map_err(|error| Status::internal(error.to_string()))?
            .connect_timeout(CONNECT_MAX)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        let client = ShardServiceClient::new(self.dial.dial(endpoint))
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let connection = Connection {
            url: url.into(),
            appends: Appends::over(client.clone()),
            client,
        };
        clients.insert(pod.clone(), connection.clone());
        Ok(connection)
    }

    /// What a pod's shards were offered, with the sketches of some.
    pub async fn loads(
        &self,
        pod: &PodName,
        sketches_of: &[ShardUid],
    ) -> Result<Vec<ShardTraffic>, Status> {
        let request = pb::LoadsRequest {
            sketches_of: sketches_of
                .iter()
                .map(|uid| uid.to_bytes().to_vec().into())
                .collect(),
        };
        let mut client = self.client(pod)?;
        let answer = timeout(LOADS_MAX, client.loads(request)).await;
        let answer = answer.map_err(|_| Status::deadline_exceeded("no answer"))??;
        let loads = answer.into_inner().loads;
        let loads: Result<_, _> = loads.iter().map(messages::load_from).collect();
        loads.map_err(|malformed| Status::internal(malformed.to_string()))
    }

    /// Appends to the shard on its pod.
    pub async fn append(
        &self,
        stream: &Stream,
        shard: &Shard,
        append: Append,
        attempt: Attempt,
    ) -> Verdict {
        let count = append.records.len();
        let request = pb::AppendRequest {
            shard: Some(messages::shard_to(&stream.name, shard)),
            token: append.token.map(messages::token_to).unwrap_or_default(),
            records: append
                .records
                .into_iter()
                .map(messages::record_to)
                .collect(),
            key_id: stream
                .encryption
                .as_ref()
                .map(|id| id.as_str().to_owned())
                .unwrap_or_default(),
            is_admitted: attempt == Attempt::Repeated,
        };
        let patience = if shard.replicas.len() > 1 {
            REPLICATED_APPEND_MAX
        } else {
            APPEND_MAX
        };
        for _ in 0..HOPS_MAX {
            let Some(pod) = self.leader_of(shard) else {
                return not_now("the shard is not placed yet");
            };
            let appends = match self.connection(&pod) {
                Ok(connection) => connection.appends,
                Err(nowhere) => {
                    // It may be away for long, and another leads.
                    self.note_leader(shard, &pod, None);
                    return not_now(nowhere.message());
                }
            };
            // One copy of pointers: the records themselves are shared.
            let answer = timeout(patience, appends.append(&request, patience)).await;
            let verdict = match answer {
                Ok(Ok(response)) => {
                    if response.is_for_another() {
                        self.note_leader(shard, &pod, None);
                    }
                    verdict(response, count)
                }
                Ok(Err(status)) => {
                    self.note_leader(shard, &pod, None);
                    return unclear(describe(&status));
                }
                Err(_) => {
                    self.note_leader(shard, &pod, None);
                    return unclear(format!("no answer within {patience:?}"));
                }
            };
            let Some(Err(NotAppended::Elsewhere { leader })) = &verdict.outcome else {
                return verdict;
            };
            self.note_leader(shard, &pod, leader.clone());
            if leader.is_none() {
                break;
            }
        }
        not_now("the shard has no leader yet")
    }

    /// Reads from the shard's leader. Where none is found, what a replica has is given, and may be behind.
    pub async fn read(
        &self,
        stream: &Stream,
        shard: &Shard,
        from: ReadFrom,
        limits: ReadLimits,
        way: (Reader, Freshness),
    ) -> Result<ReadBatch, ReadRefused> {
        let request = read_request(&stream.name, shard, from, limits, way.0);
        let asked = self.ask_fresh(shard, way.1, |mut client, freshness| {
            let mut request = request.clone();
            request.set_freshness(freshness);
            async move { client.read(request).await }
        });
        let (answer, is_fresh) = asked.await?;
        let mut batch = self.batch(shard, answer)?;
        batch.may_be_behind = !is_fresh;
        Ok(batch)
    }

    fn batch(&self, shard: &Shard, answer: pb::ReadResponse) -> Result<ReadBatch, ReadRefused> {
        use pb::read_response::Outcome;
        match answer.outcome {
            Some(Outcome::Batch(batch)) => {
                messages::batch_from(shard.uid, batch, &self.keys).map_err(ReadRefused::Remote)
            }
            Some(Outcome::Throttled(_)) => Err(ReadRefused::Throttled),
            Some(Outcome::Refused(refused)) => Err(ReadRefused::Remote(refused.text)),
            None => Err(nothing()),
        }
    }

    /// Reads for a subscription from the replica that it follows; from another, where that one does not answer or has fallen back.
    pub async fn follow(
        &self,
        vantage: &mut Vantage,
        (stream, shard): (&Stream, &Shard),
        from: ReadFrom,
        limits: ReadLimits,
        freshness: Freshness,
    ) -> Result<ReadBatch, ReadRefused> {
        let request = read_request(&stream.name, shard, from, limits, Reader::FanOut);
        while let Some(pod) = vantage.pod().cloned() {
            let is_due = vantage.look_at().is_some_and(|at| Instant::now() >= at);
            let (read, leader_end) = tokio::join!(
                self.read_once(&pod, shard, request.clone()),
                self.leader_end_if(is_due, stream, shard),
            );
            match read {
                Ok(batch) => {
                    if is_due && vantage.looked(batch.tip.end_index, leader_end, Instant::now()) {
                        debug!(shard = %shard.id, %pod, "a replica fell back: its subscription is read elsewhere");
                    }
                    return Ok(batch);
                }
                Err(failed) => {
                    debug!(shard = %shard.id, %pod, %failed, "a subscription is read elsewhere");
                    vantage.leave();
                }
            }
        }
        let way = (Reader::FanOut, freshness);
        self.read(stream, shard, from, limits, way).await
    }

    /// Asks one replica once.
    async fn read_once(
        &self,
        pod: &PodName,
        shard: &Shard,
        request: pb::ReadRequest,
    ) -> Result<ReadBatch, ReadRefused> {
        let remote = |status: Status| ReadRefused::Remote(describe(&status));
        let mut client = self.client(pod).map_err(remote)?;
        let answer = timeout(REPLICATED_APPEND_MAX, client.read(request)).await;
        let answer = answer.map_err(|_| ReadRefused::Remote("no answer".to_owned()))?;
        self.batch(shard, answer.map_err(remote)?.into_inner())
    }

    /// How far the leader's log goes, if that `is_due` and it answers at once: a subscription does not wait for it.
    async fn leader_end_if(&self, is_due: bool, stream: &Stream, shard: &Shard) -> Option<u64> {
        if !is_due {
            return None;
        }
        let pod = self.leader_of(shard)?;
        let mut client = self.client(&pod).ok()?;
        let mut request = tip_request(&stream.name, shard, None, Duration::ZERO);
        request.set_freshness(pb::Freshness::Leading);
        let answer = timeout(LOOK_MAX, client.tip(request)).await.ok()?.ok()?;
        let answer = answer.into_inner();
        if let Some(elsewhere) = answer.led_elsewhere() {
            self.note_leader(shard, &pod, elsewhere.leader);
        }
        Some(tip_of(answer).ok()?.end_index)
    }

    /// Counts a call that asks for an iterator.
    pub async fn admit_iterator(&self, stream: &Stream, shard: &Shard) -> Result<(), ReadRefused> {
        let request = pb::AdmitIteratorRequest {
            shard: Some(messages::shard_to(&stream.name, shard)),
        };
        let answer = self.ask(shard, |mut client| {
            let request = request.clone();
            async move { client.admit_iterator(request).await }
        });
        if answer.await?.is_admitted {
            Ok(())
        } else {
            Err(ReadRefused::Throttled)
        }
    }

    /// Turns a starting point into a log position.
    pub async fn locate(
        &self,
        stream: &Stream,
        shard: &Shard,
        from: ReadFrom,
        horizon: Timestamp,
    ) -> Result<Resume, ReadRefused> {
        use pb::locate_response::Outcome;
        let request = pb::LocateRequest {
            shard: Some(messages::shard_to(&stream.name, shard)),
            from: Some(messages::position_to(from)),
            horizon_ms: horizon.as_millis(),
            ..pb::LocateRequest::default()
        };
        let asked = self.ask_fresh(shard, Freshness::Current, |mut client, freshness| {
            let mut request = request.clone();
            request.set_freshness(freshness);
            async move { client.locate(request).await }
        });
        // One that is before the end is before it on every replica.
        match asked.await?.0.outcome {
            Some(Outcome::Resume(resume)) => Ok(messages::resume_from(resume)),
            Some(Outcome::Refused(refused)) => Err(ReadRefused::Remote(refused.text)),
            None => Err(nothing()),
        }
    }

    /// The shard's newest end.
    pub async fn tip(&self, stream: &Stream, shard: &Shard) -> Result<Tip, ReadRefused> {
        let asked = self.ask_fresh(shard, Freshness::Current, |mut client, freshness| {
            let mut request = tip_request(&stream.name, shard, None, Duration::ZERO);
            request.set_freshness(freshness);
            async move { client.tip(request).await }
        });
        tip_of(asked.await?.0)
    }

    /// Waits until the log goes on past `end_index`, until `deadline` at most.
    pub async fn wait_past(
        &self,
        (vantage, stream, shard): (&Vantage, &Stream, &Shard),
        end_index: u64,
        deadline: Instant,
    ) {
        let deadline = vantage.look_at().map_or(deadline, |at| deadline.min(at));
        let wait = deadline.saturating_duration_since(Instant::now());
        let request = tip_request(&stream.name, shard, Some(end_index), wait);
        let asked = async {
            let mut client = match vantage.pod() {
                Some(pod) => self.client(pod)?,
                None => self.client_of(shard)?,
            };
            client.tip(request).await
        };
        // A pod that cannot be asked is not asked again at once; the next read says what there is.
        match timeout(wait + KEEP_ALIVE, asked).await {
            Ok(Ok(answer)) if is_told(answer.get_ref()) => {}
            _ => sleep(READ_PAUSE.min(wait)).await,
        }
    }

    /// Asks the shard's leader; where none is found in time that can answer as `freshness` says, any replica. Says whether the answer
    /// is one as was wanted.
    async fn ask_fresh<T, F>(
        &self,
        shard: &Shard,
        freshness: Freshness,
        call: impl Fn(Client, pb::Freshness) -> F,
    ) -> Result<(T, bool), ReadRefused>
    where
        T: Answer,
        F: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        let wanted = messages::freshness_to(freshness);
        let answer = self.ask(shard, |client| call(client, wanted)).await?;
        if answer.led_elsewhere().is_none() {
            return Ok((answer, true));
        }
        debug!(shard = %shard.id, "nobody is found who leads: any replica is read");
        let any = self.ask(shard, |client| call(client, pb::Freshness::Applied));
        Ok((any.await?, false))
    }

    /// Asks the shard's pod, again and again while it cannot be reached. A replica's refusal counts when all of them refused; that it does
    /// not lead, when nobody was found who does.
    async fn ask<T, F>(&self, shard: &Shard, call: impl Fn(Client) -> F) -> Result<T, ReadRefused>
    where
        T: Answer,
        F: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        let (mut refusals, mut hops) = (0, 0);
        let began = Instant::now();
        let deadline = began + READ_PATIENCE;
        let mut pause = READ_PAUSE;
        loop {
            let pod = self.leader_of(shard);
            let asked = async { call(self.client_of(shard)?).await };
            let patience = if shard.replicas.len() > 1 {
                REPLICATED_APPEND_MAX
            } else {
                READ_MAX
            };
            // Whoever is named is asked next, or the next in turn.
            let not_here = |leader| {
                if let Some(pod) = &pod {
                    self.note_leader(shard, pod, leader);
                }
            };
            let failure = match timeout(patience, asked).await {
                Ok(Ok(answer)) => {
                    let answer = answer.into_inner();
                    if let Some(LedElsewhere { leader }) = answer.led_elsewhere() {
                        // Nobody was found who leads. Whoever said so last can be asked for what it has.
                        if began.elapsed() >= CURRENT_PATIENCE {
                            return Ok(answer);
                        }
                        let is_named = leader.is_some();
                        not_here(leader);
                        hops += 1;
                        if is_named && hops % HOPS_MAX != 0 {
                            continue;
                        }
                        "nobody is known to lead".to_owned()
                    } else if answer.is_for_another() {
                        not_here(None);
                        refusals += 1;
                        if refusals >= shard.replicas.len() {
                            return Ok(answer);
                        }
                        continue;
                    } else {
                        return Ok(answer);
                    }
                }
                Ok(Err(status)) => {
                    not_here(None);
                    describe(&status)
                }
                Err(_) => {
                    not_here(None);
                    format!("no answer within {patience:?}")
                }
            };
            if Instant::now() + pause >= deadline {
                return Err(ReadRefused::Remote(failure));
            }
            debug!(shard = %shard.id, failure, "read tried again");
            sleep(pause).await;
            pause = (pause * 2).min(READ_PAUSE * 16);
        }
    }
}

fn read_request(
    stream: &StreamName,
    shard: &Shard,
    from: ReadFrom,
    limits: ReadLimits,
    reader: Reader,
) -> pb::ReadRequest {
    pb::ReadRequest {
        shard: Some(messages::shard_to(stream, shard)),
        from: Some(messages::position_to(from)),
        records_max: u32::try_from(limits.records_max).unwrap_or(u32::MAX),
        bytes_max: limits.bytes_max as u64,
        horizon_ms: limits.horizon.as_millis(),
        is_polling: reader == Reader::Polling,
        ..pb::ReadRequest::default()
    }
}

fn tip_request(
    stream: &StreamName,
    shard: &Shard,
    past: Option<u64>,
    wait: Duration,
) -> pb::TipRequest {
    pb::TipRequest {
        shard: Some(messages::shard_to(stream, shard)),
        past,
        wait_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX),
        ..pb::TipRequest::default()
    }
}

fn is_told(answer: &pb::TipResponse) -> bool {
    matches!(answer.outcome, Some(pb::tip_response::Outcome::Tip(_)))
}

fn tip_of(answer: pb::TipResponse) -> Result<Tip, ReadRefused> {
    use pb::tip_response::Outcome;
    match answer.outcome {
        Some(Outcome::Tip(tip)) => {
            let tip = messages::tip_from(Some(tip));
            tip.map_err(|malformed| ReadRefused::Remote(malformed.to_string()))
        }
        Some(Outcome::Refused(refused)) => Err(ReadRefused::Remote(refused.text)),
        None => Err(nothing()),
    }
}

fn nothing() -> ReadRefused {
    ReadRefused::Remote("an answer without one".to_owned())
}

impl fmt::Debug for RemoteShards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteShards")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}
