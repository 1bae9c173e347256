//! One connection, which asks again and again.

use std::time::Duration;

use axum::body::Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::tally::{Failed, Tally};
use crate::cli::client::Target;

/// Asks until then. A connection that breaks is followed by another one.
pub(super) async fn drive(target: &Target, token: Option<&str>, until: Instant) -> Tally {
    let mut tally = Tally::default();
    while Instant::now() < until {
        match connect(target).await {
            Ok(mut sender) => {
                while Instant::now() < until && ask(&mut sender, target, token, &mut tally).await {}
            }
            Err(failed) => {
                tally.failure(failed);
                sleep(PAUSE).await;
            }
        }
    }
    tally
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

/// Whether the connection can be asked again.
async fn ask(
    sender: &mut SendRequest<Body>,
    target: &Target,
    token: Option<&str>,
    tally: &mut Tally,
) -> bool {
    // The node closes connections that it has done with, between answers: that is no failure.
    if sender.ready().await.is_err() {
        return false;
    }
    let Ok(request) = target.request("*/*", token) else {
        return false;
    };
    let began = Instant::now();
    let exchange = async {
        let answer = sender.send_request(request).await.ok()?;
        let (head, body) = answer.into_parts();
        axum::body::to_bytes(Body::new(body), BODY_MAX).await.ok()?;
        Some(head)
    };
    match timeout(TIMEOUT, exchange).await {
        Ok(Some(head)) => {
            tally.answer(&head, began.elapsed());
            true
        }
        Ok(None) => {
            tally.failure(Failed::Broken);
            false
        }
        Err(_) => {
            tally.failure(Failed::Late);
            false
        }
    }
}

/// For a connection, and for each exchange.
const TIMEOUT: Duration = Duration::from_secs(10);

/// After a connection that was refused, so that a node that is not there is not asked as often as can be.
const PAUSE: Duration = Duration::from_millis(20);

const BODY_MAX: usize = 1 << 30;
