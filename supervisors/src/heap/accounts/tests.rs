use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::table::{Table, add};
use super::*;

/// Accounts of a test's own, whose blocks are charged on two tables.
struct Bed {
    accounts: &'static Accounts,
    tables: [&'static Table; 2],
}

impl Bed {
    fn new() -> Self {
        let shared: &'static Table = Box::leak(Box::new(Table::new(true)));
        let books: &'static Books = Box::leak(Box::new(Books::new(shared)));
        Self {
            accounts: Box::leak(Box::new(Accounts::new(books, 1))),
            tables: [(); 2].map(|()| books.take_table().expect("there is memory")),
        }
    }

    fn charge(&self, table: usize, account: u32, bytes: i64) {
        let cell = self.tables[table].make_cell(account);
        add(cell.expect("there is memory"), bytes);
    }

    fn summary(&self) -> (usize, usize, u64) {
        let summary = self.accounts.settle();
        (summary.open, summary.ended, summary.ended_bytes)
    }
}

#[test]
fn an_account_is_used_again_when_nothing_is_left_of_it_and_not_before() {
    let bed = Bed::new();
    let first = bed.accounts.open().expect("there are some");
    let id = first.id();
    bed.charge(0, id, 100);
    assert_eq!((first.live(), bed.summary()), (100, (1, 0, 0)));
    drop(first);
    assert_eq!(bed.summary(), (0, 1, 100));
    let second = bed.accounts.open().expect("there are some");
    assert_ne!(second.id(), id);
    bed.charge(1, id, -100);
    assert_eq!(bed.summary(), (1, 0, 0));
    let third = bed.accounts.open().expect("there are some");
    assert_eq!((third.id(), third.live()), (id, 0));
}

#[test]
fn an_account_is_open_as_long_as_somebody_holds_it() {
    let bed = Bed::new();
    let account = bed.accounts.open().expect("there are some");
    let held = account.clone();
    drop(account);
    assert_eq!(bed.summary(), (1, 0, 0));
    drop(held);
    assert_eq!(bed.summary(), (0, 0, 0));
}

#[test]
fn accounts_that_are_opened_one_after_another_need_no_more_than_a_few() {
    let bed = Bed::new();
    let mut last = None;
    for nth in 0..10_000 {
        let account = bed.accounts.open().expect("there are some");
        assert!(account.id() <= 3);
        bed.charge(nth % 2, account.id(), 64);
        // What is left of each is freed only after the next one was opened.
        if let Some(before) = last.replace(account.id()) {
            bed.charge(0, before, -64);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Open,
    Close(usize),
    Charge(usize, usize, i64),
    Free(usize, usize),
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    let (any, table) = (any::<usize>(), 0_usize..2);
    prop_oneof![
        3 => Just(Step::Open),
        2 => any.prop_map(Step::Close),
        4 => (any, table.clone(), 1_i64..10_000)
            .prop_map(|(which, table, bytes)| Step::Charge(which, table, bytes)),
        4 => (any, table).prop_map(|(which, table)| Step::Free(which, table)),
        1 => Just(Step::Settle),
    ]
}

proptest! {
    #[test]
    fn no_two_use_an_account_at_a_time_and_all_sums_are_right(
        steps in prop::collection::vec(step(), 1..300),
    ) {
        let bed = Bed::new();
        let mut open: Vec<Account> = Vec::new();
        // Blocks that are alive, and the balance of each account.
        let mut blocks: Vec<(u32, i64)> = Vec::new();
        let mut balances: BTreeMap<u32, i64> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Open => {
                    let account = bed.accounts.open().expect("there are some");
                    prop_assert!(open.iter().all(|other| other.id() != account.id()));
                    prop_assert_eq!(balances.get(&account.id()).copied().unwrap_or(0), 0);
                    prop_assert_eq!(account.live(), 0);
                    open.push(account);
                }
                Step::Close(which) if !open.is_empty() => {
                    let nth = which % open.len();
                    drop(open.swap_remove(nth));
                }
                Step::Charge(which, table, bytes) if !open.is_empty() => {
                    let id = open[which % open.len()].id();
                    bed.charge(table, id, bytes);
                    *balances.entry(id).or_default() += bytes;
                    blocks.push((id, bytes));
                }
                Step::Free(which, table) if !blocks.is_empty() => {
                    let nth = which % blocks.len();
                    let (id, bytes) = blocks.swap_remove(nth);
                    bed.charge(table, id, -bytes);
                    *balances.entry(id).or_default() -= bytes;
                }
                Step::Settle => {
                    let of = |id: &u32| balances.get(id).copied().unwrap_or(0);
                    let is_open = |id: &u32| open.iter().any(|account| account.id() == *id);
                    let left = balances.keys().filter(|id| !is_open(id) && of(id) != 0);
                    let left: Vec<i64> = left.map(of).collect();
                    let bytes: i64 = left.iter().sum();
                    prop_assert_eq!(bed.summary(), (open.len(), left.len(), bytes as u64));
                }
                _ => {}
            }
            for account in &open {
                let balance = balances.get(&account.id()).copied().unwrap_or(0);
                prop_assert_eq!(account.live(), balance as u64);
            }
        }
    }
}
