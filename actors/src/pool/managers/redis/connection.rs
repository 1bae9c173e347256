//! A connection that keeps book of what is left in it.

use std::fmt;
use std::sync::Arc;

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::{
    AsyncConnectionConfig, Client, Cmd, Pipeline, ProtocolVersion, RedisConnectionInfo, RedisError,
    RedisFuture, RedisResult, Value, cmd, pipe,
};

use mainstay_specs::RedisReset;

use super::error::RedisPoolError;
use super::options::RedisOptions;
use super::traces::Trace;
use crate::pool::manager::Condition;

/// A connection to Redis. Commands are sent by it as by any other of the crate `redis`: `cmd("GET").arg("x").query_async(&mut c)`.
///
/// It cannot be cloned: when it is given back, nobody else has it.
///
/// # Cancel safety
///
/// A command whose future is dropped goes on in the server. Its answer, when it comes, is thrown away; until then the connection is
/// dirty.
pub struct RedisConnection(Box<Session>);

struct Session {
    link: MultiplexedConnection,
    /// What all commands so far have left.
    trace: Trace,
    /// Whether the server is gone.
    is_over: bool,
    /// What the server has to be told after a reset.
    settings: Arc<RedisConnectionInfo>,
    reset: RedisReset,
}

impl RedisConnection {
    pub(super) async fn open(options: &RedisOptions) -> Result<Self, RedisPoolError> {
        options.check()?;
        let client = Client::open(options.info.clone()).map_err(RedisPoolError::Address)?;
        // The pool limits how long it may take to connect.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(Some(options.response_timeout));
        let link = client
            .get_multiplexed_async_connection_with_config(&config)
            .await;
        let session = Session {
            link: link.map_err(RedisPoolError::Connect)?,
            trace: Trace::Nothing,
            is_over: false,
            settings: Arc::new(options.info.redis_settings().clone()),
            reset: options.reset,
        };
        Ok(Self(Box::new(session)))
    }

    /// Whether the server is there, as far as is known on this side.
    pub(super) const fn is_open(&self) -> bool {
        !self.0.is_over
    }

    pub(super) fn condition(&self) -> Condition {
        match (self.0.trace, self.0.reset) {
            _ if self.0.is_over => Condition::Broken,
            (Trace::Nothing, _) => Condition::Clean,
            (Trace::Session, RedisReset::Session) => Condition::Dirty,
            (Trace::Session | Trace::Unusable, _) => Condition::Broken,
        }
    }

    pub(super) async fn ping(&mut self) -> Result<(), RedisPoolError> {
        let answer = self.req_packed_command(&cmd("PING")).await;
        answer.map(drop).map_err(RedisPoolError::Ping)
    }

    pub(super) async fn reset(&mut self) -> Result<(), RedisPoolError> {
        let hello = hello(&self.0.settings);
        let done = hello.exec_async(&mut *self).await;
        done.map_err(RedisPoolError::Reset)?;
        self.0.trace = Trace::Nothing;
        Ok(())
    }
}

/// What brings a connection back, and makes it known again.
fn hello(settings: &RedisConnectionInfo) -> Pipeline {
    let mut hello = pipe();
    hello.cmd("RESET");
    let user = settings.username().unwrap_or("default");
    let is_resp3 = settings.protocol() == ProtocolVersion::RESP3;
    if is_resp3 {
        hello.cmd("HELLO").arg(3);
    }
    if let Some(password) = settings.password() {
        if !is_resp3 {
            hello.cmd("AUTH");
            if settings.username().is_none() {
                hello.arg(password);
            } else {
                hello.arg(user).arg(password);
            }
        } else {
            hello.arg("AUTH").arg(user).arg(password);
        }
    }
    if settings.db() != 0 {
        hello.cmd("SELECT").arg(settings.db());
    }
    hello
}

impl Session {
    /// Until its answer is there, a command leaves something. Gives what is left then, if all goes well.
    fn begin(&mut self, leaves: Trace) -> Trace {
        let after = self.trace.max(leaves);
        self.trace = after.max(Trace::Session);
        after
    }

    fn end<T>(&mut self, after: Trace, result: &RedisResult<T>) {
        match result {
            // The answer may still come, to nobody.
            Err(error) if error.is_timeout() => {}
            Err(error) if ends(error) => self.is_over = true,
            Ok(_) | Err(_) => self.trace = after,
        }
    }
}

fn ends(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error()
}

impl ConnectionLike for RedisConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let after = self.0.begin(Trace::of(command));
            let answer = self.0.link.req_packed_command(command).await;
            self.0.end(after, &answer);
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let leaves = pipeline.cmd_iter().map(Trace::of).max();
            let after = self.0.begin(leaves.unwrap_or_default());
            let answer = self
                .0
                .link
                .req_packed_commands(pipeline, offset, count)
                .await;
            self.0.end(after, &answer);
            answer
        })
    }

    fn get_db(&self) -> i64 {
        self.0.link.get_db()
    }
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConnection")
            .field("condition", &self.condition())
            .finish_non_exhaustive()
    }
}
