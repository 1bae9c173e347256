//! Whether a process is over, as what it held finds out when it is dropped.

use std::sync::{Arc, Mutex};

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{Child, ExitReason, Process, Runtime, Supervisor, current};

/// Says when it is dropped whether its process is alive, and whether it is over.
struct Held {
    process: Option<Process>,
    said: Said,
}

type Said = Arc<Mutex<Vec<(bool, bool)>>>;

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(process) = &self.process {
            let told = (process.is_alive(), process.is_over());
            self.said.lock().expect("no panic").push(told);
        }
    }
}

/// What is said of a task that ends like this.
async fn said(waits: bool, end: impl Fn(&Process)) -> Vec<(bool, bool)> {
    let said = Said::default();
    let body = {
        let said = Arc::clone(&said);
        move |_stop| {
            let said = Arc::clone(&said);
            async move {
                let process = current();
                let _held = Held { process, said };
                if waits {
                    std::future::pending::<()>().await;
                }
            }
        }
    };
    let runtime = Runtime::new();
    let child = Child::task("task", body).restart(Restart::Temporary);
    let root = runtime.start("root", Supervisor::one_for_one().child(child));
    let root = root.await.expect("it starts");
    for process in runtime.processes() {
        if process != *root.process() {
            tokio::task::yield_now().await;
            end(&process);
            process.ended().await;
            assert!(process.is_over());
        }
    }
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    said.lock().expect("no panic").clone()
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_off_is_over_while_it_can_still_be_seen_alive() {
    assert_eq!(said(true, Process::kill).await, [(true, true)]);
    let stop = |process: &Process| process.stop(ExitReason::Shutdown);
    assert_eq!(said(true, stop).await, [(true, true)]);
}

#[tokio::test(start_paused = true)]
async fn what_a_task_lets_go_of_by_itself_is_dropped_before_it_is_over() {
    assert_eq!(said(false, |_| ()).await, [(true, false)]);
}
