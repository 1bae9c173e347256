//! Replays Erlang/OTP's supervision traces on our supervisors: `otp-replay DIR...`.
//!
//! Exits with 0 if everything is as recorded, 1 if something is not, 2 if there is nothing to compare with.

use std::io::{stderr, stdout};
use std::process::ExitCode;

use mainstay_tests::replay::command;

fn main() -> ExitCode {
    let code = command::run(std::env::args_os(), &mut stdout(), &mut stderr());
    ExitCode::from(code)
}
