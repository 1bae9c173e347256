//! One HTTP request, to a node.

use std::io;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mainstay::http::ErrorReply;
use tokio::net::TcpStream;

use super::print;

/// What is asked, and of whom.
#[derive(Clone, Copy)]
pub(super) struct Get<'a> {
    /// Where the node is; a path before its own is kept, for a node behind a proxy.
    pub(super) base: &'a str,
    pub(super) path: &'a str,
    pub(super) accept: &'static str,
    pub(super) token: Option<&'a str>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    #[error("{0}: expected a URL such as http://127.0.0.1:4000")]
    Url(String),
    #[error("{0:?}: expected a path such as /api/config")]
    Path(String),
    #[error("the token has characters that no header can have")]
    Token,
    #[error("no node answers at {url}: {error}")]
    Connect { url: String, error: io::Error },
    #[error("no answer from {url} within {TIMEOUT:?}")]
    Timeout { url: String },
    #[error("no answer from {url}: {error}")]
    Broken { url: String, error: axum::Error },
    #[error("{url} answers {status}{}{message}", if message.is_empty() { "" } else { ": " })]
    Refused {
        url: String,
        status: axum::http::StatusCode,
        message: String,
    },
}

/// What was answered, whatever it says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: axum::http::StatusCode,
    pub(super) body: String,
}

impl Answer {
    /// What is wrong, if this is not what was asked for.
    pub(super) fn refusal(&self, url: &str) -> ClientError {
        ClientError::Refused {
            url: url.trim_end_matches('/').to_owned(),
            status: self.status,
            message: serde_json::from_str::<ErrorReply>(&self.body)
                .map(|reply| print::clean(&reply.error.message))
                .unwrap_or_default(),
        }
    }
}

/// The body of the answer, if it says OK.
pub(super) async fn get(asked: Get<'_>) -> Result<String, ClientError> {
    let answer = ask(asked).await?;
    if answer.status.is_success() {
        return Ok(answer.body);
    }
    Err(answer.refusal(asked.base))
}

/// The answer, whatever it says.
pub(super) async fn ask(asked: Get<'_>) -> Result<Answer, ClientError> {
    let target = Target::of(asked.base, asked.path)?;
    let url = asked.base.trim_end_matches('/');
    let answer = tokio::time::timeout(TIMEOUT, exchange(url, &target, asked)).await;
    answer.unwrap_or_else(|_| {
        Err(ClientError::Timeout {
            url: url.to_owned(),
        })
    })
}

/// Whom to connect to, and what to ask there.
#[derive(Clone)]
pub(super) struct Target {
    host: String,
    port: u16,
    authority: HeaderValue,
    uri: Uri,
}

impl Target {
    /// What is asked for at a node.
    ///
    /// # Errors
    ///
    /// [`ClientError::Url`] for what is no URL of a host by HTTP; [`ClientError::Path`] for what does not begin with `/`, or has what no path has.
    pub(super) fn of(base: &str, path: &str) -> Result<Self, ClientError> {
        let (host, port, authority, before) =
            place(base).ok_or_else(|| ClientError::Url(base.to_owned()))?;
        let uri = path
            .starts_with('/')
            .then(|| format!("{before}{path}").parse().ok());
        let uri = uri.flatten();
        Ok(Self {
            host,
            port,
            authority,
            uri: uri.ok_or_else(|| ClientError::Path(path.to_owned()))?,
        })
    }

    pub(super) fn address(&self) -> (&str, u16) {
        (self.host.as_str(), self.port)
    }

    pub(super) fn request(
        &self,
        accept: &'static str,
        token: Option<&str>,
    ) -> Result<Request<Body>, ClientError> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.authority.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        if let Some(token) = token {
            let bearer = HeaderValue::try_from(format!("Bearer {token}"));
            headers.insert(
                header::AUTHORIZATION,
                bearer.map_err(|_| ClientError::Token)?,
            );
        }
        Ok(request)
    }
}

/// Host, port, both as they were written, and what comes before each path.
fn place(base: &str) -> Option<(String, u16, HeaderValue, String)> {
    let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
    let base: Uri = format!("http://{rest}").parse().ok()?;
    let authority = base.authority()?;
    let host = authority.host();
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    if scheme != "http" || base.query().is_some() || host.is_empty() {
        return None;
    }
    Some((
        host.to_owned(),
        authority.port_u16().unwrap_or(80),
        HeaderValue::from_str(authority.as_str()).ok()?,
        base.path().trim_end_matches('/').to_owned(),
    ))
}

async fn exchange(url: &str, target: &Target, asked: Get<'_>) -> Result<Answer, ClientError> {
    let request = target.request(asked.accept, asked.token)?;
    let stream = TcpStream::connect(target.address()).await;
    let stream = stream.map_err(|error| ClientError::Connect {
        url: url.to_owned(),
        error,
    })?;
    let broken = |error| ClientError::Broken {
        url: url.to_owned(),
        error,
    };
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(axum::Error::new).map_err(broken)?;
    // It ends with the sender; what goes wrong is told there.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await;
    let answer = answer.map_err(axum::Error::new).map_err(broken)?;
    let status = answer.status();
    let body = to_bytes(Body::new(answer.into_body()), BODY_MAX).await;
    let body = body.map_err(broken)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Answer { status, body })
}

/// For the whole exchange.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The tree of some millions of processes.
const BODY_MAX: usize = 1 << 30;
