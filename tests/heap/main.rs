//! Heap memory that is charged to processes: this program has an allocator that does.

mod blocks;
mod ends;
mod load;
mod pinned;
mod threads;

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mainstay::alloc::Attributed;
use mainstay_supervisors::{
    Child, Process, Supervisor, TaskSupervisor, TaskSupervisorRef, current,
};
use mainstay_tests::probe::{Bed, running, within};

#[global_allocator]
static HEAP: Attributed = Attributed::system();

/// The accounts are those of the program, so tests that look at all of them run one after another.
fn alone() -> Turn {
    static TURN: Mutex<()> = Mutex::new(());
    Turn(TURN.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Held to the end of a test, which waits for nobody who wants a turn.
struct Turn(#[expect(dead_code, reason = "it is held")] MutexGuard<'static, ()>);

/// Where processes are started that give a result.
async fn tasks(bed: &Bed) -> TaskSupervisorRef {
    let tasks = Child::supervisor("tasks", TaskSupervisor::new());
    let root = bed.start(Supervisor::one_for_one().child(tasks)).await;
    let tasks = running(&root, "tasks").await.supervisor();
    tasks.expect("a supervisor").into()
}

/// Runs this as a process.
async fn as_process<T: Send + 'static>(
    tasks: &TaskSupervisorRef,
    body: impl Future<Output = T> + Send + 'static,
) -> (Process, T) {
    let task = within(tasks.async_nolink(body)).await.expect("it starts");
    let process = task.process().clone();
    let result = within(task).await.expect("it ends well");
    (process, result)
}

/// What the process that runs here holds.
fn held() -> u64 {
    let process = current().expect("a process");
    process.heap_bytes().expect("it is measured")
}

/// By how much `act` changes what the process that runs here holds.
fn change(act: impl FnOnce()) -> i64 {
    let before = held();
    act();
    held().cast_signed() - before.cast_signed()
}
