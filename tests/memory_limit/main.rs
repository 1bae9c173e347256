//! A process that may take 256 MiB of addresses, and is loaded with far more: without a memory manager it dies, with one it lives on.
//!
//! The process under the limit is this binary again, with the test [`load`] alone; the limit is that of the operating system
//! (`RLIMIT_AS`, which `ulimit -v` of the shell sets).
//!
//! | file | holds |
//! |---|---|
//! | `main.rs` | the tests, and the process that is limited |
//! | `load.rs` | the load: events, more than there is room for |

#![cfg(target_os = "linux")]

mod load;

use std::process::{Command, Output};

use mainstay::alloc::Attributed;

#[global_allocator]
static HEAP: Attributed = Attributed::system();

/// Which load the process is to take, if it is one that is limited.
const LOAD: &str = "MAINSTAY_TEST_LOAD";

/// Runs this binary again, with 256 MiB of addresses.
fn limited(load: &str) -> Output {
    let this = std::env::current_exe().expect("a path");
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 262144 && exec \"$0\" \"$@\""])
        .arg(this)
        .args([
            "--exact",
            "load",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(LOAD, load)
        // One arena, and large blocks go back to the system when they are freed: so what is free is no longer taken.
        .env("MALLOC_ARENA_MAX", "1")
        .env("MALLOC_MMAP_THRESHOLD_", "32768")
        .output();
    output.expect("there is a shell")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_a_memory_manager_the_process_dies() {
    let output = limited("unprotected");
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(!output.status.success(), "{stdout}{stderr}");
    assert!(stdout.contains("begins"), "{stdout}{stderr}");
    assert!(!stdout.contains("survived"), "{stdout}{stderr}");
    assert!(stderr.contains("memory allocation of"), "{stdout}{stderr}");
}

#[test]
fn with_a_memory_manager_the_process_survives_ten_of_ten_times_and_keeps_answering() {
    // Mostly they wait. Five at a time, which take 1.25 GiB.
    for from in [1, 6] {
        let five = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..5)
                .map(|_| scope.spawn(|| limited("protected")))
                .collect();
            runs.into_iter()
                .map(|run| run.join().expect("no panic"))
                .collect::<Vec<_>>()
        });
        for (nth, output) in (from..).zip(five) {
            let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
            assert!(output.status.success(), "run {nth}: {stdout}{stderr}");
            assert!(stdout.contains("survived"), "run {nth}: {stdout}{stderr}");
        }
    }
}

#[test]
#[ignore = "the process under the limit; the other tests run it"]
fn load() {
    match std::env::var(LOAD).as_deref() {
        Ok("protected") => load::run(true),
        Ok("unprotected") => load::run(false),
        // Somebody runs all that is ignored.
        _ => {}
    }
}
