//! A process and all its children, which are paused and killed together.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::PATIENCE;

/// A process that was started here. It ends with this, and so do its children.
#[derive(Debug)]
pub(super) struct Family(Child);

impl Family {
    pub(super) fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("it starts"))
    }

    /// Whether the process itself has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("it is ours").is_some()
    }

    /// Stops all of them where they are.
    pub(super) fn pause(&self) {
        // The parent first: it makes no more children then.
        self.signal("STOP", &[self.0.id()]);
        self.signal("STOP", &self.children());
    }

    /// Lets all of them go on.
    pub(super) fn resume(&self) {
        self.signal("CONT", &self.children());
        self.signal("CONT", &[self.0.id()]);
    }

    /// Ends all of them at once, as a crash of the machine would.
    pub(super) fn kill(&mut self) {
        self.signal("STOP", &[self.0.id()]);
        let children = self.children();
        self.signal("KILL", &children);
        self.0.kill().ok();
        self.0.wait().ok();
        // Nobody here can wait for grandchildren; they are gone when their folder in /proc is.
        let began = Instant::now();
        while children.iter().any(|child| is_alive(*child)) && began.elapsed() < PATIENCE {
            std::thread::yield_now();
        }
    }

    /// Asks the process itself to end.
    pub(super) fn interrupt(&self) {
        self.signal("INT", &[self.0.id()]);
    }

    /// Those that have ended already are passed over.
    fn signal(&self, signal: &str, processes: &[u32]) {
        let Some((first, others)) = processes.split_first() else {
            return;
        };
        let mut kill = format!("kill -{signal} {first}");
        for other in others {
            kill.push_str(&format!("; kill -{signal} {other}"));
        }
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &kill]).stderr(Stdio::null());
        shell.status().expect("sh runs");
    }

    fn children(&self) -> Vec<u32> {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_child = |number: &u32| parent(*number) == Some(self.0.id());
        numbers.filter(is_child).collect()
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        self.kill();
    }
}

/// After the name of the program, which is in brackets and may hold anything, come its state and its parent.
fn stat(number: u32) -> Option<(String, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    let mut words = after.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

fn parent(number: u32) -> Option<u32> {
    Some(stat(number)?.1)
}

fn is_alive(number: u32) -> bool {
    stat(number).is_some_and(|(state, _)| state != "Z")
}
