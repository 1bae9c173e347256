//! A task that does what a task should not.

use std::time::Duration;

use mainstay_supervisors::Child;

/// A task that keeps its thread and never awaits.
pub(super) fn child() -> Child {
    Child::task("blocker", |_| async {
        // What it waits for never comes; told so, the compiler would take the task for one that does not end.
        while !std::hint::black_box(false) {
            std::thread::sleep(Duration::from_secs(3600));
        }
    })
}
