//! A registry against a plain list.

use mainstay_supervisors::{Keys, Process, RegisterError, Registration, Registry};
use mainstay_tests::probe::Bed;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{idle, kill};

const PROCESSES: usize = 4;
const KEYS: u8 = 4;

#[derive(Clone, Debug)]
enum Step {
    Register {
        process: usize,
        key: u8,
        value: u8,
    },
    Unregister {
        process: usize,
        key: u8,
    },
    UnregisterMatch {
        process: usize,
        key: u8,
        value: u8,
    },
    Update {
        process: usize,
        key: u8,
    },
    /// The n-th registration that was ever made.
    Release(usize),
    Kill(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let process = 0..PROCESSES;
    let key = 0..KEYS;
    let value = 0_u8..3;
    prop_oneof![
        6 => (process.clone(), key.clone(), value.clone())
            .prop_map(|(process, key, value)| Step::Register { process, key, value }),
        2 => (process.clone(), key.clone()).prop_map(|(process, key)| Step::Unregister { process, key }),
        2 => (process.clone(), key.clone(), value)
            .prop_map(|(process, key, value)| Step::UnregisterMatch { process, key, value }),
        2 => (process.clone(), key).prop_map(|(process, key)| Step::Update { process, key }),
        2 => (0_usize..20).prop_map(Step::Release),
        1 => process.prop_map(Step::Kill),
    ]
}

/// Entries in the order of registration: number, process, key, value.
#[derive(Default)]
struct Model {
    entries: Vec<(usize, usize, u8, u8)>,
    dead: Vec<usize>,
    made: usize,
    expired: u64,
}

impl Model {
    /// The number of the new entry, or who is in the way.
    fn register(
        &mut self,
        keys: Keys,
        process: usize,
        key: u8,
        value: u8,
    ) -> Result<usize, Option<usize>> {
        let owner = self.entries.iter().find(|entry| entry.2 == key);
        if let (Keys::Unique, Some(owner)) = (keys, owner) {
            return Err(Some(owner.1));
        }
        if self.dead.contains(&process) {
            return Err(None);
        }
        self.entries.push((self.made, process, key, value));
        self.made += 1;
        Ok(self.made - 1)
    }

    fn unregister(&mut self, process: usize, key: u8, matches: impl Fn(u8) -> bool) {
        self.entries
            .retain(|entry| (entry.1, entry.2) != (process, key) || !matches(entry.3));
    }

    fn update(&mut self, keys: Keys, process: usize, key: u8) -> Option<(u8, u8)> {
        if keys == Keys::Duplicate {
            return None; // An entry is not known by its key.
        }
        let mut entries = self.entries.iter_mut();
        let entry = entries.find(|entry| (entry.1, entry.2) == (process, key))?;
        let old = entry.3;
        entry.3 = old.wrapping_add(10);
        Some((entry.3, old))
    }

    fn release(&mut self, number: usize) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.0 != number);
        self.entries.len() < before
    }

    fn kill(&mut self, process: usize) {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.1 != process);
        self.expired += (before - self.entries.len()) as u64;
        self.dead.push(process);
    }
}

struct World {
    keys: Keys,
    model: Model,
    registry: Registry<u8, u8>,
    processes: [Process; PROCESSES],
    held: Vec<Registration<u8, u8>>,
}

impl World {
    async fn take(&mut self, step: Step) {
        let of = |process: usize| &self.processes[process];
        match step {
            Step::Register {
                process,
                key,
                value,
            } => {
                let found = self.registry.register(of(process), key, value);
                match (self.model.register(self.keys, process, key, value), found) {
                    (Ok(_), Ok(held)) => self.held.push(held),
                    (Err(Some(owner)), Err(RegisterError::AlreadyRegistered(found))) => {
                        assert_eq!(&found, of(owner));
                    }
                    (Err(None), Err(RegisterError::Dead)) => {}
                    (expected, found) => panic!("expected {expected:?}, found {found:?}"),
                }
            }
            Step::Unregister { process, key } => {
                self.registry.unregister(of(process), &key);
                self.model.unregister(process, key, |_| true);
            }
            Step::UnregisterMatch {
                process,
                key,
                value,
            } => {
                self.registry
                    .unregister_match(of(process), &key, |found| *found == value);
                self.model.unregister(process, key, |found| found == value);
            }
            Step::Update { process, key } => {
                let found = self
                    .registry
                    .update_value(of(process), &key, |old| old.wrapping_add(10));
                assert_eq!(found, self.model.update(self.keys, process, key));
            }
            Step::Release(number) => {
                if let Some(held) = self.held.get(number) {
                    assert_eq!(held.release(), self.model.release(number));
                }
            }
            Step::Kill(process) => {
                if !self.model.dead.contains(&process) {
                    kill(of(process)).await;
                    self.model.kill(process);
                }
            }
        }
    }

    fn assert_agreement(&self) {
        let entries = &self.model.entries;
        for key in 0..KEYS {
            let expected: Vec<_> = entries.iter().filter(|entry| entry.2 == key).collect();
            let expected = expected
                .iter()
                .map(|entry| (self.processes[entry.1].clone(), entry.3));
            assert_eq!(
                self.registry.lookup(&key),
                expected.clone().collect::<Vec<_>>()
            );
            assert_eq!(
                self.registry.whereis(&key),
                expected.clone().next().map(|entry| entry.0)
            );
        }
        for (number, process) in self.processes.iter().enumerate() {
            let ours = entries.iter().filter(|entry| entry.1 == number);
            let keys: Vec<u8> = ours.clone().map(|entry| entry.2).collect();
            assert_eq!(self.registry.keys(process), keys);
            for key in 0..KEYS {
                let values: Vec<u8> = ours
                    .clone()
                    .filter(|entry| entry.2 == key)
                    .map(|entry| entry.3)
                    .collect();
                assert_eq!(self.registry.values(process, &key), values);
            }
        }
        for (number, held) in self.held.iter().enumerate() {
            let entry = entries.iter().find(|entry| entry.0 == number);
            assert_eq!(held.is_current(), entry.is_some());
            if let Some(entry) = entry {
                assert_eq!(held.value(), entry.3);
            }
        }
        self.assert_figures();
    }

    fn assert_figures(&self) {
        let entries = &self.model.entries;
        let distinct = |of: fn(&(usize, usize, u8, u8)) -> usize| {
            entries
                .iter()
                .map(of)
                .collect::<std::collections::BTreeSet<_>>()
                .len()
        };
        let stats = self.registry.stats();
        assert_eq!(stats.entries, entries.len());
        assert_eq!(stats.keys, distinct(|entry| usize::from(entry.2)));
        assert_eq!(stats.processes, distinct(|entry| entry.1));
        assert_eq!(stats.registered_total, self.model.made as u64);
        assert_eq!(stats.expired_total, self.model.expired);
        assert_eq!(self.registry.count(), entries.len());
        assert_eq!(self.registry.list().len(), stats.keys);
    }
}

async fn run(keys: Keys, steps: Vec<Step>) {
    let bed = Bed::new();
    let mut world = World {
        keys,
        model: Model::default(),
        registry: Registry::new(keys),
        processes: idle(&bed).await,
        held: Vec::new(),
    };
    for step in steps {
        world.take(step).await;
        world.assert_agreement();
    }
    bed.end().await;
    assert_eq!(world.registry.stats().entries, 0);
    assert_eq!(world.registry.stats().processes, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_registry_does_what_a_list_does(
        keys in prop_oneof![Just(Keys::Unique), Just(Keys::Duplicate)],
        steps in vec(step(), 1..50),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(run(keys, steps));
    }
}
