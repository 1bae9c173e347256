//! What is shown.

use indicatif::{ProgressBar, ProgressStyle};
use mainstay::supervisors::{Delivery, EventKind, EventStream};

use crate::account::Account;

/// Tells which children have ended by themselves, and why.
pub(crate) async fn tell_ends(mut events: EventStream, bar: ProgressBar) {
    while let Some(delivery) = events.next().await {
        if let Delivery::Event(event) = delivery
            && let EventKind::ChildTerminated { child, reason, .. } = event.kind
        {
            bar.suspend(|| println!("{child} has ended: {reason}"));
        }
    }
}

/// Nothing is drawn where there is no terminal.
pub(crate) fn progress_bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} lines {per_sec} {msg}");
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

pub(crate) fn report(account: &Account, total: u64) {
    let (access, malformed) = (account.access, account.malformed.len());
    let (missing, twice) = (account.missing(total), account.twice);
    println!(
        "{total} lines: {access} stored, {malformed} malformed, {missing} missing, {twice} twice"
    );
    for (line, wrong) in &account.malformed {
        println!("line {line}: {wrong}");
    }
}
