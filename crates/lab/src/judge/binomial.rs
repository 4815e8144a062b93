//! The exact lower bound of a rate.

/// The lowest true rate that `wrong` of `of` do not exclude at 99 %: Clopper and Pearson's lower
/// end (Biometrika 26 (1934) 404), by bisection over the binomial's upper tail.
#[expect(clippy::cast_precision_loss, reason = "counts of runs")]
pub fn lowest_rate(wrong: u64, of: u64) -> f64 {
    if wrong == 0 || of == 0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, wrong as f64 / of as f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if upper_tail(wrong, of, middle) < 0.01 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// P(X ≥ `from`) of a binomial.
#[expect(clippy::cast_precision_loss, reason = "counts of runs")]
fn upper_tail(from: u64, of: u64, rate: f64) -> f64 {
    let (ln, ln_not) = (rate.ln(), (-rate).ln_1p());
    let mut choose = 0.0;
    let mut below = 0.0;
    for k in 0..from {
        below += (choose + k as f64 * ln + (of - k) as f64 * ln_not).exp();
        choose += ((of - k) as f64).ln() - ((k + 1) as f64).ln();
    }
    1.0 - below
}

#[cfg(test)]
mod tests {
    use super::lowest_rate;

    #[test]
    fn bounds_are_those_of_clopper_and_pearson() {
        // scipy.stats.beta.ppf(0.01, k, n - k + 1)
        for (wrong, of, bound) in [
            (10, 100, 0.042_352),
            (1, 20, 0.000_502_4),
            (60, 1000, 0.043_806),
        ] {
            let found = lowest_rate(wrong, of);
            assert!((found - bound).abs() < 2e-6, "{wrong} of {of}: {found}");
        }
        assert!(lowest_rate(0, 100) < 1e-12);
    }
}
