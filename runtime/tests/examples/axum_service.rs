//! The web service.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::example::{Running, example};

/// What a request is answered.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
    }
}

fn ask(address: &str, method: &str, path: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

#[test]
fn a_web_service_refuses_what_its_guards_refuse_and_stops_in_order() {
    let mut service = Running::start(example("axum_service").env("ADDRESS", "127.0.0.1:0"));
    let address = service.line();
    let address = address.strip_prefix("listening on http://").unwrap();

    let cups = ask(address, "GET", "/cups/7");
    assert_eq!((cups.status, cups.body.as_str()), (200, "84"));
    assert_eq!(ask(address, "GET", "/health").status, 200);

    // Three failures open the circuit; it says when to come back.
    assert_eq!(
        ask(address, "POST", "/outage").body,
        "the warehouse is down\n"
    );
    for _ in 0..3 {
        let failed = ask(address, "GET", "/cups/7");
        assert_eq!(failed.status, 502);
        assert_eq!(failed.body, "the warehouse does not answer\n");
    }
    let refused = ask(address, "GET", "/cups/7");
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (503, Some("30"))
    );

    let rest = service.stopped_by("INT");
    assert_eq!(rest.last().unwrap(), "stopped, 0 killed");
}

#[test]
fn a_web_service_limits_how_often_it_is_asked() {
    let mut service = Running::start(example("axum_service").env("ADDRESS", "127.0.0.1:0"));
    let address = service.line();
    let address = address.strip_prefix("listening on http://").unwrap();
    let answers: Vec<Answer> = (0..21).map(|_| ask(address, "GET", "/cups/1")).collect();
    let (served, refused) = answers.split_at(20);
    assert!(served.iter().all(|answer| answer.status == 200));
    // One token comes back in three seconds.
    assert_eq!(
        (refused[0].status, refused[0].header("retry-after")),
        (429, Some("3"))
    );
}
