//! Percentiles by linear interpolation (Hyndman and Fan's type 7, numpy's default) and the rest
//! of a [`Stat`].

use dualround_model::Stat;

/// The `p`-quantile (0 to 1) of sorted values; `None` without values.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let (at, fraction) = position(sorted.len(), p)?;
    let above = sorted[(at + 1).min(sorted.len() - 1)];
    Some(between(sorted[at], above, fraction))
}

/// Quantiles of values in any order, which are put in order only as far as `ps`, rising, need it.
fn select<const N: usize>(values: &mut [f64], ps: [f64; N]) -> [Option<f64>; N] {
    let (len, mut rest, mut before) = (values.len(), values, 0);
    ps.map(|p| {
        let (at, fraction) = position(len, p)?;
        let tail = std::mem::take(&mut rest);
        let (_, below, above) = tail.select_nth_unstable_by(at - before, f64::total_cmp);
        let below = *below;
        let next = above.iter().copied().min_by(f64::total_cmp);
        // Values left of `at` are smaller: the next quantile stands at it or right of it.
        rest = &mut tail[at - before..];
        before = at;
        Some(between(below, next.unwrap_or(below), fraction))
    })
}

/// Where the `p`-quantile of `len` values stands: an index and how far it is to the next one.
fn position(len: usize, p: f64) -> Option<(usize, f64)> {
    let last = len.checked_sub(1)?;
    let position = p.clamp(0.0, 1.0) * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "position lies in 0..=last, so its floor is an index"
    )]
    let at = position as usize;
    Some((at.min(last), position.fract()))
}

/// A value between two neighbours, never outside of them, whatever rounding does.
fn between(below: f64, above: f64, fraction: f64) -> f64 {
    (below + (above - below) * fraction).clamp(below, above)
}

/// All statistics of a set of values. Values that are not finite are left out.
pub fn stat(values: impl IntoIterator<Item = f64>) -> Stat {
    let mut values: Vec<f64> = values
        .into_iter()
        .filter(|value| value.is_finite())
        .collect();
    let min = values.iter().copied().reduce(f64::min);
    let max = values.iter().copied().reduce(f64::max);
    let (Some(min), Some(max)) = (min, max) else {
        return Stat::default();
    };
    let n = values.len() as f64;
    let avg = (values.iter().sum::<f64>() / n).clamp(min, max);
    let squares: f64 = values.iter().map(|value| (value - avg).powi(2)).sum();
    let [p50, p90, p95, p99] = select(&mut values, [0.5, 0.9, 0.95, 0.99]);
    Stat {
        n: values.len() as u64,
        avg: Some(avg),
        p50,
        p90,
        p95,
        p99,
        min: Some(min),
        max: Some(max),
        stddev: (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt()),
    }
}
