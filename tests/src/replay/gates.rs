//! Gates: start attempts that block until the scenario lets them go on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// The blocked start attempts of a scenario, by path.
#[derive(Debug, Default)]
pub struct Gates(Mutex<HashMap<String, oneshot::Sender<()>>>);

impl Gates {
    /// Blocks an attempt of this path. What is returned is to be awaited; it ends when the path is released.
    ///
    /// Cancel safety: dropping it leaves a gate behind that nobody waits at; the next attempt replaces it.
    pub fn block(&self, path: &str) -> impl Future<Output = ()> + Send + use<> {
        let (release, released) = oneshot::channel();
        self.lock().insert(path.to_owned(), release);
        async move {
            if released.await.is_err() {
                // Replaced or cleared: whoever waited here is of no interest any more.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Lets the blocked attempt of this path go on; false if there is none.
    pub fn release(&self, path: &str) -> bool {
        let gate = self.lock().remove(path);
        gate.is_some_and(|release| release.send(()).is_ok())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_released_attempt_goes_on() {
        let gates = Gates::default();
        let blocked = gates.block("root/a");
        assert!(gates.release("root/a"));
        blocked.await;
        assert!(!gates.release("root/a"));
    }

    #[tokio::test]
    async fn an_attempt_that_was_given_up_cannot_be_released() {
        let gates = Gates::default();
        drop(gates.block("root/a"));
        assert!(!gates.release("root/a"));
        assert!(!gates.release("root/b"));
    }
}
