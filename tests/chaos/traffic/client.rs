//! What is asked, and what was answered.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use mainstay_actors::event_store::EventId;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::book::Said;

/// What a client asks again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asks {
    Live,
    ConfigRead,
    ConfigWrite,
    EventsRead,
    EventsWrite,
}

pub(super) const ASKS: [Asks; 5] = [
    Asks::Live,
    Asks::ConfigRead,
    Asks::ConfigWrite,
    Asks::EventsRead,
    Asks::EventsWrite,
];

/// An answer, as far as it is accounted for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Answer {
    pub(super) asks: Asks,
    pub(super) status: u16,
    /// Which guard has refused.
    pub(super) guard: Option<String>,
    pub(super) comes_back: bool,
}

/// What clients were told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) answers: BTreeMap<Answer, u64>,
    /// Requests and connections that came to no answer.
    pub(super) broken: Vec<String>,
    /// How many connections the server has closed, before a request or after.
    pub(super) closed: u64,
    /// By the text of each event.
    pub(super) events: BTreeMap<String, Said>,
    /// By the path of each setting what was put there, in order; what was refused is left out. The last is whether it is known to be there.
    pub(super) settings: BTreeMap<String, Vec<(u64, bool)>>,
}

impl Told {
    pub(super) fn add(&mut self, other: Self) {
        for (answer, count) in other.answers {
            *self.answers.entry(answer).or_default() += count;
        }
        self.broken.extend(other.broken);
        self.closed += other.closed;
        self.events.extend(other.events);
        self.settings.extend(other.settings);
    }
}

pub(super) struct Client {
    pub(super) to: SocketAddr,
    pub(super) token: String,
    pub(super) asks: Asks,
    pub(super) nth: usize,
    pub(super) is_over: watch::Receiver<bool>,
}

impl Client {
    /// Asks again and again over one connection.
    pub(super) async fn run(self) -> Told {
        let mut told = Told::default();
        let mut number = 0;
        while !*self.is_over.borrow() {
            let stream = match TcpStream::connect(self.to).await {
                Ok(stream) => stream,
                Err(error) => {
                    told.broken.push(format!("no connection: {error}"));
                    return told;
                }
            };
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            while !*self.is_over.borrow() {
                if sender.ready().await.is_err() {
                    told.closed += 1;
                    break;
                }
                number += 1;
                if let Err(error) = self.ask(number, &mut sender, &mut told).await {
                    told.broken.push(format!("{:?}: {error}", self.asks));
                }
            }
        }
        told
    }

    async fn ask(
        &self,
        number: u64,
        sender: &mut SendRequest<Full<Bytes>>,
        told: &mut Told,
    ) -> hyper::Result<()> {
        let response = sender.send_request(self.request(number)).await?;
        let status = response.status().as_u16();
        let headers = response.headers();
        let guard = headers.get("mainstay-guard");
        let answer = Answer {
            asks: self.asks,
            status,
            guard: guard.map(|guard| guard.to_str().unwrap().to_owned()),
            comes_back: headers.contains_key(header::RETRY_AFTER),
        };
        *told.answers.entry(answer).or_default() += 1;
        let body = response.into_body().collect().await?.to_bytes();
        self.note(number, status, &body, told);
        Ok(())
    }

    fn request(&self, number: u64) -> Request<Full<Bytes>> {
        let (method, path, body) = match self.asks {
            Asks::Live => (Method::GET, "/livez".to_owned(), String::new()),
            Asks::ConfigRead => (
                Method::GET,
                "/api/config/pool/size".to_owned(),
                String::new(),
            ),
            Asks::ConfigWrite => (
                Method::PUT,
                format!("/api/config/load/{}", self.setting()),
                number.to_string(),
            ),
            Asks::EventsRead => (Method::GET, "/api/events".to_owned(), String::new()),
            Asks::EventsWrite => {
                let text = self.text(number);
                let body = format!(r#"{{"event_type":"written","data":{{"text":"{text}"}}}}"#);
                (Method::POST, "/api/events".to_owned(), body)
            }
        };
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header(header::HOST, self.to.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json");
        request.body(Full::from(body)).unwrap()
    }

    fn setting(&self) -> String {
        format!("client-{}", self.nth)
    }

    fn text(&self, number: u64) -> String {
        format!("{}/{number}", self.nth)
    }

    /// What is known by that answer.
    fn note(&self, number: u64, status: u16, body: &[u8], told: &mut Told) {
        match self.asks {
            Asks::ConfigWrite if matches!(status, 200 | 504) => {
                let values = told.settings.entry(self.setting()).or_default();
                values.push((number, status == 200));
            }
            Asks::EventsWrite => {
                let said = match status {
                    201 => {
                        let body: Value = serde_json::from_slice(body).unwrap();
                        let id: EventId = body["ids"][0].to_string().parse().unwrap();
                        Said::Stored(id)
                    }
                    504 => Said::Doubtful,
                    _ => Said::Refused,
                };
                told.events.insert(self.text(number), said);
            }
            _ => {}
        }
    }
}
