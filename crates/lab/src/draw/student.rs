//! Student's t, by nothing that `stats` uses.

/// What Student's t exceeds with the probability `beyond`, at so many degrees of freedom: bisection
/// over the integral of the density.
pub(super) fn quantile(freedom: usize, beyond: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1000.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if half_integral(middle, freedom as f64) < 0.5 - beyond {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// ∫ from 0 to `to` of the density (Simpson's rule), by the angle whose tangent is t / √ν: in it the
/// density is a power of the cosine.
fn half_integral(to: f64, freedom: f64) -> f64 {
    const STEPS: u32 = 400;
    let step = (to / freedom.sqrt()).atan() / f64::from(STEPS);
    let power = |at: u32| (f64::from(at) * step).cos().powf(freedom - 1.0);
    let mut sum = power(0) + power(STEPS);
    for at in 1..STEPS {
        let weight = if at % 2 == 1 { 4.0 } else { 2.0 };
        sum += weight * power(at);
    }
    sum * step / 3.0 * freedom.sqrt() * norm(freedom)
}

/// Γ((ν + 1)/2) / (√(νπ) Γ(ν/2)).
fn norm(freedom: f64) -> f64 {
    let ratio = ln_gamma(f64::midpoint(freedom, 1.0)) - ln_gamma(freedom / 2.0);
    ratio.exp() / (freedom * std::f64::consts::PI).sqrt()
}

/// ln Γ of a multiple of 1/2, by the recurrence of Γ from its values at 1/2 and 1.
fn ln_gamma(of: f64) -> f64 {
    let (mut at, mut sum) = (of, 0.0);
    while at > 1.25 {
        at -= 1.0;
        sum += at.ln();
    }
    let base = if at > 0.75 {
        1.0_f64
    } else {
        std::f64::consts::PI.sqrt()
    };
    sum + base.ln()
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // scipy.stats.t.ppf(1 - p, n)
        for (freedom, beyond, expected) in [
            (1, 0.025, 12.706_205),
            (2, 0.025, 4.302_653),
            (5, 0.025, 2.570_582),
            (47, 0.025, 2.011_741),
            (2, 0.025 / 18.0, 18.934_115),
        ] {
            let found = quantile(freedom, beyond);
            assert!((found - expected).abs() < 1e-4, "{freedom}: {found}");
        }
    }
}
