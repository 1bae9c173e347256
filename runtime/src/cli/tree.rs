//! `mainstay tree`.

use clap::Args;

use super::exit::Exit;
use super::{client, print};

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
            print::out(body.trim_end());
            print::out("\n");
            Exit::Done
        }
        Err(error) => print::error(Exit::Failure, error),
    }
}
