//! One connection at a time, which asks again and again.

use std::time::Duration;

use axum::body::Body;
use axum::http::response;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::tally::{Failed, Tally};
use crate::cli::client::Target;

/// Asks until then, or until it is told that nobody waits for the rest: an answer that is under way is not counted then.
pub(super) async fn drive(
    target: &Target,
    token: Option<&str>,
    until: Instant,
    mut cut_short: watch::Receiver<bool>,
) -> Tally {
    let mut tally = Tally::default();
    tokio::select! {
        biased;
        () = ask_until(target, token, until, &mut tally) => {}
        _ = cut_short.wait_for(|it| *it) => {}
    }
    tally
}

/// A connection that breaks is followed by another one.
async fn ask_until(target: &Target, token: Option<&str>, until: Instant, tally: &mut Tally) {
    while Instant::now() < until {
        if let Err(failed) = ask_through_one(target, token, until, tally).await {
            tally.failure(failed);
            sleep(PAUSE).await;
        }
    }
}

/// Asks through one connection. The node closes those that it has done with, between answers: that is no failure, unless there was no answer.
async fn ask_through_one(
    target: &Target,
    token: Option<&str>,
    until: Instant,
    tally: &mut Tally,
) -> Result<(), Failed> {
    let mut sender = connect(target).await?;
    let mut is_new = true;
    while Instant::now() < until {
        let began = Instant::now();
        let exchange = timeout(TIMEOUT, exchange(&mut sender, target, token)).await;
        match exchange.unwrap_or(Err(Failed::Late))? {
            Some(head) => tally.answer(&head, began.elapsed()),
            None if is_new => return Err(Failed::Broken),
            None => return Ok(()),
        }
        is_new = false;
    }
    Ok(())
}

async fn connect(target: &Target) -> Result<SendRequest<Body>, Failed> {
    let stream = timeout(TIMEOUT, TcpStream::connect(target.address())).await;
    let stream = stream.map_err(|_| Failed::Connect)?;
    let stream = stream.map_err(|_| Failed::Connect)?;
    stream.set_nodelay(true).ok();
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = shaken.map_err(|_| Failed::Connect)?;
    // It ends with the sender; what goes wrong is told there.
    tokio::spawn(connection);
    Ok(sender)
}

/// Asks, and reads the answer to its end. `None`: the connection is closed, and nothing was asked.
async fn exchange(
    sender: &mut SendRequest<Body>,
    target: &Target,
    token: Option<&str>,
) -> Result<Option<response::Parts>, Failed> {
    if sender.ready().await.is_err() {
        return Ok(None);
    }
    // It was made once before the first connection.
    let request = target.request("*/*", token).map_err(|_| Failed::Broken)?;
    let answer = sender.send_request(request).await;
    let (head, body) = answer.map_err(|_| Failed::Broken)?.into_parts();
    let body = axum::body::to_bytes(Body::new(body), BODY_MAX).await;
    body.map_err(|_| Failed::Broken)?;
    Ok(Some(head))
}

/// For a connection, and for each exchange.
const TIMEOUT: Duration = Duration::from_secs(10);

/// After what has failed, so that a node that is not there, or takes no more connections, is not asked as often as can be.
const PAUSE: Duration = Duration::from_millis(20);

const BODY_MAX: usize = 1 << 30;
