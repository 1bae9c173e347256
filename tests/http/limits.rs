//! What is bounded.

use std::time::Duration;

use mainstay::http::STREAMS_MAX;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::client::{Ask, Stream};
use crate::support::{address, node};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn streams_beyond_the_limit_are_told_to_come_back_later() {
    let node = node("").await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS_MAX {
        streams.push(Stream::open(address(&node), Ask::get("/api/tree/events")).await);
    }
    let answer = Ask::get("/api/tree/events").send(address(&node)).await;
    assert_eq!(answer.error(), (503, "too_many_streams".into(), None));
    assert_eq!(answer.header("retry-after"), Some("5"));
    // All else goes on.
    assert_eq!(Ask::get("/livez").send(address(&node)).await.status, 200);
    // One that leaves makes room.
    streams.pop();
    while Ask::get("/api/tree/events")
        .open(address(&node))
        .await
        .status()
        != 200
    {}
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_is_closed() {
    let node = node("").await;
    for said in ["", "GET /livez HTTP/1.1\r\nhost: localhost\r\n"] {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(address(&node)).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        assert_eq!(stream.read_to_end(&mut Vec::new()).await.unwrap(), 0);
        assert_eq!(begun.elapsed().as_secs(), 15);
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_events_is_kept_alive_with_comments() {
    use http_body_util::BodyExt;
    let node = node("").await;
    let begun = Instant::now();
    let response = Ask::get("/api/tree/events").open(address(&node)).await;
    let mut body = response.into_body();
    for nth in 1..=3 {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(&frame[..], b":\n\n");
        assert_eq!(begun.elapsed().as_secs(), 15 * nth);
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_waited_for_ten_seconds() {
    let node = node(r#"(name: "production", services: (config_server: ()))"#).await;
    let mut stream = TcpStream::connect(address(&node)).await.unwrap();
    let head = "PUT /api/config/a HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer secret\r\n\
                content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n1";
    let begun = Instant::now();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert!(
        answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
        "{answer}"
    );
    assert!(answer.contains(
        r#"{"error":{"code":"request_timeout","message":"expected the whole body within 10s"}}"#
    ));
    node.stop(Duration::from_secs(5)).await;
}
