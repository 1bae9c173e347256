//! Reading what the kernel writes: pure.

/// A limit: a number of bytes, or `max`, which is none.
pub(crate) fn limit(text: &str) -> Option<Option<u64>> {
    match text.trim() {
        "max" => Some(None),
        number => number.parse().ok().map(Some),
    }
}

/// A number alone.
pub(crate) fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The number after a key, in lines of the form `key number`.
pub(crate) fn keyed(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (found, number) = line.split_once(' ')?;
        (found == key).then(|| number.trim().parse().ok())?
    })
}

/// The bytes of a line of `/proc/self/status`, such as `VmRSS:     4 kB`.
pub(crate) fn status_bytes(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (found, rest) = line.split_once(':')?;
        let kib = (found == key).then(|| rest.trim().strip_suffix("kB"))??;
        kib.trim().parse::<u64>().ok()?.checked_mul(1024)
    })
}

/// The soft limit of a line of `/proc/self/limits`: `None` inside for `unlimited`.
pub(crate) fn soft_limit(text: &str, name: &str) -> Option<Option<u64>> {
    text.lines().find_map(|line| {
        let soft = line.strip_prefix(name)?.split_whitespace().next()?;
        match soft {
            "unlimited" => Some(None),
            number => number.parse().ok().map(Some),
        }
    })
}

/// A share of time of a line of pressure stall information, 0 to 1: `stall(text, "some", "avg10")`.
pub(crate) fn stall(text: &str, line: &str, average: &str) -> Option<f64> {
    let fields = text
        .lines()
        .find_map(|found| found.strip_prefix(line)?.strip_prefix(' '))?;
    let percent: f64 = fields.split_whitespace().find_map(|field| {
        let (key, number) = field.split_once('=')?;
        (key == average).then(|| number.parse().ok())?
    })?;
    (0.0..=100.0).contains(&percent).then(|| percent / 100.0)
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;

    #[test]
    fn limits_are_numbers_or_none_at_all() {
        assert_eq!(limit("max\n"), Some(None));
        assert_eq!(limit("268435456\n"), Some(Some(268_435_456)));
        assert_eq!(limit("-1\n"), None);
        assert_eq!(limit(""), None);
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max address space         268435456            unlimited            bytes     \n\
                      Max file locks            unlimited            unlimited            locks     \n";
        assert_eq!(
            soft_limit(limits, "Max address space"),
            Some(Some(268_435_456))
        );
        assert_eq!(soft_limit(limits, "Max file locks"), Some(None));
        assert_eq!(soft_limit(limits, "Max data size"), None);
    }

    #[test]
    fn a_key_is_the_whole_word() {
        let stat = "total_inactive_file 3\ninactive_file 7\n";
        assert_eq!(keyed(stat, "inactive_file"), Some(7));
        assert_eq!(keyed(stat, "total_inactive_file"), Some(3));
        assert_eq!(keyed(stat, "file"), None);
        assert_eq!(keyed("inactive_file x\n", "inactive_file"), None);
    }

    #[test]
    fn sizes_of_a_process_are_in_kibibytes() {
        let status = "Name:\tx\nVmSize:\t    2048 kB\nVmRSS:\t       4 kB\n";
        assert_eq!(status_bytes(status, "VmSize"), Some(2 << 20));
        assert_eq!(status_bytes(status, "VmRSS"), Some(4096));
        assert_eq!(status_bytes(status, "VmSwap"), None);
        assert_eq!(
            status_bytes("VmRSS: 18446744073709551615 kB", "VmRSS"),
            None
        );
    }

    #[test]
    fn stalls_are_shares_of_time() {
        let psi = "some avg10=12.50 avg60=0.24 avg300=0.75 total=101797350\n\
                   full avg10=0.00 avg60=0.00 avg300=0.13 total=39264330\n";
        assert_eq!(stall(psi, "some", "avg10"), Some(0.125));
        assert_eq!(stall(psi, "full", "avg300"), Some(0.0013));
        assert_eq!(stall(psi, "none", "avg10"), None);
        assert_eq!(stall("some avg10=nan\n", "some", "avg10"), None);
    }
}
