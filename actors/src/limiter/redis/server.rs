//! A Redis for a test: a process of its own, on a free port of the loopback address, with a folder of its own. The tests of the whole
//! use this file too.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Redis that runs, or has been killed, and ends with this.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    folder: PathBuf,
    process: Option<Child>,
}

// Each of those that use this file uses a part of it.
#[allow(dead_code)]
impl Server {
    /// A new one; none, after a line that says so, where there is no `redis-server` and need not be.
    pub(crate) fn start() -> Option<Self> {
        if let Err(error) = Command::new("redis-server").arg("--version").output() {
            let required = std::env::var_os("MAINSTAY_REQUIRE_SERVERS");
            let required = required.is_some_and(|value| value == "1");
            assert!(!required, "redis-server: {error}");
            eprintln!("skipped: redis-server (Debian's package redis-server): {error}");
            return None;
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let folder = std::env::temp_dir().join(format!("redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut server = Self {
            port,
            folder,
            process: None,
        };
        server.restart();
        Some(server)
    }

    /// Starts it again, empty, on the same port, and waits until it answers.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(&self.folder)
            .args(["--unixsocket", "redis.sock"]);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().expect("it starts"));
        let began = Instant::now();
        while !self
            .try_ask(&["PING"])
            .is_ok_and(|answer| answer == "+PONG\r\n")
        {
            assert!(began.elapsed() < PATIENCE, "it does not answer");
            std::thread::yield_now();
        }
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it can be killed");
            process.wait().expect("it ends");
        }
    }

    /// Stops it where it is: it accepts what is sent, and does not answer.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().expect("it runs");
        let kill = format!("kill -{signal} {}", process.id());
        let mut shell = Command::new("sh");
        let status = shell.args(["-c", &kill]).status();
        assert!(status.expect("sh runs").success());
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// The same, by its socket.
    pub(crate) fn socket(&self) -> String {
        format!("unix://{}", self.folder.join("redis.sock").display())
    }

    /// What it answers to one command, as it is sent; it has to be short.
    pub(crate) fn ask(&self, words: &[&str]) -> String {
        self.try_ask(words).expect("it answers")
    }

    fn try_ask(&self, words: &[&str]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        stream.write_all(command.as_bytes())?;
        stream.write_all(b"*1\r\n$4\r\nQUIT\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        Ok(answer.trim_end_matches("+OK\r\n").to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().ok();
            process.wait().ok();
        }
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
