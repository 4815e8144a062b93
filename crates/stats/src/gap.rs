//! Why fewer prompt tokens came from the cache than the token ids sent would have allowed, or why
//! they allow so few: whole blocks, short prompts, stores that were not finished.

use crate::{hits::Hits, kinds::of_kind, pairs::matched, quantile::quantile, witness};
use dualround_model::{CacheHit, Known, RoundKind, RoundResult};

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

/// Sentences in English and in Chinese.
pub(crate) fn reasons(
    rounds: &[RoundResult],
    known: &Known,
    hits: &CacheHit,
) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let Some(reuse) = known.reuse.filter(|reuse| reuse.prompts > 0) else {
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
        out.push((
            format!("below a block: {short} of {of} prompts are no longer than one block of {block} tokens and cannot hit"),
            format!("不足一块：{of} 条提示词中有 {short} 条不超过一个 {block} token 的缓存块，无法命中"),
        ));
    } else if block > 1 && reuse.warm < LOW {
        let (mean, most) = (
            reuse.tokens as f64 / reuse.prompts as f64,
            100.0 * reuse.warm,
        );
        out.push((
            format!("partial blocks: hits come in whole blocks of {block} tokens and the last token is always computed, so of prompts of {mean:.0} tokens on average at most {most:.1} % can come from the cache"),
            format!("不完整的块：命中以 {block} token 的整块为单位，且最后一个 token 总要计算；提示词平均 {mean:.0} token，最多 {most:.1} % 可来自缓存"),
        ));
    }
    // Replicas that nobody sees look the same; one engine that looked up all of it is needed.
    let one = of_kind(rounds, RoundKind::Warm)
        .all(|round| round.meta.engines.len() == 1 && witness::of_round(round).is_some());
    let gap = one && hits.usage.is_some_and(|usage| usage < reuse.warm - GAP);
    if let Some(reason) = gap.then(|| store_not_finished(rounds, block)).flatten() {
        out.push(reason);
    }
    out
}

/// A later warm round hits far more than the first, or those that missed had been asked again soon
/// after their first answer and those that hit had not.
fn store_not_finished(rounds: &[RoundResult], block: u64) -> Option<(String, String)> {
    let warms: Vec<&RoundResult> = of_kind(rounds, RoundKind::Warm).collect();
    for pair in warms.windows(2) {
        if pair[0].meta.spec.epoch != pair[1].meta.spec.epoch {
            continue;
        }
        let rate = |round: &RoundResult| Hits::of_rows(&round.requests).rate();
        if let Some((first, later)) = rate(pair[0])
            .zip(rate(pair[1]))
            .filter(|(a, b)| *b > a + LATER)
        {
            let (first, later) = (100.0 * first, 100.0 * later);
            return Some((
                format!(
                    "store not finished: the first warm round hit {first:.1} %, the next one {later:.1} %; the cache was still being written, which --round-gap SECONDS waits for"
                ),
                format!(
                    "写入未完成：第一个热轮命中 {first:.1} %，下一个 {later:.1} %；缓存仍在写入，可用 --round-gap 秒数 等待"
                ),
            ));
        }
    }
    let (missed, hit) = waits(rounds, block);
    if missed.len() < SIDE || hit.len() < SIDE {
        return None;
    }
    let (soon, late) = (quantile(&missed, 0.9)?, quantile(&hit, 0.1)?);
    (soon < late).then(|| {
        let count = missed.len();
        (
            format!("store not finished: {count} requests that missed had been asked again within {soon:.2} s of their first answer, those that hit after {late:.2} s and more; --round-gap SECONDS waits for the cache to be written"),
            format!("写入未完成：未命中的 {count} 个请求在首次应答后 {soon:.2} 秒内就被再次发送，而命中的都在 {late:.2} 秒之后；可用 --round-gap 秒数 等待缓存写入"),
        )
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
