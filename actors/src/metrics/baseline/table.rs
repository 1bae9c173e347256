//! Comparisons as people read them.

use std::fmt::{self, Write};
use std::time::Duration;

use super::compare::{Change, Comparison, Verdict};
use super::profile::{Measure, Profile};
use crate::metrics::unit::Unit;

/// Those of a line, from the first on.
const WORDS: [Verdict; 6] = [
    Verdict::Regressed,
    Verdict::Missing,
    Verdict::TooFewSamples,
    Verdict::New,
    Verdict::Improved,
    Verdict::Same,
];

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = humantime::format_rfc3339_seconds;
        writeln!(f, "{} → {}", time(self.before), time(self.now))?;
        let mut rows = vec![heading()];
        let changes = self.changes.iter();
        rows.extend(
            changes
                .filter(|change| change.verdict != Verdict::Same)
                .map(row),
        );
        if rows.len() > 1 {
            lines(&rows, f)?;
        }
        for (nth, word) in WORDS.into_iter().enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", self.count(word), word.as_str())?;
        }
        Ok(())
    }
}

type Row = Vec<String>;

fn heading() -> Row {
    let before = ["operation", "verdict", "samples"].map(str::to_owned);
    let measures = Measure::ALL.map(|measure| measure.as_str().to_owned());
    before.into_iter().chain(measures).collect()
}

fn row(change: &Change) -> Row {
    let named = change.profile().map_or_else(String::new, name);
    let count = |profile: Option<&Profile>| profile.map(|profile| profile.count.to_string());
    let (before, now) = (change.before.as_ref(), change.now.as_ref());
    let mut row = vec![
        named,
        change.verdict.as_str().to_owned(),
        pair(count(before), count(now)),
    ];
    row.extend(Measure::ALL.map(|measure| cell(change, measure)));
    row
}

fn name(profile: &Profile) -> String {
    let mut name = profile.name.to_string();
    if !profile.tags.is_empty() {
        // To a string: it does not fail.
        let _infallible = write!(name, "{}", profile.tags);
    }
    name
}

fn cell(change: &Change, measure: Measure) -> String {
    let value = |profile: Option<&Profile>| {
        let profile = profile?;
        let value = profile.measure(measure)?.value;
        Some(Shown(value, measure, profile.unit).to_string())
    };
    let mut cell = pair(value(change.before.as_ref()), value(change.now.as_ref()));
    for (words, measures) in [(" worse", &change.worse), (" better", &change.better)] {
        if measures.contains(&measure) {
            cell.push_str(words);
        }
    }
    cell
}

/// What it was and what it is; one of them, if they read the same.
fn pair(before: Option<String>, now: Option<String>) -> String {
    let text = |side: Option<String>| side.unwrap_or_else(|| "-".to_owned());
    let (before, now) = (text(before), text(now));
    if before == now {
        now
    } else {
        format!("{before} → {now}")
    }
}

/// A number in three or four digits, with its unit.
struct Shown(f64, Measure, Unit);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, measure, unit) = *self;
        match (measure, unit.in_seconds()) {
            (Measure::ErrorRate, _) => write!(f, "{:.2}%", value * 100.0),
            (Measure::Rate, _) => write!(f, "{value:.1}/s"),
            (_, Some(one)) => match Duration::try_from_secs_f64(value * one) {
                Ok(time) => write!(f, "{time:.1?}"),
                Err(_) => write!(f, "{:e}s", value * one),
            },
            (_, None) => write!(f, "{value:.1}"),
        }
    }
}

/// Writes rows with their columns below each other: words to the left, numbers too, as each is a pair.
fn lines(rows: &[Row], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            write!(line, "{cell:<width$}  ")?;
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}
