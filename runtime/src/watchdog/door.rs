//! Answering HTTP in place of an executor that does not.
//!
//! Nothing here waits: the thread that calls it has to go on watching. What is taken is bounded in number, in bytes and in time.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use super::liveness::Liveness;

/// The listening socket of the node's HTTP server, as long as that runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Door(Arc<Mutex<Option<TcpListener>>>);

impl Door {
    /// Leaves a second handle of a listening socket, until what this gives is dropped. Without one, where the system gives none,
    /// nobody answers for a blocked executor.
    pub(crate) fn open(&self, listener: &tokio::net::TcpListener) -> Opened {
        *self.listener() = duplicate(listener)
            .inspect_err(|error| {
                tracing::warn!(%error, "nobody will answer while the executor is blocked");
            })
            .ok();
        Opened(self.clone())
    }

    fn listener(&self) -> MutexGuard<'_, Option<TcpListener>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the second handle when it is dropped: before the server's end is known, so that its successor can take the port.
#[derive(Debug)]
pub(crate) struct Opened(Door);

impl Drop for Opened {
    fn drop(&mut self) {
        let listener = self.0.listener().take();
        drop(listener);
    }
}

#[cfg(unix)]
fn duplicate(listener: &tokio::net::TcpListener) -> std::io::Result<TcpListener> {
    use std::os::fd::AsFd as _;
    Ok(listener.as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn duplicate(listener: &tokio::net::TcpListener) -> std::io::Result<TcpListener> {
    use std::os::windows::io::AsSocket as _;
    Ok(listener.as_socket().try_clone_to_owned()?.into())
}

/// Whoever has come while the executor is blocked.
#[derive(Debug, Default)]
pub(super) struct Porter {
    guests: Vec<Guest>,
    is_needed: bool,
    /// What was true when the last of them came: they may ask to the end when it no longer is.
    answer: Vec<u8>,
}

#[derive(Debug)]
struct Guest {
    stream: TcpStream,
    came: Instant,
    /// The head of the request, as far as it has come.
    head: Vec<u8>,
    is_answered: bool,
}

impl Porter {
    /// How soon it is to be called again; whenever that suits, if nobody needs it.
    pub(super) fn pause(&self) -> Option<Duration> {
        (self.is_needed || !self.guests.is_empty()).then_some(PAUSE)
    }

    /// Takes in who waits, if the executor is blocked, and answers whoever has asked.
    pub(super) fn serve(&mut self, door: &Door, verdict: &Liveness, now: Instant) {
        self.is_needed = matches!(verdict, Liveness::Blocked(_));
        if self.is_needed {
            self.answer = answer(verdict);
            self.take_in(door.listener().as_ref(), now);
        }
        let answer = &self.answer;
        self.guests.retain_mut(|guest| guest.serve(answer, now));
    }

    fn take_in(&mut self, listener: Option<&TcpListener>, now: Instant) {
        let Some(listener) = listener else { return };
        while self.guests.len() < GUESTS_MAX {
            // It does not wait: the executor has set the socket so. Whatever goes wrong, the next time may be better.
            let Ok((stream, _)) = listener.accept() else {
                return;
            };
            if stream.set_nonblocking(true).is_ok() {
                self.guests.push(Guest {
                    stream,
                    came: now,
                    head: Vec::new(),
                    is_answered: false,
                });
            }
        }
    }
}

impl Guest {
    /// Whether it is to be kept.
    fn serve(&mut self, answer: &[u8], now: Instant) -> bool {
        let goes_on = self.read();
        if !self.is_answered && self.has_asked() {
            // It fits in what the system keeps for a connection; what does not is lost, and so is a client that reads nothing.
            self.stream.write_all(answer).ok();
            self.stream.shutdown(Shutdown::Write).ok();
            self.is_answered = true;
        }
        goes_on && now.duration_since(self.came) < STAY
    }

    /// Reads what there is; false if there will be nothing more. What comes after the answer is read as well, as a connection that is closed over
    /// what was not read takes the answer with it.
    fn read(&mut self) -> bool {
        let mut part = [0; 4096];
        for _ in 0..READS_MAX {
            match self.stream.read(&mut part) {
                Ok(0) => return false,
                Ok(read) => {
                    let room = HEAD_MAX.saturating_sub(self.head.len());
                    self.head.extend_from_slice(&part[..read.min(room)]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
        true
    }

    fn has_asked(&self) -> bool {
        self.head.len() >= HEAD_MAX || self.head.windows(4).any(|end| end == b"\r\n\r\n")
    }
}

/// To any request.
fn answer(verdict: &Liveness) -> Vec<u8> {
    let error = json!({"code": "blocked", "message": verdict.to_string()});
    let body = json!({"status": "dead", "error": error}).to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// How often it looks who has come.
const PAUSE: Duration = Duration::from_millis(10);
/// How many at a time; others wait outside.
const GUESTS_MAX: usize = 64;
/// How long each may take.
const STAY: Duration = Duration::from_secs(1);
/// How much of a request is kept; one whose head is longer is answered as it is.
const HEAD_MAX: usize = 8192;
/// How often one is read from before it is the next one's turn.
const READS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_come_while_it_was_blocked_is_told_so_when_it_no_longer_is() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("it can be");
        let address = listener.local_addr().expect("it has one");
        let door = Door(Arc::new(Mutex::new(Some(listener))));
        let mut client = TcpStream::connect(address).expect("it listens");
        let (mut porter, now) = (Porter::default(), Instant::now());
        let blocked = Liveness::Blocked(Duration::from_secs(12));
        while porter.guests.is_empty() {
            porter.serve(&door, &blocked, now);
        }
        client
            .write_all(b"GET /livez HTTP/1.1\r\n\r\n")
            .expect("it is read");
        while !porter.guests[0].is_answered {
            porter.serve(&door, &Liveness::Alive, now);
        }
        assert_eq!(porter.pause(), Some(PAUSE));
        let mut answer = String::new();
        client.read_to_string(&mut answer).expect("it is answered");
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(
            answer.contains("the executor has been blocked for 12 s"),
            "{answer}"
        );
        // And once he has stayed for long enough, he is gone.
        porter.serve(&door, &Liveness::Alive, now + STAY);
        assert_eq!(porter.pause(), None);
    }
}
