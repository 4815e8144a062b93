//! How far p-values are from what they must be where there is no effect.

/// Kolmogorov's distance of values from the uniform distribution on 0 to 1.
pub(super) fn distance(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let mut farthest = 0.0_f64;
    for (at, value) in sorted.iter().enumerate() {
        let (below, up_to) = (at as f64 / n, (at + 1) as f64 / n);
        farthest = farthest.max(value - below).max(up_to - value);
    }
    farthest
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn the_distance_is_the_largest_step() {
        assert!((distance(&[0.5]) - 0.5).abs() < 1e-12);
        assert!((distance(&[0.25, 0.75]) - 0.25).abs() < 1e-12);
        assert!((distance(&[0.9, 0.9, 0.1]) - 0.9 + 1.0 / 3.0).abs() < 1e-12);
    }
}
