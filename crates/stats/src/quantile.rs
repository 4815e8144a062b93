//! Percentiles by linear interpolation (Hyndman and Fan's type 7, numpy's default) and the rest
//! of a [`Stat`].

use dualround_model::Stat;

/// The `p`-quantile (0 to 1) of sorted values; `None` without values.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = p.clamp(0.0, 1.0) * last as f64;
    let fraction = position.fract();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "position lies in 0..=last, so its floor is an index"
    )]
    let at = position as usize;
    let below = sorted[at];
    let above = sorted[(at + 1).min(last)];
    // Never outside the two neighbours, whatever rounding does.
    Some((below + (above - below) * fraction).clamp(below, above))
}

/// All statistics of a set of values. Values that are not finite are left out.
pub fn stat(values: impl IntoIterator<Item = f64>) -> Stat {
    let mut sorted: Vec<f64> = values
        .into_iter()
        .filter(|value| value.is_finite())
        .collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(min), Some(max)) = (sorted.first().copied(), sorted.last().copied()) else {
        return Stat::default();
    };
    let n = sorted.len() as f64;
    let avg = (sorted.iter().sum::<f64>() / n).clamp(min, max);
    let squares: f64 = sorted.iter().map(|value| (value - avg).powi(2)).sum();
    Stat {
        n: sorted.len() as u64,
        avg: Some(avg),
        p50: quantile(&sorted, 0.5),
        p90: quantile(&sorted, 0.9),
        p95: quantile(&sorted, 0.95),
        p99: quantile(&sorted, 0.99),
        min: Some(min),
        max: Some(max),
        stddev: (sorted.len() > 1).then(|| (squares / (n - 1.0)).sqrt()),
    }
}
