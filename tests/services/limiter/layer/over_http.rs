//! Over real HTTP, with axum.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use mainstay_actors::limiter::{ByIp, RateLimitLayer, RequestKeys, TrustedProxies};
use mainstay_supervisors::specs::KeyStrategy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::support::{hello, limiter, minutely};

/// The answer to a request, up to its body, in lines.
async fn ask(server: SocketAddr, forwarded: &str) -> Vec<String> {
    let mut stream = TcpStream::connect(server).await.expect("it listens");
    let request = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-forwarded-for: {forwarded}\r\n\r\n"
    );
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("it is sent");
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer).await;
    read.expect("it is answered");
    let head = answer.split("\r\n\r\n").next().expect("a head");
    head.split("\r\n").map(str::to_owned).collect()
}

fn has(lines: &[String], line: &str) -> bool {
    lines.iter().any(|found| found.eq_ignore_ascii_case(line))
}

#[tokio::test(start_paused = true)]
async fn the_client_is_known_by_its_connection_and_by_the_proxy() {
    let api = limiter("api", minutely(1).key(KeyStrategy::Ip));
    let proxies = TrustedProxies::networks(["127.0.0.0/8"]).expect("a network");
    let by_ip = ByIp::new(proxies).peer(|extensions| {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        peer.map(|peer| peer.0.ip())
    });
    let layer = RateLimitLayer::new(RequestKeys::new().ip(by_ip)).limit(api);
    let router = hello().layer(layer.expect("addresses are known"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = listener.local_addr().expect("an address");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(axum::serve(listener, service).into_future());

    let first = ask(server, "203.0.113.9").await;
    assert_eq!(first[0], "HTTP/1.1 200 OK");
    assert!(has(&first, "ratelimit: \"api\";r=0;t=60"), "{first:?}");
    let lie = ask(server, "1.1.1.1, 203.0.113.9").await;
    assert_eq!(lie[0], "HTTP/1.1 429 Too Many Requests");
    assert!(has(&lie, "retry-after: 60"), "{lie:?}");
    assert!(has(&lie, "ratelimit-policy: \"api\";q=1;w=60"), "{lie:?}");
    let other = ask(server, "203.0.113.10").await;
    assert_eq!(other[0], "HTTP/1.1 200 OK");
    serving.abort();
}
