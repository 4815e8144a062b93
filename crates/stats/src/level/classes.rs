//! What a hit is worth and what a miss: where some warm requests hit and some did not, one ratio
//! over both says neither.

use super::{design::Design, estimate::estimate};
use crate::level::pairs::matched;
use dualround_model::{Allowance, Class, ClassComparison, RequestRow};

/// Requests that a class needs.
const FEWEST: u64 = 3;
/// Share of all requests that a class needs.
const SHARE: f64 = 0.2;

/// TTFT of requests that hit and of those that missed; none where the hits of a request are
/// unknown, or one class has too few.
pub(crate) fn classes(design: &Design<'_>, noise: Allowance) -> Vec<ClassComparison> {
    let (mut hits, mut misses) = (0_u64, 0_u64);
    for (cold, warm) in &design.cycles {
        for (_, _, row) in matched(cold, warm) {
            match class_of(row) {
                Some(Class::Hit) => hits += 1,
                Some(Class::Miss) => misses += 1,
                None => return Vec::new(),
            }
        }
    }
    let fewer = hits.min(misses);
    if fewer < FEWEST || (fewer as f64) < SHARE * (hits + misses) as f64 {
        return Vec::new();
    }
    vec![
        compare_class(design, noise, Class::Hit, hits),
        compare_class(design, noise, Class::Miss, misses),
    ]
}

/// A warm request hits when half of its prompt came from the cache; `None` where that is not known.
pub(crate) fn class_of(row: &RequestRow) -> Option<Class> {
    let half = 2 * row.cached_tokens()? >= row.input_tokens()?;
    Some(if half { Class::Hit } else { Class::Miss })
}

/// The ratio over the pairs whose warm request is of this class.
fn compare_class(
    design: &Design<'_>,
    noise: Allowance,
    class: Class,
    requests: u64,
) -> ClassComparison {
    let found = estimate(design, RequestRow::ttft_ms, noise, &|_, warm| {
        class_of(warm) == Some(class)
    });
    ClassComparison {
        class,
        requests,
        ratio: found.metric.ratio,
        cold_typical: found.metric.cold_typical,
        warm_typical: found.metric.warm_typical,
    }
}
