//! How much memory the process takes.

use std::time::Duration;

use mainstay::supervisors::HeapUse;

use crate::Outcome;

pub(super) const MIB: f64 = 1024.0 * 1024.0;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    /// Since the beginning.
    pub(super) at: Duration,
    resident: u64,
    live: u64,
}

impl Sample {
    /// Bytes that are resident.
    pub(super) const fn resident(&self) -> u64 {
        self.resident
    }

    /// Bytes of the heap that are in use.
    pub(super) const fn live(&self) -> u64 {
        self.live
    }
}

#[derive(Debug, Default)]
pub(super) struct Samples(Vec<Sample>);

/// By how much it grows over the second half, by least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Growth {
    pub(super) kib_a_second: f64,
    /// In all.
    pub(super) mib: f64,
}

impl Samples {
    pub(super) fn take(&mut self, at: Duration) -> Outcome<()> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib = kib.ok_or("/proc/self/status says nothing of VmRSS")?;
        let kib: u64 = kib.trim().parse()?;
        self.0.push(Sample {
            at,
            resident: kib * 1024,
            live: HeapUse::live_now().unwrap_or_default(),
        });
        Ok(())
    }

    pub(super) fn all(&self) -> &[Sample] {
        &self.0
    }

    pub(super) fn growth(&self, of: fn(&Sample) -> u64) -> Growth {
        let half = &self.0[self.0.len() / 2..];
        let points = half
            .iter()
            .map(|sample| (sample.at.as_secs_f64(), of(sample) as f64));
        let slope = slope(&points.collect::<Vec<_>>());
        let span = match (half.first(), half.last()) {
            (Some(first), Some(last)) => (last.at - first.at).as_secs_f64(),
            _ => 0.0,
        };
        Growth {
            kib_a_second: slope / 1024.0,
            mib: slope * span / MIB,
        }
    }
}

/// Of the line with the least squares; none through a single point.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len().max(1) as f64;
    let x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let above: f64 = points.iter().map(|(at, it)| (at - x) * (it - y)).sum();
    let below: f64 = points.iter().map(|(at, _)| (at - x).powi(2)).sum();
    if below > 0.0 { above / below } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_that_of_the_second_half() {
        let sample = |nth: u64, kib: u64| Sample {
            at: Duration::from_secs(5 * nth),
            resident: kib * 1024,
            live: 0,
        };
        let kib = [10, 500, 1000, 1100, 1200, 1300];
        let samples = (0..).zip(kib).map(|(nth, kib)| sample(nth, kib));
        let samples = Samples(samples.collect());
        let growth = samples.growth(Sample::resident);
        assert!((growth.kib_a_second - 20.0).abs() < 1e-9, "{growth:?}");
        assert!((growth.mib - 200.0 / 1024.0).abs() < 1e-9, "{growth:?}");
        assert_eq!(Samples::default().growth(Sample::live).mib, 0.0);
    }
}
