//! What survives the end of the actor: everything.

use mainstay_actors::config::{ConfigError, ConfigServer};
use mainstay_supervisors::{ExitReason, Process};

use super::support::{Bed, TempFile, settle, spec, value};

async fn survives(end: impl Fn(&Process)) {
    let bed = Bed::with("(a: 1, b: (c: true))").await;
    let config = bed.config();
    config.update("a", 2).await.expect("an update");
    config.reset().await.expect("a reset");
    config.update("b.d", "new").await.expect("an update");
    let mut events = config.subscribe_to("b").expect("a stream");
    let before = (config.get(""), config.status(), config.status_of("b.d"));
    let keeper = bed.keeper();

    end(&keeper);
    bed.successor(&keeper).await;

    let after = (config.get(""), config.status(), config.status_of("b.d"));
    assert_eq!(after, before);
    let change = config.update("b.c", false).await.expect("an update");
    assert_eq!(change.version, 4);
    let event = events.next().await.expect("an event").expect("no lag");
    assert_eq!(event.version(), 4);
    let reset = config.reset().await.expect("a reset");
    assert_eq!((reset.version, reset.changes.len()), (5, 2));
    assert_eq!(config.get(""), Ok(value("(a: 1, b: (c: true))")));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn all_survives_a_kill() {
    survives(Process::kill).await;
}

#[tokio::test(start_paused = true)]
async fn all_survives_a_failure() {
    survives(|keeper| keeper.exit(ExitReason::failed("no more"))).await;
}

#[tokio::test(start_paused = true)]
async fn all_survives_a_stop() {
    survives(|keeper| keeper.stop(ExitReason::Shutdown)).await;
}

#[tokio::test(start_paused = true)]
async fn all_survives_a_panic_between_a_change_and_its_answer() {
    let bed = Bed::named("trapped", ConfigServer::child(spec("(a: 1)"))).await;
    let bed = bed.expect("it starts");
    let config = bed.config();
    let mut events = config.subscribe().expect("a stream");
    let keeper = bed.keeper();

    super::commits::trap("trapped");
    let Err(ConfigError::Interrupted(ExitReason::Panicked(panic))) = config.update("a", 2).await
    else {
        panic!("it was answered")
    };

    assert_eq!(panic.message(), "the log is full");
    bed.successor(&keeper).await;
    assert_eq!(
        config.get("a"),
        Ok(2.into()),
        "the change was made all the same"
    );
    assert_eq!(config.status().version, 1);
    let event = events.next().await.expect("an event").expect("no lag");
    assert_eq!(event.version(), 1);
    assert_eq!(
        config.update("a", 3).await.map(|change| change.version),
        Ok(2)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn changes_that_were_waiting_are_made_of_the_successor() {
    let bed = Bed::with("(l: [])").await;
    let config = bed.config();
    let keeper = bed.keeper();
    let updates: Vec<_> = (0..20)
        .map(|n| {
            let config = config.clone();
            tokio::spawn(async move { config.update(format!("n{n}"), n).await })
        })
        .collect();
    // This runs before any of them.
    keeper.kill();
    let mut versions = Vec::new();
    for update in updates {
        versions.push(update.await.expect("no panic").expect("an update").version);
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=20).collect::<Vec<_>>());
    assert_ne!(bed.keeper(), keeper);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_reads_no_file() {
    let file = TempFile::new("(a: 1)");
    let bed = Bed::with_spec(spec("(b: 2)").file(file.path())).await;
    let config = bed.config();
    config.update("a", 5).await.expect("an update");
    std::fs::write(file.path(), "(a: [").expect("a file");
    let keeper = bed.keeper();
    keeper.kill();
    bed.successor(&keeper).await;
    assert_eq!(config.get("a"), Ok(5.into()));
    config.reset().await.expect("a reset");
    assert_eq!(config.get(""), Ok(value("(a: 1, b: 2)")));
    settle().await;
    bed.end().await;
}
