//! A PostgreSQL for a test: a process of its own, on a free port of the loopback address, with a folder of its own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::PATIENCE;
use super::family::Family;

/// A PostgreSQL that runs, or has been killed, and ends with this.
#[derive(Debug)]
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    /// It refuses to run as root; then this is who it runs as.
    user: Option<(u32, u32)>,
    /// More of its settings.
    settings: Vec<String>,
    family: Option<Family>,
}

// Each of those that use this file uses a part of it.
#[allow(dead_code)]
impl Postgres {
    /// A new one, which does not wait for the disk: what is in it survives its own death, not that of the machine. None, after a
    /// line that says so, where there is no PostgreSQL and need not be.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&["fsync=off"])
    }

    /// A new one with settings, as in `fsync=on`.
    pub(crate) fn start_with(settings: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            let required = std::env::var_os("MAINSTAY_REQUIRE_SERVERS");
            let required = required.is_some_and(|value| value == "1");
            let missing = "no initdb and postgres, in PATH or /usr/lib/postgresql";
            assert!(!required, "{missing}");
            eprintln!("skipped: PostgreSQL (Debian's package postgresql): {missing}");
            return None;
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let folder = std::env::temp_dir().join(format!("postgres-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let user = unprivileged(&folder);
        if let Some((user, group)) = user {
            chown(&folder, Some(user), Some(group)).expect("root may do this");
        }
        let mut server = Self {
            programs,
            folder,
            port,
            user,
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
            family: None,
        };
        server.init();
        server.restart();
        Some(server)
    }

    fn init(&self) {
        let mut initdb = self.program("initdb");
        let initdb = initdb.arg("--pgdata").arg(self.folder.join("data"));
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8"]);
        initdb.args(["--locale=C", "--no-sync", "--no-instructions"]);
        let done = initdb.output().expect("initdb runs");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "initdb: {said}");
    }

    /// Starts it again, on the same port with the same data, and waits until it lets users in. If it runs, it is ended in an orderly
    /// way before, which ends all connections.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.launch();
        let began = Instant::now();
        while !self.lets_in() {
            let family = self.family.as_mut().expect("it was started");
            assert!(!family.has_ended(), "it ended: {}", self.log());
            assert!(
                began.elapsed() < PATIENCE,
                "it does not answer: {}",
                self.log()
            );
            std::thread::yield_now();
        }
    }

    /// Starts it, without waiting for it.
    fn launch(&mut self) {
        let log = self.folder.join("log");
        let log = fs::File::options().create(true).append(true).open(log);
        let mut postgres = self.program("postgres");
        let postgres = postgres.arg("-D").arg(self.folder.join("data"));
        postgres.arg("-k").arg(&self.folder);
        postgres.args(["-p", &self.port.to_string()]);
        postgres.args(["-c", "listen_addresses=127.0.0.1"]);
        for setting in &self.settings {
            postgres.args(["-c", setting]);
        }
        postgres.stdout(Stdio::null()).stderr(log.expect("a log"));
        self.family = Some(Family::start(postgres));
    }

    /// Ends it in an orderly way, with all its connections, and waits for that.
    pub(crate) fn stop(&mut self) {
        let Some(mut family) = self.family.take() else {
            return;
        };
        family.interrupt();
        let began = Instant::now();
        while !family.has_ended() {
            assert!(
                began.elapsed() < PATIENCE,
                "it does not end: {}",
                self.log()
            );
            std::thread::yield_now();
        }
    }

    /// Ends it at once with all its processes, as a crash of the machine would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut family) = self.family.take() {
            family.kill();
        }
    }

    /// Stops it where it is, with all its processes: it accepts connections and what is sent, and does not answer.
    pub(crate) fn pause(&self) {
        self.family.as_ref().expect("it runs").pause();
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.family.as_ref().expect("it runs").resume();
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The same, by its socket.
    pub(crate) fn socket(&self) -> String {
        let folder = self.folder.display();
        format!(
            "host={folder} port={} user=postgres dbname=postgres",
            self.port
        )
    }

    /// All it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn lets_in(&self) -> bool {
        let mut ready = self.program("pg_isready");
        ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        ready.status().is_ok_and(|status| status.success())
    }

    /// One of its programs, as a user that it runs as.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        // It looks for its folder from where it is started, which that user may not be allowed to.
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// The folder with its programs: in PATH, or the newest of those that Debian installs.
fn programs() -> Option<PathBuf> {
    let has_all = |folder: &PathBuf| {
        let all = ["initdb", "postgres", "pg_isready"];
        all.iter().all(|name| folder.join(name).is_file())
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = std::env::split_paths(&path).find(has_all) {
        return Some(folder);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let folders = versions.map(|version| version.path().join("bin"));
    folders.filter(has_all).max_by_key(version)
}

fn version(folder: &PathBuf) -> u32 {
    let version = Path::new(folder).parent().and_then(Path::file_name);
    let version = version.and_then(|name| name.to_str()?.parse().ok());
    version.unwrap_or_default()
}

/// Who to run as instead of root: the user that the package made for it, or nobody.
fn unprivileged(folder: &Path) -> Option<(u32, u32)> {
    let mine = fs::metadata(folder).expect("it was just made").uid();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("it is ours");
    if mine != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let numbers = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(
        numbers("postgres")
            .or_else(|| numbers("nobody"))
            .unwrap_or((65_534, 65_534)),
    )
}
