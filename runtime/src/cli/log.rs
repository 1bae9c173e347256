//! Logs, to stderr.

use std::env::{self, VarError};
use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

const VARIABLE: &str = "MAINSTAY_LOG";
const DEFAULT: &str = "info";

/// Logs as `MAINSTAY_LOG` says.
pub(super) fn init() -> Result<(), String> {
    let directives = match env::var(VARIABLE) {
        Ok(directives) => directives,
        Err(VarError::NotPresent) => DEFAULT.to_owned(),
        Err(error @ VarError::NotUnicode(_)) => return Err(format!("{VARIABLE}: {error}")),
    };
    let filter = EnvFilter::try_new(&directives);
    let filter = filter.map_err(|error| format!("{VARIABLE}={directives}: {error}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none())
        .with_target(false)
        .try_init()
        .map_err(|error| format!("cannot log: {error}"))
}
