//! What a node has acknowledged is there, however it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::mainstay::{Running, file};

/// How often the node is killed.
const KILLS: u32 = 50;

/// After how many acknowledged events at most it is.
const EVENTS: u32 = 1000;

/// How many callers there are at a time.
const CALLERS: u32 = 8;

/// Only what hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection that is kept.
struct Caller {
    stream: BufReader<TcpStream>,
}

impl Caller {
    fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Status and body; none if the node has gone.
    fn ask(&mut self, method: &str, target: &str, body: &str) -> Option<(u16, Value)> {
        let length = body.len();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer secret\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.to_ascii_lowercase());
        }
        let status = head.first()?.split(' ').nth(1)?.parse().ok()?;
        let length = head
            .iter()
            .find_map(|line| line.strip_prefix("content-length: "))?;
        let mut body = vec![0; length.trim().parse().ok()?];
        self.stream.read_exact(&mut body).ok()?;
        Some((status, serde_json::from_slice(&body).ok()?))
    }
}

/// What was acknowledged, by number.
type Acknowledged = BTreeMap<u64, Value>;

/// Stores events until the node is killed, which it is after so many have been acknowledged, and some time.
fn store_until_killed(
    node: &Running,
    round: u32,
    kill_after: u32,
    linger: Duration,
) -> Acknowledged {
    let (count, is_over) = (AtomicU32::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (count, is_over) = (&count, &is_over);
                scope.spawn(move || calls(node, round, caller, count, is_over))
            })
            .collect();
        let began = Instant::now();
        while count.load(Ordering::SeqCst) < kill_after {
            let all_gone = callers.iter().all(|caller| caller.is_finished());
            assert!(!all_gone && began.elapsed() < PATIENCE, "it stores no more");
            std::thread::yield_now();
        }
        let until = Instant::now() + linger;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        node.signal("KILL");
        is_over.store(true, Ordering::SeqCst);
        let mut acknowledged = Acknowledged::new();
        for caller in callers {
            for (id, data) in caller.join().unwrap() {
                assert_eq!(acknowledged.insert(id, data), None, "{id} was given twice");
            }
        }
        acknowledged
    })
}

fn calls(
    node: &Running,
    round: u32,
    caller: u32,
    count: &AtomicU32,
    is_over: &AtomicBool,
) -> Vec<(u64, Value)> {
    let mut to = Caller::to(&node.address);
    let mut acknowledged = Vec::new();
    for nth in 0.. {
        // Now and then a batch, which is there whole or not at all.
        let size = if nth % 10 == 9 { 3 } else { 1 };
        let data: Vec<Value> = (0..size)
            .map(|part| json!({"caller": caller, "nth": nth, "part": part}))
            .collect();
        let of = |data: &Value| json!({"event_type": format!("round-{round}"), "data": data});
        let events: Vec<Value> = data.iter().map(of).collect();
        let body = if size == 1 {
            events[0].clone()
        } else {
            json!(events)
        };
        let Some((status, answer)) = to.ask("POST", "/api/events", &body.to_string()) else {
            break;
        };
        if status != 201 {
            assert!(is_over.load(Ordering::SeqCst), "{status}: {answer}");
            break;
        }
        let ids = answer["ids"].as_array().unwrap().iter();
        acknowledged.extend(ids.map(|id| id.as_u64().unwrap()).zip(data));
        count.fetch_add(size, Ordering::SeqCst);
    }
    acknowledged
}

/// All events of a round.
fn events_of(node: &Running, round: u32) -> Acknowledged {
    let mut to = Caller::to(&node.address);
    let mut found = Acknowledged::new();
    loop {
        let offset = found.len();
        let target = format!("/api/events?event_type=round-{round}&limit=1000&offset={offset}");
        let (status, page) = to.ask("GET", &target, "").unwrap();
        assert_eq!(status, 200, "{page}");
        for event in page["events"].as_array().unwrap() {
            found.insert(event["id"].as_u64().unwrap(), event["data"].clone());
        }
        if page["more"] == false {
            return found;
        }
    }
}

/// Batches are there whole.
fn assert_no_batch_is_parted(events: &Acknowledged) {
    let mut batches: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for data in events
        .values()
        .filter(|data| data["nth"].as_u64().unwrap() % 10 == 9)
    {
        let batch = format!("{} {}", data["caller"], data["nth"]);
        batches
            .entry(batch)
            .or_default()
            .insert(data["part"].as_u64().unwrap());
    }
    for (batch, parts) in batches {
        assert_eq!(parts, BTreeSet::from([0, 1, 2]), "{batch}");
    }
}

fn node(database: &Path) -> Running {
    Running::start(["run", spec(database).to_str().unwrap()])
}

/// One that may write no more than so many bytes into any file, as on a disk that fails beyond them.
fn node_with_little_room(database: &Path, bytes: u32) -> Running {
    // In blocks of 512 bytes. Whoever heeds the signal is ended by it; SQLite is told by the call that it does not work.
    let limited = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", bytes / 512);
    let path = spec(database);
    Running::start_by(&limited, ["run", path.to_str().unwrap()])
}

fn spec(database: &Path) -> PathBuf {
    let spec = format!(
        "(namespaces: [(name: \"production\", services: (event_store: (backend: sqlite(path: {database:?}))))], \
          http: (bind: \"127.0.0.1:0\", token: \"secret\"))"
    );
    let name = database.with_extension("ron");
    file(name.file_name().unwrap().to_str().unwrap(), spec)
}

/// Random enough, and other numbers each time.
fn random(below: u64) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) % below
}

#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_node_is_killed_at_a_random_moment() {
    let database = file("events-killed.db", "");
    let mut rounds: Vec<Acknowledged> = Vec::new();
    for round in 0..KILLS {
        let running = node(&database);
        if let Some(before) = rounds.last() {
            let found = events_of(&running, round - 1);
            assert_all_there(before, &found);
        }
        let kill_after = u32::try_from(1 + random(EVENTS.into())).unwrap();
        let linger = Duration::from_micros(random(2000));
        rounds.push(store_until_killed(&running, round, kill_after, linger));
    }
    let running = node(&database);
    let mut all = BTreeSet::new();
    for (round, acknowledged) in (0..).zip(&rounds) {
        let found = events_of(&running, round);
        assert_all_there(acknowledged, &found);
        assert_no_batch_is_parted(&found);
        for id in found.keys() {
            assert!(all.insert(*id), "{id} was given in two rounds");
        }
    }
}

fn assert_all_there(acknowledged: &Acknowledged, found: &Acknowledged) {
    for (id, data) in acknowledged {
        assert_eq!(found.get(id), Some(data), "event {id} was acknowledged");
    }
}

/// The disk fails in the midst of a commit, as the log cannot get longer.
#[test]
fn what_could_not_be_committed_is_not_known_to_be_stored_and_all_that_was_acknowledged_is_there() {
    const ROOM: u32 = 1 << 20;
    const DATA: u32 = 32 << 10;
    let database = file("events-full.db", "");
    let running = node_with_little_room(&database, ROOM);
    let mut to = Caller::to(&running.address);
    let mut acknowledged = Vec::new();
    let large = |nth: usize| {
        let text = "x".repeat(DATA as usize);
        json!({"event_type": "large", "data": {"nth": nth, "text": text}}).to_string()
    };
    let answer = loop {
        let body = large(acknowledged.len());
        let (status, answer) = to.ask("POST", "/api/events", &body).unwrap();
        if status != 201 {
            break (status, answer["error"]["code"].clone());
        }
        acknowledged.push(answer["ids"][0].as_u64().unwrap());
        assert!(
            acknowledged.len() < (ROOM / DATA) as usize,
            "there is no room for so many"
        );
    };
    assert_eq!(answer, (504, json!("unknown_outcome")));
    assert!(acknowledged.len() > 10, "{acknowledged:?}");
    // It goes on to answer, and to try.
    assert_eq!(numbers(&mut to), acknowledged);
    let again = to.ask("POST", "/api/events", &large(0)).unwrap();
    assert_eq!(
        (again.0, &again.1["error"]["code"]),
        (504, &json!("unknown_outcome"))
    );
    running.signal("KILL");
    drop(running);

    let running = node(&database);
    let mut to = Caller::to(&running.address);
    assert_eq!(numbers(&mut to), acknowledged);
    let (status, answer) = to.ask("POST", "/api/events", &large(0)).unwrap();
    assert_eq!(
        (status, &answer["ids"]),
        (201, &json!([acknowledged.len() + 1]))
    );
}

/// The numbers of all large events.
fn numbers(to: &mut Caller) -> Vec<u64> {
    let (status, page) = to
        .ask("GET", "/api/events?event_type=large&limit=1000", "")
        .unwrap();
    assert_eq!(status, 200, "{page}");
    let events = page["events"].as_array().unwrap().iter();
    events.map(|event| event["id"].as_u64().unwrap()).collect()
}
