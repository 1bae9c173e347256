//! `mainstay health`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::Value;

use super::client::{self, Answer, ClientError};
use super::exit::Exit;
use super::print::{self, clean};

/// What is asked, and of whom.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Options {
    /// Of this service or group alone
    name: Option<String>,
    /// Where the node listens
    #[arg(long, default_value = "http://127.0.0.1:4000")]
    url: String,
    /// Of this namespace alone
    #[arg(long)]
    namespace: Option<String>,
    /// Look at everything anew, instead of telling what was found last
    #[arg(long)]
    sweep: bool,
    /// Print the answer of /health as it is
    #[arg(long)]
    json: bool,
    /// Print nothing; the exit code says it
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
    /// The token of the node, without which others than its own machine are told no more than how it is
    #[arg(long, env = "MAINSTAY_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

pub(super) async fn health(options: Options) -> Exit {
    let path = path(&options);
    let asked = client::Get {
        base: &options.url,
        path: &path,
        accept: "application/json",
        token: options.token.as_deref(),
    };
    match client::ask(asked).await {
        Ok(answer) => tell(&options, &answer),
        Err(error @ (ClientError::Url(_) | ClientError::Token)) => print::error(Exit::Usage, error),
        Err(error) => print::error(Exit::Failure, error),
    }
}

fn path(options: &Options) -> String {
    let mut path = "/health".to_owned();
    if let Some(name) = &options.name {
        path.push('/');
        path.push_str(&encoded(name));
    }
    let namespace = options.namespace.as_deref().map(encoded);
    let namespace = namespace.map(|name| format!("namespace={name}"));
    let sweep = options.sweep.then(|| "sweep=true".to_owned());
    let query: Vec<String> = namespace.into_iter().chain(sweep).collect();
    if !query.is_empty() {
        path.push('?');
        path.push_str(&query.join("&"));
    }
    path
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// An answer that is no health, such as that there is no such service, is a failure to ask.
fn tell(options: &Options, answer: &Answer) -> Exit {
    let json: Option<Value> = serde_json::from_str(&answer.body).ok();
    let status = json.as_ref().and_then(|json| json["status"].as_str());
    let Some((json, exit)) = json.as_ref().zip(status.and_then(exit)) else {
        return print::error(Exit::Failure, answer.refusal(&options.url));
    };
    if options.json {
        print::out(answer.body.trim_end());
        print::out("\n");
    } else if !options.quiet {
        print::out(lines(json));
    }
    exit
}

fn exit(status: &str) -> Option<Exit> {
    match status {
        "healthy" | "degraded" => Some(Exit::Done),
        "unhealthy" | "unknown" | "dead" => Some(Exit::Unhealthy),
        _ => None,
    }
}

/// What a person sees: the whole, then what is not as it should be, then what is.
fn lines(json: &Value) -> String {
    let mut text = String::new();
    let status = json["status"].as_str().unwrap_or_default();
    let name = json["name"].as_str().or_else(|| json["namespace"].as_str());
    if let Some(name) = name {
        let _infallible = write!(text, "{} is ", clean(name));
    }
    text.push_str(status);
    if let (Some(score), Some(total)) = (
        json["overall_score"].as_f64(),
        json["total_services"].as_u64(),
    ) {
        let healthy = json["healthy_services"].as_u64().unwrap_or_default();
        let _infallible = write!(text, ": {healthy} of {total} healthy, score {score:.2}");
    } else if let Some(message) = message(json) {
        let _infallible = write!(text, ": {message}");
    }
    text.push('\n');
    services(&mut text, json);
    parts(&mut text, "  ", json);
    let left_out = json["services_left_out"].as_u64().unwrap_or_default();
    if left_out > 0 {
        let _infallible = writeln!(text, "  and {left_out} more");
    }
    text
}

fn services(text: &mut String, json: &Value) {
    let Some(services) = json["services"].as_object() else {
        return;
    };
    let mut services: Vec<_> = services.iter().collect();
    services.sort_by_key(|(_, service)| std::cmp::Reverse(badness(service)));
    let width = services.iter().map(|(name, _)| name.chars().count());
    let width = width.max().unwrap_or_default();
    for (name, service) in services {
        let status = service["status"].as_str().unwrap_or_default();
        let line = format!("  {:width$}  {status}", clean(name));
        text.push_str(&line);
        if let Some(message) = message(service) {
            let _infallible = write!(
                text,
                "{:pad$}  {message}",
                "",
                pad = WIDEST.saturating_sub(status.len())
            );
        }
        text.push('\n');
        if badness(service) > 0 {
            parts(text, "    ", service);
        }
    }
}

/// Those parts that are not healthy.
fn parts(text: &mut String, indent: &str, service: &Value) {
    let checks = service["checks"].as_array().into_iter().flatten();
    for check in checks.filter(|check| badness(check) > 0) {
        let name = clean(check["name"].as_str().unwrap_or_default());
        let status = check["status"].as_str().unwrap_or_default();
        let message = message(check).unwrap_or_default();
        let _infallible = writeln!(text, "{indent}{name} is {status}: {message}");
    }
}

fn message(json: &Value) -> Option<String> {
    let message = json["message"]
        .as_str()
        .or_else(|| json["error"]["message"].as_str());
    message.filter(|message| !message.is_empty()).map(clean)
}

fn badness(json: &Value) -> u8 {
    match json["status"].as_str() {
        Some("healthy") => 0,
        Some("degraded") => 1,
        Some("unknown") => 2,
        _ => 3,
    }
}

/// The longest status.
const WIDEST: usize = "unhealthy".len();

const EXIT_CODES: &str = "\
Exit codes, fit for scripts and for the HEALTHCHECK of a container:
  0  healthy, or degraded: it can be used
  1  not known: no node answers, or not with its health
  2  wrong arguments
  4  unhealthy, or not known to the node itself, or its executor is blocked";
