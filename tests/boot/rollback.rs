//! A boot that fails leaves nothing behind.

use std::net::TcpListener;
use std::time::Duration;

use mainstay::BootError;
use mainstay::supervisors::StartError;
use tokio::sync::oneshot;

use crate::support::{Journal, builder, spec};

#[tokio::test]
async fn a_child_that_does_not_start_is_named_by_its_path_and_takes_all_before_it_back() {
    let journal = Journal::default();
    let builder = builder(&journal);
    let spec = spec(
        r#"(
            namespaces: [
                (name: "first", children: [(id: "a", kind: "recorder", args: (name: "a"))]),
                (name: "second", children: [
                    (id: "b", kind: "recorder", args: (name: "b")),
                    (id: "pool", supervisor: (), children: [
                        (id: "c", kind: "recorder", args: (name: "c")),
                        (id: "bad", kind: "broken"),
                        (id: "d", kind: "recorder", args: (name: "d")),
                    ]),
                ]),
                (name: "third", children: [(id: "e", kind: "recorder", args: (name: "e"))]),
            ],
            http: (enabled: false),
        )"#,
        &builder,
    );
    let error = builder.boot(&spec).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "second/children/pool/bad did not start: no luck"
    );
    let BootError::Start {
        path,
        error: StartError::Failed(_),
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(path, "second/children/pool/bad");
    assert_eq!(journal.lines(), ["+a", "+b", "+c", "-c", "-b", "-a"]);
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_before_anything_is_started() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let journal = Journal::default();
    let builder = builder(&journal);
    let mut spec = spec(
        r#"(namespaces: [(name: "app", children: [(id: "a", kind: "recorder", args: (name: "a"))])])"#,
        &builder,
    );
    spec.http.bind = address;
    let error = builder.boot(&spec).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {address}: Address already in use (os error 98)")
    );
    assert!(journal.lines().is_empty());
}

#[tokio::test]
async fn a_failed_boot_gives_its_port_back() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let builder = builder(&Journal::default());
    let mut spec = spec(
        r#"(namespaces: [(name: "app", children: [(id: "bad", kind: "broken")])])"#,
        &builder,
    );
    spec.http.bind = address;
    let error = builder.boot(&spec).await.unwrap_err();
    assert_eq!(error.to_string(), "app/children/bad did not start: no luck");
    TcpListener::bind(address).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_boot_that_is_interrupted_stops_what_it_has_started_and_kills_what_never_starts() {
    let journal = Journal::default();
    let builder = builder(&journal);
    let spec = spec(
        r#"(
            namespaces: [
                (name: "first", children: [(id: "a", kind: "recorder", args: (name: "a"))]),
                (name: "second", children: [(id: "b", kind: "stuck", args: (name: "b"))]),
            ],
            http: (enabled: false),
            shutdown_deadline: "3s",
        )"#,
        &builder,
    );
    let (interrupt, interrupted) = oneshot::channel::<()>();
    let waiting = journal.clone();
    tokio::spawn(async move {
        while waiting.lines().len() < 2 {
            tokio::task::yield_now().await;
        }
        drop(interrupt);
    });
    let begun = tokio::time::Instant::now();
    let cancel = async { drop(interrupted.await) };
    let error = builder.boot_until(&spec, cancel).await.unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    assert_eq!(journal.lines(), ["+a", "+b", "-a"]);
    assert_eq!(error.to_string(), "stopped while it was booting");
    let BootError::Interrupted(report) = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        report.killed,
        ["second", "second/children", "second/children/b"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_boot_that_is_dropped_stops_what_it_has_started() {
    let journal = Journal::default();
    let builder = builder(&journal);
    let spec = spec(
        r#"(
            namespaces: [
                (name: "first", children: [(id: "a", kind: "recorder", args: (name: "a"))]),
                (name: "second", children: [(id: "b", kind: "stuck", args: (name: "b"))]),
            ],
            http: (enabled: false),
        )"#,
        &builder,
    );
    let booting = tokio::time::timeout(Duration::from_secs(1), builder.boot(&spec));
    assert!(booting.await.is_err());
    while journal.lines().len() < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(journal.lines(), ["+a", "+b", "-a"]);
}

#[tokio::test]
async fn a_service_that_does_not_start_is_named_by_its_path() {
    let journal = Journal::default();
    let builder = builder(&journal);
    let spec = spec(
        r#"(
            namespaces: [(
                name: "app",
                services: (config_server: (file: "/nowhere/config.ron")),
                children: [(id: "a", kind: "recorder", args: (name: "a"))],
            )],
            http: (enabled: false),
        )"#,
        &builder,
    );
    let error = builder.boot(&spec).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "app/config_server did not start: /nowhere/config.ron: cannot be read: \
         No such file or directory (os error 2)"
    );
    assert!(journal.lines().is_empty());
}
