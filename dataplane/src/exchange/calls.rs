//! The side that asks.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, StreamExt as _, stream::BoxStream};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};
use tonic::Status;

use super::{Answer, Question};

/// Calls that wait for the stream; more wait where they are made.
const QUEUE: usize = 1024;
/// Who is asked is in the same cluster: a stream that takes longer to open has nobody at its other end.
const OPEN_MAX: Duration = Duration::from_secs(2);
/// One frame takes no more calls once it has so many bytes.
const FRAME_BYTES_ENOUGH: usize = 2 << 20;
/// One frame takes no more calls than this.
const FRAME_CALLS_MAX: usize = 256;

/// A stream to who is asked.
#[tonic::async_trait]
pub(crate) trait Line: Send + Sync + 'static {
    /// What is asked.
    type Request: Question;
    /// What is answered.
    type Response: Answer;

    /// After an attempt to open a stream failed: calls that are made meanwhile wait for the next one so long.
    const PAUSE: Duration;

    /// Opens a stream that takes `frames`, and gives what is answered to them.
    async fn open(
        &self,
        frames: Frames<Self::Request, Self::Response>,
    ) -> Result<BoxStream<'static, Result<Vec<Self::Response>, Status>>, Status>;
}

/// Where calls to one other process are put.
#[derive(Debug)]
pub(crate) struct Calls<Q, A> {
    queue: mpsc::Sender<Call<Q, A>>,
}

impl<Q, A> Clone for Calls<Q, A> {
    fn clone(&self) -> Self {
        let queue = self.queue.clone();
        Self { queue }
    }
}

#[derive(Debug)]
struct Call<Q, A> {
    request: Q,
    answered: Answered<A>,
}

type Answered<A> = oneshot::Sender<Result<A, Status>>;

impl<Q: Question, A: Answer> Calls<Q, A> {
    /// Calls over `line`: a stream is opened when something is to be said, and again after it broke. It ends with the last clone.
    pub(crate) fn over(line: impl Line<Request = Q, Response = A>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(line, Arc::new(Mutex::new(waiting))));
        Self { queue }
    }

    /// Says something, and waits for the answer. Two calls arrive in the order in which they were first polled. A call
    /// that is given up before it was sent is not sent.
    ///
    /// # Errors
    ///
    /// The stream could not be opened, or broke before the answer came: then nobody knows what came of the call.
    pub(crate) async fn call(&self, request: Q) -> Result<A, Status> {
        let (answered, answer) = oneshot::channel();
        let queued = self.queue.send(Call { request, answered }).await;
        queued.map_err(|_| Status::cancelled("this process is about to end"))?;
        answer.await.unwrap_or_else(|_| Err(broke()))
    }
}

fn broke() -> Status {
    Status::unavailable("the connection broke")
}

type Waiting<Q, A> = Arc<Mutex<mpsc::Receiver<Call<Q, A>>>>;

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn run<L: Line>(line: L, waiting: Waiting<L::Request, L::Response>) {
    while let Some(first) = poll_fn(|context| lock(&waiting).poll_recv(context)).await {
        let under_way = Arc::new(Mutex::new(UnderWay::default()));
        let frames = Frames {
            under_way: Arc::clone(&under_way),
            waiting: Arc::clone(&waiting),
            next: lock(&under_way).begin(first),
        };
        let opened = timeout(OPEN_MAX, line.open(frames)).await;
        let opened =
            opened.unwrap_or_else(|_| Err(Status::deadline_exceeded("it does not answer")));
        match opened {
            Ok(answers) => {
                let failed = hear(answers, &under_way).await;
                lock(&under_way).end(&failed);
            }
            Err(failed) => {
                lock(&under_way).end(&failed);
                while let Ok(call) = lock(&waiting).try_recv() {
                    let _ = call.answered.send(Err(failed.clone()));
                }
                sleep(L::PAUSE).await;
            }
        }
    }
}

/// Hands the answers of a stream out, until it ends; says why it did.
async fn hear<A: Answer>(
    mut answers: BoxStream<'static, Result<Vec<A>, Status>>,
    under_way: &Mutex<UnderWay<A>>,
) -> Status {
    loop {
        match answers.next().await {
            Some(Ok(frame)) => lock(under_way).answer(frame),
            Some(Err(failed)) => return failed,
            None => return broke(),
        }
    }
}

/// Calls that were sent and are not answered.
#[derive(Debug)]
struct UnderWay<A> {
    /// By their numbers, so that they are told in their order when the stream breaks.
    answered: BTreeMap<u64, Answered<A>>,
    last_id: u64,
    is_over: bool,
}

impl<A> Default for UnderWay<A> {
    fn default() -> Self {
        Self {
            answered: BTreeMap::new(),
            last_id: 0,
            is_over: false,
        }
    }
}

impl<A: Answer> UnderWay<A> {
    /// Gives a call its number; nothing is to be sent if nobody waits for the answer.
    fn begin<Q: Question>(&mut self, call: Call<Q, A>) -> Option<Q> {
        if call.answered.is_closed() {
            return None;
        }
        let mut request = call.request;
        self.last_id += 1;
        request.set_id(self.last_id);
        self.answered.insert(self.last_id, call.answered);
        Some(request)
    }

    fn answer(&mut self, frame: Vec<A>) {
        for answer in frame {
            if let Some(answered) = self.answered.remove(&answer.id()) {
                let _ = answered.send(Ok(answer));
            }
        }
    }

    /// Nothing is sent any more, and who waits hears why.
    fn end(&mut self, failed: &Status) {
        self.is_over = true;
        for (_, answered) in mem::take(&mut self.answered) {
            let _ = answered.send(Err(failed.clone()));
        }
    }
}

/// What one stream sends: the calls that wait when it can take some, together.
#[derive(Debug)]
pub(crate) struct Frames<Q, A> {
    under_way: Arc<Mutex<UnderWay<A>>>,
    waiting: Waiting<Q, A>,
    /// The call that the stream was opened for.
    next: Option<Q>,
}

impl<Q: Question, A: Answer> Stream for Frames<Q, A> {
    type Item = Vec<Q>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Vec<Q>>> {
        let mut frame: Vec<_> = self.next.take().into_iter().collect();
        let mut under_way = lock(&self.under_way);
        // A stream that broke takes nothing away from the next one.
        if under_way.is_over {
            return Poll::Ready(None);
        }
        let mut waiting = lock(&self.waiting);
        let mut bytes = frame.first().map_or(0, Q::encoded_len);
        while bytes < FRAME_BYTES_ENOUGH && frame.len() < FRAME_CALLS_MAX {
            let call = match waiting.poll_recv(context) {
                Poll::Pending if frame.is_empty() => return Poll::Pending,
                Poll::Ready(None) if frame.is_empty() => return Poll::Ready(None),
                Poll::Pending | Poll::Ready(None) => break,
                Poll::Ready(Some(call)) => call,
            };
            let request = under_way.begin(call);
            bytes += request.as_ref().map_or(0, Q::encoded_len);
            frame.extend(request);
        }
        Poll::Ready(Some(frame))
    }
}
