//! The web service.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

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

/// An answer, and when it was asked for and had.
struct Asked {
    answer: Answer,
    begun: Instant,
    ended: Instant,
}

fn ask_for_cups(address: &str) -> Asked {
    let begun = Instant::now();
    let answer = ask(address, "GET", "/cups/7");
    let ended = Instant::now();
    Asked {
        answer,
        begun,
        ended,
    }
}

impl Asked {
    /// Whether it says to come back as long after `first` as that: to the second, as far as is known here when the two were answered.
    fn comes_back(&self, after: Duration, first: &Self) -> bool {
        let seconds = |time: Duration| after.saturating_sub(time).as_millis().div_ceil(1000);
        let (least, most) = (
            seconds(self.ended - first.begun),
            seconds(self.begun - first.ended),
        );
        let told = self.answer.header("retry-after").unwrap();
        (least..=most).contains(&told.parse().unwrap())
    }
}

fn started() -> (Running, String) {
    let mut service = Running::start(example("axum_service").env("ADDRESS", "127.0.0.1:0"));
    let line = service.line();
    let address = line.strip_prefix("listening on http://").unwrap();
    (service, address.to_owned())
}

#[test]
fn a_web_service_refuses_what_its_guards_refuse_and_stops_in_order() {
    let (service, address) = started();
    let cups = ask(&address, "GET", "/cups/7");
    assert_eq!((cups.status, cups.body.as_str()), (200, "84"));
    assert_eq!(ask(&address, "GET", "/livez").status, 200);
    assert_eq!(ask(&address, "GET", "/health").status, 200);

    // Three failures open the circuit for half a minute; it says when to come back.
    assert_eq!(
        ask(&address, "POST", "/outage").body,
        "the warehouse is down\n"
    );
    let failed: Vec<Asked> = (0..3).map(|_| ask_for_cups(&address)).collect();
    for Asked { answer, .. } in &failed {
        let why = "the warehouse does not answer\n";
        assert_eq!((answer.status, answer.body.as_str()), (502, why));
    }
    let refused = ask_for_cups(&address);
    assert_eq!(refused.answer.status, 503);
    assert!(refused.comes_back(Duration::from_secs(30), &failed[2]));

    let rest = service.stopped_by("INT");
    assert_eq!(rest.last().unwrap(), "stopped, 0 killed");
}

#[test]
fn a_web_service_is_stopped_as_containers_are_and_ends_in_order() {
    let (service, _) = started();
    let rest = service.stopped_by("TERM");
    assert_eq!(rest.last().unwrap(), "stopped, 0 killed");
}

#[test]
fn a_web_service_limits_how_often_it_is_asked() {
    let (_service, address) = started();
    // Twenty, and one more every three seconds.
    let every = Duration::from_secs(3);
    let first = ask_for_cups(&address);
    let mut served = 1;
    let mut last = ask_for_cups(&address);
    while last.answer.status == 200 {
        served += 1;
        let come_back = (last.ended - first.begun).as_millis() / every.as_millis();
        assert!(served <= 20 + come_back);
        last = ask_for_cups(&address);
    }
    assert!(served >= 20);
    assert_eq!((first.answer.status, last.answer.status), (200, 429));
    let next = every * u32::try_from(served - 19).unwrap();
    assert!(last.comes_back(next, &first));
}
