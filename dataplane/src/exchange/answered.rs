//! The side that is asked.

use futures_util::{
    FutureExt as _, Stream, StreamExt as _,
    stream::{self, FuturesUnordered},
};
use tonic::Status;

/// Requests of one stream that are under way at a time; it waits with the next.
const UNDER_WAY_MAX: usize = 4096;

/// Works the frames of one stream off. Requests are begun in the order in which they came, and are answered as they end: those that
/// ended by then in one frame. When nothing comes any more, what is under way is still answered; when the stream breaks, it is given up,
/// as nobody hears of it.
pub(crate) fn answered<Q, A, F>(
    requests: impl Stream<Item = Result<Vec<Q>, Status>> + Unpin + Send,
    begin: impl Fn(Q) -> F + Send,
) -> impl Stream<Item = Result<Vec<A>, Status>> + Send
where
    Q: Send,
    A: Send,
    F: Future<Output = A> + Send,
{
    let work = (requests.fuse(), begin, FuturesUnordered::new());
    stream::unfold(work, |(mut requests, begin, mut under_way)| async move {
        loop {
            tokio::select! {
                Some(frame) = requests.next(), if under_way.len() < UNDER_WAY_MAX => {
                    under_way.extend(frame.ok()?.into_iter().map(&begin));
                }
                Some(first) = under_way.next() => {
                    let mut answers = vec![first];
                    while let Some(Some(next)) = under_way.next().now_or_never() {
                        answers.push(next);
                    }
                    return Some((Ok(answers), (requests, begin, under_way)));
                }
                else => return None,
            }
        }
    })
}
