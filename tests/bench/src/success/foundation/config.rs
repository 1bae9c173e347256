//! Configuration.

use mainstay_actors::config::{ConfigServer, ConfigValue};
use mainstay_supervisors::Namespace;

use super::book::Book;
use crate::Outcome;
use crate::success::sample::Sample;

const SERVICE: &str = "config_server";
const PATH: &str = "dev.debug_mode";

pub(super) async fn measure(
    namespace: &Namespace,
    book: &Book,
    looks: usize,
    changes: usize,
) -> Outcome<()> {
    let config = ConfigServer::in_namespace(namespace).ok_or("it was just started")?;
    writes(&config, book, changes).await?;
    reads(&config, book, looks)?;
    let (mut all, mut some) = <(Sample, Sample)>::default();
    for _ in 0..changes {
        drop(all.time(|| config.subscribe())?);
        drop(some.time(|| config.subscribe_to(PATH))?);
    }
    book.notes(SERVICE, [("subscribe", all), ("subscribe_to", some)])
}

async fn writes(config: &ConfigServer, book: &Book, changes: usize) -> Outcome<()> {
    let [mut updates, mut ifs, mut forced, mut resets] = <[Sample; 4]>::default();
    for nth in 0..changes {
        let value = || ConfigValue::from(nth);
        updates.time_async(config.update(PATH, value())).await?;
        let version = config.snapshot().version();
        ifs.time_async(config.update_if(version, PATH, value()))
            .await?;
        forced
            .time_async(config.force_update(PATH, value()))
            .await?;
    }
    for _ in 0..changes {
        resets.time_async(config.reset()).await?;
    }
    config.update(PATH, ConfigValue::from(1)).await?;
    book.notes(
        SERVICE,
        [
            ("update", updates),
            ("update_if", ifs),
            ("force_update", forced),
            ("reset", resets),
        ],
    )
}

fn reads(config: &ConfigServer, book: &Book, looks: usize) -> Outcome<()> {
    let [
        mut gets,
        mut typed,
        mut defaults,
        mut snapshots,
        mut states,
        mut paths,
    ] = <[Sample; 6]>::default();
    for _ in 0..looks {
        gets.time(|| config.get(PATH))?;
        typed.time(|| config.get_as::<u32>(PATH))?;
        defaults.time(|| config.get_with_default(PATH, 2_u32))?;
        drop(snapshots.time(|| config.snapshot()));
        _ = states.time(|| config.status());
        drop(paths.time(|| config.status_of(PATH))?);
    }
    book.notes(
        SERVICE,
        [
            ("get", gets),
            ("get_as", typed),
            ("get_with_default", defaults),
            ("snapshot", snapshots),
            ("status", states),
            ("status_of", paths),
        ],
    )
}
