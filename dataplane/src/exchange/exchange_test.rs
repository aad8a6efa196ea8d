//! Both ends in one process, with no network in between.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{
    StreamExt as _,
    future::join_all,
    stream::{self, BoxStream},
};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};
use tonic::{Code, Status};

use super::{Answer, Calls, Frames, Line, Question, answered};

/// What is asked, and the same as its answer.
#[derive(Clone, PartialEq, prost::Message)]
struct Said {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(string, tag = "2")]
    text: String,
}

impl Question for Said {
    fn set_id(&mut self, id: u64) {
        self.id = id;
    }
}

impl Answer for Said {
    fn id(&self) -> u64 {
        self.id
    }
}

fn said(text: &str) -> Said {
    Said {
        id: 0,
        text: text.to_owned(),
    }
}

/// What went over the line: the texts of each frame.
type Log = Arc<Mutex<Vec<Vec<String>>>>;

/// Echoes what is said, later what is "slow"; breaks at "break".
#[derive(Clone)]
struct Echo {
    log: Log,
    attempts: Arc<AtomicUsize>,
    /// Attempts to open a stream that fail, from the first on.
    failing: usize,
    /// One is taken by each stream before it sends anything.
    leave_to_send: Arc<Semaphore>,
}

impl Default for Echo {
    fn default() -> Self {
        Self {
            log: Log::default(),
            attempts: Arc::default(),
            failing: 0,
            leave_to_send: Arc::new(Semaphore::new(100)),
        }
    }
}

impl Echo {
    fn sent(&self) -> Vec<Vec<String>> {
        self.log.lock().expect("whole").clone()
    }
}

#[tonic::async_trait]
impl Line for Echo {
    type Request = Said;
    type Response = Said;

    const PAUSE: Duration = Duration::from_millis(100);

    async fn open(
        &self,
        frames: Frames<Said, Said>,
    ) -> Result<BoxStream<'static, Result<Vec<Said>, Status>>, Status> {
        if self.attempts.fetch_add(1, Ordering::Relaxed) < self.failing {
            return Err(Status::unimplemented("not yet"));
        }
        let leave = self.leave_to_send.acquire().await.expect("open");
        leave.forget();
        let log = self.log.clone();
        let frames = frames.map(move |frame| {
            let texts: Vec<_> = frame.iter().map(|said| said.text.clone()).collect();
            let is_broken = texts.iter().any(|text| text == "break");
            log.lock().expect("whole").push(texts);
            if is_broken {
                Err(Status::data_loss("it broke"))
            } else {
                Ok(frame)
            }
        });
        Ok(answered(frames, echo).boxed())
    }
}

async fn echo(said: Said) -> Said {
    if said.text == "slow" {
        sleep(Duration::from_secs(1)).await;
    }
    said
}

#[tokio::test]
async fn calls_that_wait_together_go_together_and_each_gets_its_own_answer() {
    let line = Echo::default();
    let calls = Calls::over(line.clone());
    let texts = ["a", "b", "c", "d"];
    let answers = join_all(texts.map(|text| calls.call(said(text)))).await;
    for (answer, text) in answers.into_iter().zip(texts) {
        assert_eq!(answer.expect("answered").text, text);
    }
    assert_eq!(line.sent(), [texts]);
}

#[tokio::test]
async fn a_frame_takes_no_more_once_it_is_large() {
    let line = Echo::default();
    let calls = Calls::over(line.clone());
    let large = "x".repeat(3 << 19);
    let answers = join_all([0; 3].map(|_| calls.call(said(&large)))).await;
    assert!(answers.iter().all(Result::is_ok));
    let lengths: Vec<_> = line.sent().iter().map(Vec::len).collect();
    assert_eq!(lengths, [2, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_is_slow_holds_nothing_up() {
    let calls = Calls::over(Echo::default());
    let slow = tokio::spawn({
        let calls = calls.clone();
        async move { calls.call(said("slow")).await }
    });
    tokio::task::yield_now().await;
    let quick = timeout(Duration::from_millis(10), calls.call(said("quick"))).await;
    assert_eq!(quick.expect("soon").expect("answered").text, "quick");
    assert!(!slow.is_finished());
    let slow = slow.await.expect("no panic");
    assert_eq!(slow.expect("answered").text, "slow");
}

#[tokio::test(start_paused = true)]
async fn who_waits_when_the_stream_breaks_hears_it_and_the_next_goes_over_another() {
    let line = Echo::default();
    let calls = Calls::over(line.clone());
    let (slow, broken) = tokio::join!(calls.call(said("slow")), async {
        sleep(Duration::from_millis(1)).await;
        calls.call(said("break")).await
    });
    for lost in [slow, broken] {
        assert_eq!(lost.expect_err("lost").code(), Code::Unavailable);
    }
    let next = calls.call(said("next")).await;
    assert_eq!(next.expect("answered").text, "next");
    assert_eq!(line.attempts.load(Ordering::Relaxed), 2);
    assert_eq!(line.sent(), [["slow"], ["break"], ["next"]]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_cannot_be_opened_is_told_to_all_who_wait() {
    let line = Echo {
        failing: 1,
        ..Echo::default()
    };
    let calls = Calls::over(line.clone());
    let answers = join_all(["a", "b"].map(|text| calls.call(said(text)))).await;
    for lost in answers {
        assert_eq!(lost.expect_err("lost").code(), Code::Unimplemented);
    }
    assert_eq!(line.sent(), Vec::<Vec<String>>::new());
    let next = calls.call(said("c")).await;
    assert_eq!(next.expect("answered").text, "c");
    assert_eq!(line.sent(), [["c"]]);
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_before_it_was_sent_is_not_sent() {
    let line = Echo {
        leave_to_send: Arc::new(Semaphore::new(0)),
        ..Echo::default()
    };
    let calls = Calls::over(line.clone());
    let (first, given_up, last) = tokio::join!(
        calls.call(said("first")),
        timeout(Duration::from_millis(5), calls.call(said("given up"))),
        async {
            sleep(Duration::from_millis(10)).await;
            line.leave_to_send.add_permits(1);
            calls.call(said("last")).await
        },
    );
    assert!(given_up.is_err());
    assert!(first.is_ok() && last.is_ok(), "{first:?} {last:?}");
    assert_eq!(line.sent().concat(), ["first", "last"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_answered_when_nothing_comes_any_more() {
    let asked = stream::iter([Ok(vec![said("slow"), said("quick")])]);
    let answers = answered(asked, echo).map(|frame| frame.expect("answers"));
    let answers: Vec<_> = answers.collect().await;
    assert_eq!(answers, [[said("quick")], [said("slow")]]);
    // Nobody is there to hear it.
    let asked = stream::iter([Ok(vec![said("slow")]), Err(Status::cancelled("gone"))]);
    assert_eq!(answered(asked, echo).count().await, 0);
}
