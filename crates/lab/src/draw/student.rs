//! Student's t, by nothing that `stats` uses.

/// The quantile of 97.5 % at so many degrees of freedom: bisection over the integral of the density
/// (Simpson's rule).
pub(super) fn quantile(freedom: usize) -> f64 {
    let (mut low, mut high) = (0.0, 20.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if half_integral(middle, freedom as f64) < 0.475 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// ∫ from 0 to `to` of the density.
fn half_integral(to: f64, freedom: f64) -> f64 {
    const STEPS: u32 = 400;
    let step = to / f64::from(STEPS);
    let mut sum = density(0.0, freedom) + density(to, freedom);
    for at in 1..STEPS {
        let weight = if at % 2 == 1 { 4.0 } else { 2.0 };
        sum += weight * density(f64::from(at) * step, freedom);
    }
    sum * step / 3.0 * norm(freedom)
}

/// The density but for its norm.
fn density(x: f64, freedom: f64) -> f64 {
    (1.0 + x * x / freedom).powf(-f64::midpoint(freedom, 1.0))
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
        // scipy.stats.t.ppf(0.975, n)
        for (freedom, expected) in [
            (1, 12.706_205),
            (2, 4.302_653),
            (5, 2.570_582),
            (47, 2.011_741),
        ] {
            let found = quantile(freedom);
            assert!((found - expected).abs() < 1e-4, "{freedom}: {found}");
        }
    }
}
