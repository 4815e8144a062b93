//! How high a percentile may be: order statistics, without assumptions on the shape of the values
//! (David and Nagaraja, Order Statistics, 7.1).

use dualround_model::Tail;

/// How sure an upper end is.
const SURE: f64 = 0.95;

/// Upper ends of P90, P95 and P99.
pub(crate) fn tail(values: impl Iterator<Item = f64>) -> Tail {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    Tail {
        p90: upper_end(&mut values, 0.90),
        p95: upper_end(&mut values, 0.95),
        p99: upper_end(&mut values, 0.99),
    }
}

/// The upper end of one percentile. Puts the values in order as far as that is needed.
fn upper_end(values: &mut [f64], p: f64) -> Option<f64> {
    let rank = rank(values.len(), p)?;
    let (_, value, _) = values.select_nth_unstable_by(rank - 1, f64::total_cmp);
    Some(*value)
}

/// The smallest rank k (from 1) for which the k-th smallest of n values lies at or above the
/// p-quantile in 95 %: fewer than k of them lie below it. `None` where even the largest may not.
fn rank(n: usize, p: f64) -> Option<usize> {
    // How many lie at or above the quantile is binomial in 1 − p; its lower tail from 0 on, in
    // logarithms, so that p^n does not vanish.
    let (ln, ln_not) = ((1.0 - p).ln(), p.ln());
    let mut log_choose = 0.0_f64;
    let mut tail = 0.0;
    let mut found = None;
    for above in 0..=n {
        tail += (log_choose + above as f64 * ln + (n - above) as f64 * ln_not).exp();
        if tail > 1.0 - SURE {
            break;
        }
        found = Some(n - above);
        log_choose += ((n - above) as f64).ln() - ((above + 1) as f64).ln();
    }
    found.filter(|rank| *rank > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_need_29_59_and_299_requests() {
        for (p, least) in [(0.90, 29), (0.95, 59), (0.99, 299)] {
            assert_eq!((rank(least - 1, p), rank(least, p)), (None, Some(least)));
        }
        assert_eq!(rank(0, 0.9), None);
    }

    #[test]
    fn ranks_are_those_of_the_binomial() {
        // scipy.stats.binom.ppf(0.95, n, p) + 1
        for (n, p, expected) in [(100, 0.90, 96), (1000, 0.99, 996), (200_000, 0.99, 198_074)] {
            assert_eq!(rank(n, p), Some(expected), "{n} {p}");
        }
    }
}
