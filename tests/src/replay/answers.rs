//! The calls of a scenario and their answers, which may come in a later step.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::Value;

use super::log::Log;

/// A call under way. Its output is the result as the traces write it.
pub type Call = Pin<Box<dyn Future<Output = Value> + Send>>;

/// The answers to calls, by the step that called.
#[derive(Clone, Debug, Default)]
pub struct Answers(Arc<Log<(usize, Value)>>);

impl Answers {
    /// Makes a call. When this returns, the request is on its way: later requests come after it.
    ///
    /// So the call is polled once here; only a call that is left waiting goes on in a task of its own.
    pub fn call(&self, step: usize, mut call: Call) {
        let poll = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let log = Arc::clone(&self.0);
        match poll {
            Poll::Ready(result) => log.push((step, result)),
            Poll::Pending => {
                tokio::spawn(async move { log.push((step, call.await)) });
            }
        }
    }

    /// Waits until there are so many answers from this place on.
    pub async fn wait_for(&self, place: usize, count: usize, patience: Duration) {
        let enough = |new: &[(usize, Value)]| new.len() >= count;
        self.0.wait_for(place, enough, patience).await;
    }

    /// The answers from this place on.
    #[must_use]
    pub fn since(&self, place: usize) -> BTreeMap<usize, Value> {
        self.0.since(place).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::{mpsc, oneshot};

    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn requests_are_on_their_way_in_the_order_of_the_calls() {
        let (requests, mut mailbox) = mpsc::unbounded_channel();
        let answers = Answers::default();
        for step in 0..3_usize {
            let requests = requests.clone();
            answers.call(
                step,
                Box::pin(async move {
                    let (reply, answer) = oneshot::channel();
                    requests.send((step, reply)).unwrap();
                    answer.await.unwrap()
                }),
            );
        }
        assert!(answers.since(0).is_empty());
        for expected in 0..3 {
            let (step, reply) = mailbox.recv().await.unwrap();
            assert_eq!(step, expected);
            reply.send(json!(step)).unwrap();
        }
        answers.wait_for(0, 3, LONG).await;
        let all = BTreeMap::from([(0, json!(0)), (1, json!(1)), (2, json!(2))]);
        assert_eq!(answers.since(0), all);
    }

    #[tokio::test]
    async fn an_answer_that_is_there_at_once_needs_no_waiting() {
        let answers = Answers::default();
        answers.call(7, Box::pin(async { json!("now") }));
        assert_eq!(answers.since(0), BTreeMap::from([(7, json!("now"))]));
    }
}
