//! `mainstay tree`.

use clap::Args;

use super::client::{self, ClientError};
use super::exit::Exit;
use super::print;

/// What is asked, and of whom.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where the node listens
    #[arg(long, default_value = "http://127.0.0.1:4000")]
    url: String,
    /// Print the answer of /api/tree as it is
    #[arg(long)]
    json: bool,
    /// The token of the node, which it asks for when others than its own machine can reach it
    #[arg(long, env = "MAINSTAY_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

pub(super) async fn tree(options: Options) -> Exit {
    let accept = if options.json {
        "application/json"
    } else {
        "text/plain"
    };
    let request = client::Get {
        base: &options.url,
        path: "/api/tree",
        accept,
        token: options.token.as_deref(),
    };
    match client::get(request).await {
        Ok(body) => {
            let body = body.trim_end();
            // A program reads the JSON, a person the other.
            if options.json {
                print::out(body);
            } else {
                print::out(print::clean_lines(body));
            }
            print::out("\n");
            Exit::Done
        }
        Err(error @ (ClientError::Url(_) | ClientError::Token)) => print::error(Exit::Usage, error),
        Err(error) => print::error(Exit::Failure, error),
    }
}
