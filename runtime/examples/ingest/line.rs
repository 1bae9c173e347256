//! Lines of the Common Log Format, as web servers have written it since NCSA httpd: `host ident user [time] "request" status bytes`.

use mainstay::actors::config::ConfigValue;

use crate::text::{LONGEST, Text};

/// One request that a web server has answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) host: &'a str,
    pub(crate) user: Option<&'a str>,
    pub(crate) time: &'a str,
    pub(crate) request: &'a str,
    pub(crate) status: u16,
    /// None for `-`: no body.
    pub(crate) bytes: Option<u64>,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("expected {0}, found the end of the line")]
    Missing(&'static str),
    #[error("expected {0}, found {1:?}")]
    Wrong(&'static str, String),
    #[error("expected at most {LONGEST} bytes, found more")]
    TooLong,
}

impl LineError {
    /// What was found is told as far as a person reads it.
    fn wrong(expected: &'static str, found: &str) -> Self {
        Self::Wrong(expected, found.chars().take(80).collect())
    }
}

impl<'a> Line<'a> {
    pub(crate) fn parse(line: &'a Text) -> Result<Self, LineError> {
        if line.is_cut {
            return Err(LineError::TooLong);
        }
        let (host, rest) = word(&line.text, "a host")?;
        let (_, rest) = word(rest, "an identity or -")?;
        let (user, rest) = word(rest, "a user or -")?;
        let (time, rest) = within(rest, '[', ']', "a time in brackets")?;
        let (request, rest) = within(rest, '"', '"', "a request in quotes")?;
        let (status, rest) = word(rest, "a status")?;
        let (bytes, _) = word(rest, "a number of bytes or -")?;
        Ok(Self {
            host,
            user: (user != "-").then_some(user),
            time,
            request,
            status: number(status, "a status")?,
            bytes: match bytes {
                "-" => None,
                bytes => Some(number(bytes, "a number of bytes or -")?),
            },
        })
    }

    /// As the data of an event; it is the line of this number.
    pub(crate) fn data(&self, nth: u64) -> ConfigValue {
        let mut fields = vec![
            ("line", nth.into()),
            ("host", self.host.into()),
            ("time", self.time.into()),
            ("request", self.request.into()),
            ("status", self.status.into()),
        ];
        fields.extend(self.user.map(|user| ("user", user.into())));
        fields.extend(self.bytes.map(|bytes| ("bytes", bytes.into())));
        ConfigValue::map::<_, ConfigValue>(fields)
    }
}

/// What there is up to the next space.
fn word<'a>(text: &'a str, expected: &'static str) -> Result<(&'a str, &'a str), LineError> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "" => Err(LineError::Missing(expected)),
        word => Ok((word, rest)),
    }
}

/// What there is between two signs, and after the space that follows.
fn within<'a>(
    text: &'a str,
    open: char,
    close: char,
    expected: &'static str,
) -> Result<(&'a str, &'a str), LineError> {
    if text.is_empty() {
        return Err(LineError::Missing(expected));
    }
    let inner = text
        .strip_prefix(open)
        .and_then(|rest| rest.split_once(close));
    let (inner, rest) = inner.ok_or_else(|| LineError::wrong(expected, text))?;
    Ok((inner, rest.strip_prefix(' ').unwrap_or(rest)))
}

fn number<N: std::str::FromStr>(text: &str, expected: &'static str) -> Result<N, LineError> {
    text.parse().map_err(|_| LineError::wrong(expected, text))
}
