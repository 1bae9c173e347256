//! How series are written as JSON.

use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::metrics::histogram::{Bucket, Distribution};

pub(super) fn milliseconds<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// The count, the sum, what is asked most often, and the buckets as `[lower, upper, count]`.
pub(super) fn distribution<S: Serializer>(
    samples: &Distribution,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let bucket = |bucket: Bucket| (bucket.lower, bucket.upper, bucket.count);
    let buckets: Vec<(u64, u64, u64)> = samples.buckets().map(bucket).collect();
    let mut fields = serializer.serialize_struct("Distribution", 10)?;
    fields.serialize_field("count", &samples.count())?;
    // Not every reader of JSON takes integers of more than 53 bits; a sum is told as a number there.
    fields.serialize_field("sum", &(samples.sum() as f64))?;
    fields.serialize_field("min", &samples.min())?;
    fields.serialize_field("max", &samples.max())?;
    fields.serialize_field("avg", &samples.mean())?;
    for (name, q) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        fields.serialize_field(name, &samples.quantile(q))?;
    }
    fields.serialize_field("unplaced", &samples.unplaced())?;
    fields.serialize_field("buckets", &buckets)?;
    fields.end()
}

impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        distribution(self, serializer)
    }
}
