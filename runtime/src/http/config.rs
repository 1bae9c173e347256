//! Configuration.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use mainstay_actors::ConfigServer;
use mainstay_actors::config::{Change, ConfigPath, ConfigValue};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::BODY_MAX;
use super::access::MayChange;
use super::body::{body, declares_json};
use super::config_error::refused;
use super::error::ApiError;
use super::router::App;

/// What `GET` and `PUT /api/config/{path}` answer: the value that is there.
///
/// ```json
/// {"path":"pool.size","value":10,"version":7}
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConfigReply {
    /// Where.
    pub path: ConfigPath,
    /// The value.
    pub value: ConfigValue,
    /// The version of the whole configuration; the `ETag`, for `If-Match`.
    pub version: u64,
}

impl IntoResponse for ConfigReply {
    fn into_response(self) -> Response {
        // Digits in quotes are a header value.
        let etag = HeaderValue::try_from(format!("\"{}\"", self.version)).ok();
        let mut response = Json(self).into_response();
        response
            .headers_mut()
            .extend(etag.map(|etag| (header::ETAG, etag)));
        response
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Where {
    namespace: Option<String>,
}

type Asked = Result<Query<Where>, QueryRejection>;

pub(super) async fn read(
    State(app): State<App>,
    uri: Uri,
    asked: Asked,
) -> Result<ConfigReply, ApiError> {
    let path = path_of(&uri)?;
    let now = server(&app, asked)?.snapshot();
    let value = now.get(&path).map_err(|error| refused(&error, &path))?;
    Ok(ConfigReply {
        value,
        path,
        version: now.version(),
    })
}

pub(super) async fn write(
    _: MayChange,
    State(app): State<App>,
    uri: Uri,
    asked: Asked,
    request: Request,
) -> Result<ConfigReply, ApiError> {
    let path = path_of(&uri)?;
    let server = server(&app, asked)?;
    declares_json(request.headers())?;
    let version = version_of(request.headers())?;
    let body = body(&app, request, BODY_MAX).await?;
    let value = value(&body).map_err(|error| error.at(path.to_string()))?;
    let changed = match version {
        Some(version) => server.update_if(version, &path, value).await,
        None => server.update(&path, value).await,
    };
    let Change { value, version, .. } = changed.map_err(|error| refused(&error, &path))?;
    Ok(ConfigReply {
        path,
        value,
        version,
    })
}

/// Slashes part segments before anything is decoded, so that an encoded one can be in a key.
fn path_of(uri: &Uri) -> Result<ConfigPath, ApiError> {
    let Some(path) = uri.path().strip_prefix(PREFIX) else {
        return Ok(ConfigPath::root());
    };
    let mut segments = Vec::new();
    for part in path.split('/') {
        let text = percent_decode_str(part).decode_utf8();
        let text = text.map_err(|_| ApiError::bad_request("the path is not UTF-8"))?;
        let path = if text.is_empty() {
            ConfigPath::from_segments([""])
        } else {
            text.parse()
        };
        let path: ConfigPath = path.map_err(|error| ApiError::bad_request(error.to_string()))?;
        segments.extend_from_slice(path.segments());
    }
    ConfigPath::from_segments(segments).map_err(|error| ApiError::bad_request(error.to_string()))
}

fn server(app: &App, asked: Asked) -> Result<ConfigServer, ApiError> {
    let Query(asked) = asked.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let namespace = app.namespace(asked.namespace.as_deref())?;
    let server = ConfigServer::in_namespace(&namespace);
    server.ok_or_else(|| {
        let name = namespace.name();
        ApiError::not_found(format!("the namespace `{name}` has no config server"))
    })
}

fn version_of(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let version = bare.unwrap_or(text).parse();
    version.map(Some).map_err(|_| {
        ApiError::bad_request("If-Match: expected one version, as the ETag of an answer gives it")
    })
}

fn value(body: &[u8]) -> Result<ConfigValue, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("the body: {error}");
        if error.is_data() {
            ApiError::invalid_value(message)
        } else {
            ApiError::bad_request(message)
        }
    })
}

const PREFIX: &str = "/api/config/";
