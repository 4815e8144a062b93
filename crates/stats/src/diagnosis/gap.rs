//! Why fewer prompt tokens came from the cache than the token ids sent would have allowed, or why
//! they allow so few: whole blocks, short prompts, stores that were not finished.

use super::LevelCase;
use crate::{
    cache::expected, cache::hits::Hits, cache::witness, level::kinds::of_kind,
    level::pairs::matched, numbers::quantile::quantile,
};
use dualround_model::{Diagnosis, RoundKind, RoundResult};

/// A possible share below this is worth its reason.
const LOW: f64 = 0.9;
/// Hits so far below the possible ones are a gap.
const GAP: f64 = 0.05;
/// Share of prompts below a block that is worth a word.
const SHORT: f64 = 0.1;
/// How much more a later warm round must hit.
const LATER: f64 = 0.2;
/// Requests on either side that a comparison of their waits needs.
const SIDE: usize = 3;

/// Every reason that holds why less was hit than could be.
pub(super) fn reasons(case: &LevelCase<'_>) -> Vec<Diagnosis> {
    let (rounds, hits) = (case.rounds, case.basis.hit_rate);
    let mut out = Vec::new();
    let reuse = expected::reuse_of_all(rounds, case.known);
    let Some(reuse) = reuse.filter(|reuse| reuse.prompts > 0) else {
        return out;
    };
    let lengths = of_kind(rounds, RoundKind::Cold)
        .flat_map(|round| round.requests.iter())
        .filter_map(|(_, row)| row.input_tokens());
    let (of, short) = lengths.fold((0_u64, 0_u64), |(of, short), tokens| {
        (of + 1, short + u64::from(tokens <= reuse.block))
    });
    let block = reuse.block;
    if block > 1 && short as f64 > SHORT * of as f64 {
        out.push(Diagnosis::BelowBlock { short, of, block });
    } else if block > 1 && reuse.warm < LOW {
        out.push(Diagnosis::PartialBlocks {
            block,
            mean: reuse.tokens as f64 / reuse.prompts as f64,
            most: reuse.warm,
        });
    }
    // Replicas that nobody sees look the same; one engine that looked up all of it is needed.
    let one = of_kind(rounds, RoundKind::Warm).all(witness::is_one_engine);
    let gap = one && hits.usage.is_some_and(|usage| usage < reuse.warm - GAP);
    out.extend(gap.then(|| store_not_finished(rounds, block)).flatten());
    out
}

/// A later warm round hits far more than the first, or those that missed had been asked again soon
/// after their first answer and those that hit had not.
fn store_not_finished(rounds: &[RoundResult], block: u64) -> Option<Diagnosis> {
    let warms: Vec<&RoundResult> = of_kind(rounds, RoundKind::Warm).collect();
    for pair in warms.windows(2) {
        if pair[0].meta.spec.epoch != pair[1].meta.spec.epoch {
            continue;
        }
        let first = Hits::of_rows(&pair[0].requests).rate();
        let later = Hits::of_rows(&pair[1].requests).rate();
        if let Some((first, later)) = first.zip(later)
            && later > first + LATER
        {
            return Some(Diagnosis::StoreNotFinishedLater { first, later });
        }
    }
    let (missed, hit) = waits(rounds, block);
    if missed.len() < SIDE || hit.len() < SIDE {
        return None;
    }
    let (within, after) = (quantile(&missed, 0.9)?, quantile(&hit, 0.1)?);
    (within < after).then_some(Diagnosis::StoreNotFinishedSoon {
        requests: missed.len() as u64,
        within,
        after,
    })
}

/// Seconds between the first answer and the second question, sorted: of requests that missed most
/// of what they could hit, and of the others.
fn waits(rounds: &[RoundResult], block: u64) -> (Vec<f64>, Vec<f64>) {
    let (mut missed, mut hit) = (Vec::new(), Vec::new());
    for pair in rounds.windows(2) {
        let kinds = (pair[0].meta.spec.kind, pair[1].meta.spec.kind);
        if kinds != (RoundKind::Cold, RoundKind::Warm) {
            continue;
        }
        for (_, before, after) in matched(&pair[0], &pair[1]) {
            let tokens = after.input_tokens().zip(after.cached_tokens());
            let Some(((input, cached), again)) = tokens.zip(after.start_ns()) else {
                continue;
            };
            let possible = input.saturating_sub(1) / block.max(1) * block;
            let wait = again.saturating_sub(before.end_ns()) as f64 / 1e9;
            if 2 * cached < possible {
                missed.push(wait);
            } else if possible > 0 {
                hit.push(wait);
            }
        }
    }
    for side in [&mut missed, &mut hit] {
        side.sort_unstable_by(f64::total_cmp);
    }
    (missed, hit)
}
