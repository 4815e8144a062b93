//! What a hit is worth and what a miss: where some warm requests hit and some did not, one ratio
//! over both says neither.

use super::{design::Design, estimate::estimate};
use crate::level::pairs::matched;
use dualround_model::{Allowance, Class, ClassComparison, RequestRow};

/// Requests that a class needs.
const FEWEST: u64 = 3;
/// And its share of all.
const SHARE: f64 = 0.2;

/// Both classes; none where the hits of a request are unknown, or one class has too few.
pub(crate) fn classes(design: &Design<'_>, noise: Allowance) -> Vec<ClassComparison> {
    let class = |row: &RequestRow| {
        let half = 2 * row.cached_tokens()? >= row.input_tokens()?;
        Some(if half { Class::Hit } else { Class::Miss })
    };
    let (mut hits, mut misses) = (0_u64, 0_u64);
    for (cold, warm) in &design.cycles {
        for (_, _, row) in matched(cold, warm) {
            match class(row) {
                Some(Class::Hit) => hits += 1,
                Some(Class::Miss) => misses += 1,
                None => return Vec::new(),
            }
        }
    }
    let all = (hits + misses) as f64;
    let enough = |count: u64| count >= FEWEST && count as f64 >= SHARE * all;
    if !enough(hits) || !enough(misses) {
        return Vec::new();
    }
    [(Class::Hit, hits), (Class::Miss, misses)]
        .map(|(wanted, requests)| {
            let of_class = |_: &RequestRow, warm: &RequestRow| class(warm) == Some(wanted);
            let found = estimate(design, RequestRow::ttft_ms, noise, &of_class).metric;
            ClassComparison {
                class: wanted,
                requests,
                ratio: found.ratio,
                cold_typical: found.cold_typical,
                warm_typical: found.warm_typical,
            }
        })
        .into()
}
