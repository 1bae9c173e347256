//! A day.

use mainstay_actors::metrics::{Distribution, Tags, TimeWindow, Unit};

use super::support::{Bed, pass, secs};

/// Latencies as they come about: from some microseconds to some hundred milliseconds.
fn latency(nth: u64) -> u64 {
    let mixed = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (1_000 + mixed % 3_000) << (mixed >> 40 & 7) << (mixed >> 50 & 1)
}

#[tokio::test(start_paused = true)]
async fn a_day_at_a_thousand_samples_a_second_takes_no_more_than_its_first_hours_did() {
    let bed = Bed::new().await;
    let own = bed.store.status().bytes;
    let latencies = bed
        .store
        .histogram("op", Unit::Nanoseconds, Tags::new())
        .unwrap();
    let mut nth = 0;
    let mut most = [0; 24];
    for hour in &mut most {
        for _ in 0..360 {
            (0..10_000).for_each(|_| {
                latencies.record(latency(nth));
                nth += 1;
            });
            pass(secs(10)).await;
            *hour = bed.store.status().bytes.max(*hour);
        }
    }
    // What every hour adds is one slot at the coarser resolution.
    assert!(most[23] - most[2] < 24 * 1_024, "{most:?}");
    assert!(most[23] - own < 128 << 10, "{most:?}");
    let day = bed.store.family("op", TimeWindow::Day).unwrap();
    assert_eq!((day.count(), day.span()), (86_400_000, secs(86_400)));
    let exact: Distribution = (0..1_000_000).map(latency).collect();
    for q in [0.5, 0.95, 0.99] {
        let (told, expected) = (day.quantile(q).unwrap(), exact.quantile(q).unwrap());
        assert!(
            (told - expected).abs() <= expected * 0.05,
            "{q}: {told} and {expected}"
        );
    }
    bed.end().await;
}
