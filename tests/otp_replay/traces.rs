//! All traces, as the binary replays them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mainstay_tests::replay::load::load;
use mainstay_tests::replay::run::{Options, run};
use mainstay_tests::replay::skip::Cause;

use crate::TRACES;

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_as_erlang_does_it_except_what_is_known_not_to_be() {
    let found = load(&[PathBuf::from(TRACES)]).expect("the traces are there");
    let (all, mut told) = (found.len(), Vec::new());
    let options = Options {
        jobs: 32,
        verbose: false,
    };
    let tally = run(found, options, &mut told).await;
    let tally = tally.expect("memory can be written to");
    let told = String::from_utf8(told).expect("all is text");
    let skipped = BTreeMap::from([(Cause::Untyped, 20), (Cause::Quirk, 3)]);
    assert_eq!((tally.failed, &tally.skipped), (0, &skipped), "{told}");
    assert_eq!(tally.passed, all - 23);
}
