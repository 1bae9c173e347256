//! The server: accepts connections and answers what comes in.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mainstay_supervisors::StopToken;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::guarded::Peer;
use super::router::router;
use super::settings::{CONNECTIONS_MAX, Settings};

/// Serves until it is told to stop; then ends event streams and idle connections at once, and waits for requests that are
/// being answered. Dropped, it takes its connections with it.
pub(super) async fn serve(listener: TcpListener, settings: Arc<Settings>, stop: StopToken) {
    tracing::info!(address = %settings.address(), "listening");
    // Held for as long as it listens.
    let door = settings.door();
    let opened = door.map(|door| door.open(&listener));
    let router = router(settings, stop.clone());
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.stopped() => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&listener, &room) => {
                if let Some((stream, permit)) = accepted {
                    connections.spawn(connection(stream, router.clone(), stop.clone(), permit));
                }
            }
        }
    }
    drop((opened, listener));
    while connections.join_next().await.is_some() {}
}

/// The next connection, once there is room for one. `None` after a failure, to be tried again.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    // The semaphore is never closed.
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            // Out of files, most likely: it would fail again at once.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    router: axum::Router,
    stop: StopToken,
    _permit: OwnedSemaphorePermit,
) {
    // Only a matter of speed.
    stream.set_nodelay(true).ok();
    let peer = stream.peer_addr().map(|address| Peer(address.ip())).ok();
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.stopped() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection has failed");
    }
}

/// How long the head of a request may take, and how long a connection may be idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
