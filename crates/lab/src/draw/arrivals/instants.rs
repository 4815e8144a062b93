//! When requests arrive.

use crate::draw::random::Random;
use dualround_model::Arrivals;

/// Instants of so many requests, ms: the first at 0 and the last when the mean gap says, however the
/// gaps fall.
pub(super) fn instants(
    arrivals: Arrivals,
    requests: u32,
    gap_ms: f64,
    random: &mut Random,
) -> Vec<f64> {
    let mut instants = vec![0.0];
    let mut at = 0.0;
    for _ in 1..requests {
        at += arrivals.shape().map_or(1.0, |shape| gamma(shape, random));
        instants.push(at);
    }
    let whole = gap_ms * f64::from(requests.saturating_sub(1));
    let scale = if at > 0.0 { whole / at } else { 0.0 };
    instants.iter().map(|instant| instant * scale).collect()
}

/// A gamma number of scale 1 (Marsaglia and Tsang, ACM Trans. Math. Softw. 26 (2000) 363).
fn gamma(shape: f64, random: &mut Random) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, random) * random.unit().powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = random.normal();
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && random.unit().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_have_the_variance_of_their_shape() {
        for shape in [0.3, 1.0, 4.0] {
            let mut random = Random::new(1);
            let drawn: Vec<f64> = (0..40_000).map(|_| gamma(shape, &mut random)).collect();
            let mean = drawn.iter().sum::<f64>() / 40_000.0;
            let squares = drawn.iter().map(|gap| (gap - mean).powi(2));
            let cv = (squares.sum::<f64>() / 40_000.0).sqrt() / mean;
            assert!((mean / shape - 1.0).abs() < 0.03, "{shape}: {mean}");
            assert!((cv * shape.sqrt() - 1.0).abs() < 0.03, "{shape}: {cv}");
        }
    }

    #[test]
    fn the_last_request_arrives_when_the_rate_says() {
        for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
            let instants = instants(arrivals, 101, 7.0, &mut Random::new(1));
            assert!((instants[100] - 700.0).abs() < 1e-9 && instants[0].abs() < 1e-9);
        }
    }
}
