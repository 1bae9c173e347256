//! What a refused client is told.

use std::fmt::Write;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};

use super::fields::seconds;
use crate::limiter::RateLimitError;

/// A request that is not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimitRefusal {
    error: RateLimitError,
}

impl RateLimitRefusal {
    pub(super) const fn new(error: RateLimitError) -> Self {
        Self { error }
    }

    /// Why, and by which limiter.
    #[must_use]
    pub const fn error(&self) -> &RateLimitError {
        &self.error
    }

    /// The status of the response: 429 if it came too soon; 503 if there is no room for its key, or its count is in a server that
    /// does not give it; 403 if it has no key and needs one; 413 if it costs more than a request ever may.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self.error {
            RateLimitError::MissingKey { .. } => StatusCode::FORBIDDEN,
            RateLimitError::TooCostly { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            RateLimitError::Full { .. } | RateLimitError::Unavailable { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// After how many seconds it will be let through, rounded up and never 0, where that is known: always for a 429.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u64> {
        match self.error.retry_after() {
            // Never zero, and so no less than 1 when it is rounded up.
            Some(time) => Some(seconds(time)),
            None => None,
        }
    }

    /// The type of the problem (RFC 9457), those of the draft where there is one, and its title.
    const fn problem(&self) -> (&'static str, &'static str) {
        match self.error {
            RateLimitError::MissingKey { .. } => ("about:blank", "Forbidden"),
            RateLimitError::TooCostly { .. } => ("about:blank", "Content Too Large"),
            RateLimitError::Full { .. } | RateLimitError::Unavailable { .. } => (
                "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
                "Temporary Reduced Capacity",
            ),
            _ => (
                "https://iana.org/assignments/http-problem-types#quota-exceeded",
                "Quota Exceeded",
            ),
        }
    }

    fn policy(&self) -> Option<&str> {
        match &self.error {
            RateLimitError::Exceeded(exceeded) => Some(exceeded.policy.as_str()),
            RateLimitError::Full { policy, .. } | RateLimitError::Unavailable { policy, .. } => {
                Some(policy.as_str())
            }
            _ => None,
        }
    }

    fn json(&self) -> String {
        let (kind, title) = self.problem();
        let mut json = String::from("{\"type\":");
        push_text(&mut json, kind);
        json.push_str(",\"title\":");
        push_text(&mut json, title);
        // Writing to a string does not fail.
        write!(json, ",\"status\":{},\"detail\":", self.status().as_u16()).ok();
        push_text(&mut json, &self.error.to_string());
        if let Some(policy) = self.policy() {
            json.push_str(",\"violated-policies\":[");
            push_text(&mut json, policy);
            json.push(']');
        }
        json.push('}');
        json
    }
}

/// A string of JSON (RFC 8259, 7).
fn push_text(json: &mut String, text: &str) {
    json.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => json.extend(['\\', char]),
            '\0'..='\u{1f}' => {
                write!(json, "\\u{:04x}", u32::from(char)).ok();
            }
            _ => json.push(char),
        }
    }
    json.push('"');
}

/// Makes the response to a request that is not let through. `Retry-After`, if it is not in it, and the fields of the limits are
/// added to whatever is made.
///
/// Any `Fn(&RateLimitRefusal) -> Response<B>` is one.
pub trait Respond<B> {
    /// The response.
    fn respond(&self, refusal: &RateLimitRefusal) -> Response<B>;
}

impl<B, F: Fn(&RateLimitRefusal) -> Response<B>> Respond<B> for F {
    fn respond(&self, refusal: &RateLimitRefusal) -> Response<B> {
        self(refusal)
    }
}

/// A problem as JSON (RFC 9457), of the types of the draft: `quota-exceeded` and `temporary-reduced-capacity`, with the limiter that
/// refuses as `violated-policies`.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct ProblemJson;

impl<B: From<String>> Respond<B> for ProblemJson {
    fn respond(&self, refusal: &RateLimitRefusal) -> Response<B> {
        let mut response = Response::new(B::from(refusal.json()));
        *response.status_mut() = refusal.status();
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mainstay_specs::ServiceName;

    use super::*;
    use crate::limiter::RateLimitExceeded;

    fn policy() -> ServiceName {
        ServiceName::new("a\"\\é").expect("a name")
    }

    fn all() -> [RateLimitError; 4] {
        let exceeded = RateLimitExceeded {
            policy: policy(),
            limit: 1,
            retry_after: Duration::from_nanos(1),
        };
        let (cost, max, keys) = (9, 3, 7);
        [
            RateLimitError::Exceeded(exceeded),
            RateLimitError::TooCostly {
                policy: policy(),
                cost,
                max,
            },
            RateLimitError::MissingKey { policy: policy() },
            RateLimitError::Full {
                policy: policy(),
                keys,
            },
        ]
    }

    #[test]
    fn each_refusal_has_a_status_and_a_problem_that_is_json() {
        let expected = [
            (429, "quota-exceeded", Some(1)),
            (413, "about:blank", None),
            (403, "about:blank", None),
            (503, "temporary-reduced-capacity", None),
        ];
        for (error, (status, kind, when)) in all().into_iter().zip(expected) {
            let detail = error.to_string();
            let refusal = RateLimitRefusal::new(error);
            assert_eq!(refusal.retry_after(), when);
            let response: Response<String> = ProblemJson.respond(&refusal);
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
            let json: serde_json::Value =
                serde_json::from_str(response.body()).expect("it is JSON");
            assert_eq!(json["status"], status);
            assert_eq!(json["detail"], detail);
            let found = json["type"].as_str().expect("a type");
            assert!(found.ends_with(kind), "{found}");
            let violated = json.get("violated-policies");
            let named = violated.map(|policies| policies[0].as_str().expect("a name"));
            let expected = policy();
            assert_eq!(named, (kind != "about:blank").then_some(expected.as_str()));
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        let mut json = String::new();
        push_text(&mut json, "a\n\u{1}\"");
        assert_eq!(json, "\"a\\u000a\\u0001\\\"\"");
    }
}
