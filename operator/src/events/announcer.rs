//! Tells the API server, in a task of its own.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{Announcement, Severity};

/// Events that wait to be told: a burst of reshards of many streams, and not more memory than a burst is worth.
const WAITING_MAX: usize = 1024;
/// The API server takes no longer ones.
const TEXT_BYTES_MAX: usize = 1024;
const ACTION_BYTES_MAX: usize = 128;

/// Takes what is to be told.
#[derive(Debug, Clone)]
pub struct Announcer {
    waiting: mpsc::Sender<(ObjectReference, Announcement)>,
}

impl Announcer {
    /// An announcer, and the task that tells what it is given until `ends`.
    pub fn new(
        client: kube::Client,
        pod_name: &str,
        ends: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (waiting, mut told) = mpsc::channel(WAITING_MAX);
        let reporter = Reporter {
            controller: "anabranch-operator".to_owned(),
            instance: Some(pod_name.to_owned()),
        };
        let recorder = Recorder::new(client, reporter);
        let telling = async move {
            while let Some((object, announcement)) = told.recv().await {
                tell(&recorder, &object, announcement).await;
            }
        };
        let telling = async move {
            ends.run_until_cancelled(telling).await;
        };
        (Self { waiting }, telling)
    }

    /// Tells something about an object, by and by.
    pub fn tell(&self, object: &ObjectReference, announcement: Announcement) {
        if let Err(full) = self.waiting.try_send((object.clone(), announcement)) {
            debug!(%full, "event dropped: too many wait to be told");
        }
    }
}

async fn tell(recorder: &Recorder, object: &ObjectReference, announcement: Announcement) {
    let event = Event {
        type_: match announcement.severity {
            Severity::Normal => EventType::Normal,
            Severity::Warning => EventType::Warning,
        },
        reason: announcement.reason,
        note: Some(cut(announcement.text, TEXT_BYTES_MAX)),
        action: cut(announcement.action, ACTION_BYTES_MAX),
        secondary: None,
    };
    if let Err(failure) = recorder.publish(&event, object).await {
        let name = object.name.as_deref().unwrap_or_default();
        warn!(object = name, reason = event.reason, %failure, "event not told");
    }
}

/// The beginning of a text that is too long.
fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        let mut end = bytes_max - '…'.len_utf8();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_text_that_is_too_long_is_cut_between_letters() {
        assert_eq!(cut("abc".to_owned(), 5), "abc");
        assert_eq!(cut("ab…cdef".to_owned(), 7), "ab…");
        assert_eq!(cut("abcdefgh".to_owned(), 7), "abcd…");
    }
}
