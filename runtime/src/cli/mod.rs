//! The command line.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | what can be asked for |
//! | `run.rs` | running a node until a signal comes |
//! | `reload.rs` | going by the file anew while it runs |
//! | `spec.rs` | where its spec comes from |
//! | `check.rs`, `tree.rs`, `health.rs`, `bench_load/` | the other commands |
//! | `client.rs` | one HTTP request |
//! | `signals.rs`, `log.rs`, `exit.rs`, `print.rs` | signals, logs, exit codes, the terminal |

#[cfg(feature = "http")]
mod bench_load;
mod check;
#[cfg(feature = "http")]
mod client;
mod exit;
#[cfg(feature = "http")]
mod health;
mod log;
mod print;
mod reload;
mod run;
mod signals;
mod spec;
#[cfg(feature = "http")]
mod tree;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use exit::Exit;

/// Supervision trees that heal themselves: boots a node and serves it until it is told to stop.
#[derive(Debug, Parser)]
#[command(
    name = "mainstay",
    version,
    args_conflicts_with_subcommands = true,
    after_help = EXIT_CODES,
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serving: Serving,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Boot the node that a file describes, and serve it until SIGTERM or Ctrl-C
    Run {
        /// The node file, in RON; without one, a small demonstration
        file: Option<PathBuf>,
        /// Go by the file anew whenever it changes, as at a SIGHUP: what has changed in it is changed in the running node
        #[arg(long, requires = "file")]
        watch: bool,
        #[command(flatten)]
        serving: Serving,
    },
    /// Say what is wrong with a node file, starting nothing
    Check {
        /// The node file, in RON
        file: PathBuf,
    },
    /// Show the tree of a running node
    #[cfg(feature = "http")]
    Tree(tree::Options),
    /// Say how a running node fares
    #[cfg(feature = "http")]
    Health(health::Options),
    /// Send many requests to a running node, and say how it bore them
    #[cfg(feature = "http")]
    BenchLoad(bench_load::Options),
}

/// What goes over the node file.
#[derive(Clone, Debug, Args)]
struct Serving {
    /// Listen on this address instead of the one in the file; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    bind: Option<SocketAddr>,
    /// What callers have to present as a bearer token, instead of the one in the file
    #[arg(long, env = "MAINSTAY_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Does what the arguments say.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let exit = match cli.command {
        None => serve(None, false, cli.serving),
        Some(Command::Run {
            file,
            watch,
            serving,
        }) => serve(file, watch, serving),
        Some(Command::Check { file }) => check::check(&file),
        #[cfg(feature = "http")]
        Some(Command::Tree(options)) => in_tokio(tree::tree(options)),
        #[cfg(feature = "http")]
        Some(Command::Health(options)) => in_tokio(health::health(options)),
        #[cfg(feature = "http")]
        Some(Command::BenchLoad(options)) => in_tokio(bench_load::bench_load(options)),
    };
    exit.code()
}

fn serve(file: Option<PathBuf>, watch: bool, serving: Serving) -> Exit {
    match log::init() {
        Ok(()) => in_tokio(run::run(file, watch, serving)),
        Err(error) => print::error(Exit::Usage, error),
    }
}

fn in_tokio(work: impl Future<Output = Exit>) -> Exit {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(work);
            // Code that never awaits would hold up a runtime that waits for its threads.
            runtime.shutdown_background();
            exit
        }
        Err(error) => print::error(Exit::Failure, format_args!("cannot start threads: {error}")),
    }
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done; after a signal, everything stopped in order
  1  it could not be done, or a tree of the node has given up
  2  wrong arguments, or a node file with faults
  3  after a signal, something had to be killed
  4  `health`: the node is unhealthy
  128 + the number of the signal, when a second one came

A SIGHUP has the node go by its file anew: what has changed in it is changed in place where it can be, and restarted where not.

Logs go to stderr; MAINSTAY_LOG sets what is logged, such as `debug` or `warn,mainstay=debug`.";
