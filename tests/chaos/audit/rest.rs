//! The configuration is what clients were told, settings are as they were set last, health is as good as it was.

use mainstay::prelude::*;
use mainstay_actors::MemoryManager;
use mainstay_actors::health::{HealthAggregator, HealthStatus};
use mainstay_actors::memory::Measure;
use mainstay_supervisors::specs::PressureLevel;

use crate::book::Changed;
use crate::load::Clients;
use crate::node::name;
use crate::weather::Settings;

pub(super) async fn faults(app: &Namespace, clients: &Clients, settings: Settings) -> Vec<String> {
    let mut faults = config(app, clients);
    let found = Settings::found(app);
    if found != settings {
        faults.push(format!(
            "the settings: expected {settings:?}, found {found:?}"
        ));
    }
    let memory = MemoryManager::of(app);
    // Samples are taken by hand here, of what the application tells.
    let gauge = memory.register_gauge(name("stock")).unwrap();
    gauge.set(Measure::share(0.1));
    if let Err(error) = memory.check_now().await {
        faults.push(format!("no sample of memory was taken: {error}"));
    }
    let level = memory.check_pressure();
    if level != PressureLevel::Low {
        faults.push(format!("memory is still {level}"));
    }
    let health = HealthAggregator::in_namespace(app).unwrap();
    let health = health.sweep().await.unwrap();
    let ill = health.services.iter();
    let ill = ill.filter(|it| it.status != HealthStatus::Healthy);
    drop(gauge);
    faults.extend(ill.map(|it| format!("{} is {:?}: {:?}", it.name, it.status, it.message)));
    faults
}

fn config(app: &Namespace, clients: &Clients) -> Vec<String> {
    let config = ConfigServer::in_namespace(app).unwrap();
    let mut faults = Vec::new();
    let mut versions = Vec::new();
    for (client, changes) in clients.book.with(|pages| pages.config.clone()) {
        let found: u64 = config.get_as(format!("load.{client}")).unwrap();
        let done = changes
            .iter()
            .rposition(|(_, it)| matches!(it, Changed::Done(_)));
        // What nobody knows of may have been done after the last that was.
        let may_be = changes[done.unwrap_or_default()..].iter();
        let may_be = may_be.filter(|(_, it)| !matches!(it, Changed::Refused));
        let mut values: Vec<u64> = may_be.map(|(value, _)| *value).collect();
        if done.is_none() {
            values.push(0);
        }
        if !values.contains(&found) {
            faults.push(format!(
                "load.{client} is {found}; expected one of {values:?}"
            ));
        }
        let known = changes.iter().filter_map(|(_, it)| match it {
            Changed::Done(version) => Some(*version),
            Changed::Refused | Changed::Doubtful => None,
        });
        let known: Vec<u64> = known.collect();
        if !known.is_sorted_by(|one, next| one < next) {
            faults.push(format!(
                "the versions of load.{client} do not rise: {known:?}"
            ));
        }
        versions.extend(known);
    }
    let told = versions.len();
    versions.sort_unstable();
    let heard = clients.book.with(|pages| pages.versions.clone());
    if !heard.is_sorted_by(|one, next| one < next) {
        faults.push(format!("who listens to changes was told of {heard:?}"));
    }
    let unheard = versions.iter().filter(|it| !heard.contains(it));
    faults.extend(unheard.map(|it| format!("nobody who listens was told of version {it}")));
    versions.dedup();
    if versions.len() != told {
        faults.push("two changes of the configuration have the same version".to_owned());
    }
    faults
}
