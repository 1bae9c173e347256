//! Going by the node file anew, at a SIGHUP and when the file changes.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use mainstay::specs::{NodeSpec, ReadError, SpecChange};
use mainstay::{Node, NodeBuilder, ReadSpec, ReloadError, SourceError};

use super::exit::Exit;
use super::{Serving, print, spec};

/// Where the spec of the node comes from, each time.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) file: Option<PathBuf>,
    pub(super) serving: Serving,
}

impl Source {
    /// Reads it, and checks what only this program knows. What is wrong has been printed when there is none.
    pub(super) fn first(&self) -> Result<NodeSpec, Exit> {
        let builder = spec::builder();
        let read = spec::read(self.file.as_deref(), &builder);
        let mut spec = spec::checked(read, &builder)?;
        if self.serving.bind.is_some() && !spec.http.enabled {
            return Err(print::error(Exit::Usage, spec::NO_HTTP));
        }
        // What is wrong with that is found when it boots, and is nothing of the file's.
        spec::put_over(&mut spec, self.serving.clone());
        Ok(spec)
    }

    /// What the node goes by: the file, and what the command line says.
    pub(super) fn read(&self, builder: &NodeBuilder) -> Result<ReadSpec, ReadError> {
        let read = spec::read(self.file.as_deref(), builder)?;
        spec::with(read, self.serving.clone())
    }

    fn name(&self) -> String {
        let file = self.file.as_deref();
        file.map_or_else(
            || "the demonstration".to_owned(),
            |file| file.display().to_string(),
        )
    }

    /// Has the node go by it; gives the spec, if it does. Whoever reads that it does can count on what `follow` has done by then.
    pub(super) async fn reload(&self, node: &Node, follow: impl FnOnce(&NodeSpec)) {
        let name = self.name();
        match node.reload_source().await {
            Ok(report) => {
                follow(&node.watch_spec().borrow());
                print::status(format_args!("reloaded {name}: {}", listed(&report.applied)));
            }
            Err(error) => self.tell(&error),
        }
    }

    fn tell(&self, error: &SourceError) {
        let name = self.name();
        print::rendered(Exit::Usage, &error.render());
        if let SourceError::Reload {
            error: ReloadError::Failed { applied, left, .. },
            ..
        } = error
        {
            print::status(format_args!("done: {}", listed(applied)));
            print::status(format_args!("not done: {}", listed(left)));
        } else {
            print::status(format_args!("{name} was not reloaded, nothing has changed"));
        }
    }
}

fn listed(changes: &[SpecChange]) -> String {
    let mut text = match changes.len() {
        0 => return "nothing".to_owned(),
        1 => "1 change".to_owned(),
        more => format!("{more} changes"),
    };
    for change in changes {
        let _infallible = write!(text, "\n  {change}");
    }
    text
}

/// What asks for a reload.
pub(super) struct Reloads {
    hangups: Hangups,
    watch: Option<Watch>,
}

impl Reloads {
    /// From now on a SIGHUP asks for a reload, and no longer ends the program; with a file, so does a change of it.
    pub(super) fn watch(file: Option<&Path>) -> io::Result<Self> {
        Ok(Self {
            hangups: hangups()?,
            watch: file.map(Watch::new),
        })
    }

    /// Waits until a reload is asked for; says by what.
    ///
    /// Cancel safety: nothing is missed when it is dropped and called again.
    pub(super) async fn next(&mut self) -> &'static str {
        let changed = async {
            match &mut self.watch {
                Some(watch) => watch.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = hung_up(&mut self.hangups) => "SIGHUP",
            () = changed => "the file has changed",
        }
    }
}

/// A file that is looked at. Whether it is written in place or put in the place of another does not matter.
struct Watch {
    file: PathBuf,
    /// As it was when it was told of last, or first looked at.
    told: Option<Stamp>,
    /// As it was at the last look: what is just being written is told of when it stays as it is for one more.
    last: Option<Stamp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    changed: Option<SystemTime>,
    bytes: u64,
    id: u64,
}

impl Watch {
    fn new(file: &Path) -> Self {
        let now = Stamp::of(file);
        Self {
            file: file.to_owned(),
            told: now,
            last: now,
        }
    }

    async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = Stamp::of(&self.file);
            let settled = now.is_some() && now == self.last;
            self.last = now;
            if settled && now != self.told {
                self.told = now;
                return;
            }
        }
    }
}

impl Stamp {
    /// None while there is no such file, as between the two steps of an editor.
    fn of(file: &Path) -> Option<Self> {
        let found = std::fs::metadata(file).ok()?;
        Some(Self {
            changed: found.modified().ok(),
            bytes: found.len(),
            id: id(&found),
        })
    }
}

#[cfg(unix)]
fn id(file: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

#[cfg(not(unix))]
const fn id(_file: &std::fs::Metadata) -> u64 {
    0
}

/// Soon enough for who has just saved it, and next to no work.
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[cfg(unix)]
type Hangups = tokio::signal::unix::Signal;

#[cfg(unix)]
fn hangups() -> io::Result<Hangups> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::hangup())
}

#[cfg(unix)]
async fn hung_up(hangups: &mut Hangups) {
    if hangups.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}

#[cfg(not(unix))]
type Hangups = ();

#[cfg(not(unix))]
const fn hangups() -> io::Result<Hangups> {
    Ok(())
}

#[cfg(not(unix))]
async fn hung_up(_hangups: &mut Hangups) {
    std::future::pending::<()>().await;
}
