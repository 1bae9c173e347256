//! Sides in turn, round by round, and what came of it.

use std::time::Instant;

use crate::{Options, Outcome};

/// Enough rounds for a median when a round takes long.
const ROUNDS_MIN: usize = 5;
/// More rounds than this tell nothing new.
const ROUNDS_MAX: usize = 500;

type Round<'a, const N: usize> = Box<dyn FnMut() -> Outcome<[f64; N]> + 'a>;

struct Side<'a, const N: usize> {
    name: &'static str,
    /// One for each measure; none for ours.
    targets: Option<[f64; N]>,
    round: Round<'a, N>,
    samples: Vec<[f64; N]>,
}

/// A comparison of ours with one or more peers. Every round of every side gives `N` measures.
///
/// The sides take turns, and each round begins with another side, so that whatever the machine does meanwhile, and
/// whatever one side leaves behind in caches and allocator, meets all of them alike.
pub struct Contest<'a, const N: usize> {
    names: [&'static str; N],
    unit: &'static str,
    sides: Vec<Side<'a, N>>,
}

impl<'a, const N: usize> Contest<'a, N> {
    /// A comparison of ours: what a round measures, in which unit, and our round.
    pub fn new(
        names: [&'static str; N],
        unit: &'static str,
        ours: impl FnMut() -> Outcome<[f64; N]> + 'a,
    ) -> Self {
        Self {
            names,
            unit,
            sides: Vec::new(),
        }
        .side("ours", None, ours)
    }

    /// Adds a peer, with the ratios that are to be reached.
    #[must_use]
    pub fn peer(
        self,
        name: &'static str,
        targets: [f64; N],
        round: impl FnMut() -> Outcome<[f64; N]> + 'a,
    ) -> Self {
        self.side(name, Some(targets), round)
    }

    fn side(
        mut self,
        name: &'static str,
        targets: Option<[f64; N]>,
        round: impl FnMut() -> Outcome<[f64; N]> + 'a,
    ) -> Self {
        self.sides.push(Side {
            name,
            targets,
            round: Box::new(round),
            samples: Vec::new(),
        });
        self
    }

    /// Runs the rounds and prints what came of them.
    ///
    /// # Errors
    ///
    /// The first fault of a round.
    pub fn run(mut self, options: &Options) -> Outcome<()> {
        for side in &mut self.sides {
            (side.round)()?; // To warm up.
        }
        let began = Instant::now();
        let mut round = 0;
        while round < ROUNDS_MIN || (round < ROUNDS_MAX && began.elapsed() < options.budget()) {
            self.round(round)?;
            round += 1;
        }
        self.report();
        Ok(())
    }

    fn round(&mut self, round: usize) -> Outcome<()> {
        let count = self.sides.len();
        for turn in 0..count {
            let side = &mut self.sides[(turn + round) % count];
            let sample = (side.round)()?;
            side.samples.push(sample);
        }
        Ok(())
    }

    fn report(&self) {
        for (measure, name) in self.names.iter().enumerate() {
            let spreads: Vec<Spread> = self.sides.iter().map(|side| side.spread(measure)).collect();
            let figures: Vec<String> = self
                .sides
                .iter()
                .zip(&spreads)
                .map(|(side, spread)| format!("{} {}", side.name, spread.text(self.unit)))
                .collect();
            println!(
                "{name}: {} [{} rounds]",
                figures.join(", "),
                self.sides[0].samples.len()
            );
            for (side, spread) in self.sides.iter().zip(&spreads) {
                if let Some(targets) = side.targets {
                    println!(
                        "ratio {name}/{} {:.2} target {:.2}",
                        side.name,
                        spreads[0].median / spread.median,
                        targets[measure]
                    );
                }
            }
        }
    }
}

impl<const N: usize> std::fmt::Debug for Contest<'_, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contest")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

impl<const N: usize> Side<'_, N> {
    fn spread(&self, measure: usize) -> Spread {
        let mut sorted: Vec<f64> = self.samples.iter().map(|sample| sample[measure]).collect();
        sorted.sort_by(f64::total_cmp);
        Spread::of(&sorted)
    }
}

/// The median of the rounds, and between what the middle half of them lies.
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

impl Spread {
    fn of(sorted: &[f64]) -> Self {
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Self {
            low: sorted[sorted.len() / 4],
            median,
            high: sorted[sorted.len() * 3 / 4],
        }
    }

    fn text(&self, unit: &str) -> String {
        let Self { low, median, high } = self;
        if *median < 1000.0 {
            format!("{median:.1} {unit} ({low:.1}-{high:.1})")
        } else {
            format!("{median:.0} {unit} ({low:.0}-{high:.0})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_rounds_lies_between_the_middle_two() {
        assert_eq!(Spread::of(&[1.0, 2.0, 4.0, 8.0]).median, 3.0);
        assert_eq!(Spread::of(&[1.0, 2.0, 4.0]).median, 2.0);
    }
}
