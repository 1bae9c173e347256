use loom::model;
use loom::thread;

use super::super::table::add;
use super::*;
use crate::atomic::AtomicBool;

const ACCOUNT: u32 = 1;

fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// With as many tables as threads use at a time. They are made here, as the lock that hands on a new one is std's, of which loom
/// knows nothing.
fn books(tables: usize) -> &'static Books {
    let books = leaked(Books::new(leaked(Table::new(true))));
    let tables: Vec<&Table> = (0..tables).filter_map(|_| books.take_table()).collect();
    tables.iter().for_each(|table| table.give_back());
    books
}

fn charge(table: &Table, bytes: i64) {
    add(table.cell(ACCOUNT).expect("it lies in the table"), bytes);
    add(table.total(), bytes);
}

#[test]
fn a_thread_that_takes_over_a_table_goes_on_with_what_is_written_there() {
    model(|| {
        let books = books(2);
        let work = |books: &'static Books| {
            let table = books.take_table().expect("there is memory");
            charge(table, 5);
            charge(table, -2);
            table.give_back();
        };
        let other = thread::spawn(move || work(books));
        work(books);
        other.join().expect("it does not panic");
        work(books);
        assert_eq!((books.of(ACCOUNT), books.total()), (9, 9));
    });
}

#[test]
fn what_is_charged_without_a_table_is_not_lost() {
    model(|| {
        let books = books(0);
        let other = thread::spawn(move || books.charge_shared(Some(ACCOUNT), 5));
        books.charge_shared(Some(ACCOUNT), 7);
        other.join().expect("it does not panic");
        assert_eq!((books.of(ACCOUNT), books.total()), (12, 12));
    });
}

#[test]
fn an_account_to_which_nothing_is_added_any_more_is_empty_only_when_all_of_it_is_freed() {
    model(|| {
        let books = books(3);
        let freed = leaked([AtomicBool::new(false), AtomicBool::new(false)]);
        let table = books.take_table().expect("there is memory");
        charge(table, 5);
        charge(table, 7);
        let free = |nth: usize, bytes: i64| {
            thread::spawn(move || {
                let table = books.take_table().expect("there is memory");
                freed[nth].store(true, Ordering::Relaxed);
                charge(table, -bytes);
            })
        };
        let others = [free(0, 5), free(1, 7)];
        let left = books.of(ACCOUNT);
        assert!([0, 5, 7, 12].contains(&left), "{left}");
        for other in others {
            other.join().expect("it does not panic");
        }
        assert_eq!(books.of(ACCOUNT), 0);
    });
}
