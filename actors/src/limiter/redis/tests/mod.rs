//! The scripts, against a real server, at times that the test says: they decide as the methods of local limits do.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | a server and a limit to ask it about |
//! | `agree.rs` | random calls of every method, beside the local one |
//! | `clock.rs` | a clock that goes back, large numbers |

mod agree;
mod clock;

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{Backend, RateLimitConfig, RedisBackend, ServiceName};

use super::super::digest::Digest;
use super::answer::{Answer, Left};
use super::grant::Grant;
use super::limiter::RedisLimiter;
use super::policy::Mark;
use super::question::{Deed, Question};
use super::server::Server;

/// Nobody waits for so long: only a server that is gone.
const PATIENCE: Duration = Duration::from_secs(10);

const DIGEST: Digest = Digest {
    place: 1,
    tag: 0x9E37_79B9_7F4A_7C15,
};

/// A limit of a server, which is asked at times that the test says.
#[derive(Debug)]
struct Asked {
    limiter: RedisLimiter,
    place: u64,
}

fn limiter(server: &Server, config: RateLimitConfig) -> RedisLimiter {
    let redis = RedisBackend::new(server.url(), "a secret of the tests").time_limit(PATIENCE);
    let name = ServiceName::new("api").expect("a name");
    RedisLimiter::new(name, config.backend(Backend::redis(redis))).expect("it is valid")
}

impl Asked {
    fn new(limiter: RedisLimiter, place: u64) -> Self {
        Self { limiter, place }
    }

    fn question(&self, deed: Deed, now: u64, cost: u32) -> Question {
        let digest = Digest {
            place: self.place,
            ..DIGEST
        };
        let part = self.limiter.terms().part(digest, cost);
        let mut question = Question::new(deed, vec![part]);
        question.now = Some(now);
        question
    }

    async fn ask(&self, question: Question) -> Grant {
        let link = Arc::clone(self.limiter.connection());
        link.ask(question).await.expect("it answers")
    }

    /// What is left, or when it can be had; and what gives it back.
    async fn take(&self, now: u64, cost: u32) -> Result<(Left, Grant), u64> {
        let grant = self.ask(self.question(Deed::Take, now, cost)).await;
        let part = &grant.question().parts()[0];
        let Answer { raw, parts } = grant.answer();
        assert_eq!(*raw, now);
        let left = parts[0].taken(&part.policy, cost, *raw);
        assert_eq!(left.is_ok(), parts[0].may(), "both sides decide alike");
        left.map(|left| (left, grant))
    }

    async fn look(&self, now: u64) -> Left {
        let grant = self.ask(self.question(Deed::Look, now, 1)).await;
        let part = &grant.question().parts()[0];
        grant.answer().parts[0].look(&part.policy, now)
    }

    async fn give(&self, now: u64, cost: u32, mark: Mark) {
        let mut question = self.question(Deed::Give, now, cost);
        question.mark(mark);
        self.ask(question).await;
    }
}
