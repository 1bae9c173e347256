//! How much memory the process takes.

use std::time::Duration;

use crate::Outcome;

/// When, since the beginning, and how many KiB were resident.
#[derive(Debug, Default)]
pub(super) struct Samples(Vec<(Duration, u64)>);

impl Samples {
    pub(super) fn take(&mut self, at: Duration) -> Outcome<()> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib = kib.ok_or("/proc/self/status says nothing of VmRSS")?;
        self.0.push((at, kib.trim().parse()?));
        Ok(())
    }

    pub(super) fn all(&self) -> &[(Duration, u64)] {
        &self.0
    }

    /// By how many KiB a second it grows over the second half, by least squares; and by how much of what it was in the middle in all.
    pub(super) fn slope(&self) -> (f64, f64) {
        let half = &self.0[self.0.len() / 2..];
        let count = half.len().max(1) as f64;
        let mean = |of: fn(&(Duration, u64)) -> f64| half.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|it| it.0.as_secs_f64()), mean(|it| it.1 as f64));
        let (mut above, mut below) = (0.0, 0.0);
        for (at, kib) in half {
            let dx = at.as_secs_f64() - x;
            above += dx * (*kib as f64 - y);
            below += dx * dx;
        }
        let slope = if below > 0.0 { above / below } else { 0.0 };
        let span = match (half.first(), half.last()) {
            (Some(first), Some(last)) => (last.0 - first.0).as_secs_f64(),
            _ => 0.0,
        };
        (slope, slope * span / y.max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_the_second_half() {
        let kib = [10, 500, 1000, 1100, 1200, 1300];
        let at = |nth: usize| Duration::from_secs(5 * nth as u64);
        let samples = Samples(
            kib.iter()
                .enumerate()
                .map(|(nth, kib)| (at(nth), *kib))
                .collect(),
        );
        let (slope, part) = samples.slope();
        assert!((slope - 20.0).abs() < 1e-9, "{slope}");
        assert!((part - 200.0 / 1200.0).abs() < 1e-9, "{part}");
        assert_eq!(Samples::default().slope(), (0.0, 0.0));
    }
}
