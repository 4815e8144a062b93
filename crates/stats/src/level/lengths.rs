//! TTFT by prompt length: three classes of prompts, where each has enough of them.

use super::{design::Design, estimate::estimate};
use crate::{level::pairs::matched, numbers::intervals::FEWEST};
use dualround_model::{Allowance, LengthBucket, RequestRow};

/// How many classes are tried.
const CLASSES: usize = 3;

/// Classes of about equal size, shortest first; prompts of one length are never in two. None where
/// there would be one class, or one of fewer than six prompts.
pub(crate) fn lengths(design: &Design<'_>, noise: Allowance) -> Vec<LengthBucket> {
    // Each as its tokens and its number, so that they sort by length.
    let mut prompts: Vec<(u64, u64)> = Vec::new();
    for (cold, warm) in &design.cycles {
        prompts.extend(matched(cold, warm).filter_map(|(_, cold, warm)| {
            cold.ttft_ms().zip(warm.ttft_ms())?;
            Some((cold.input_tokens()?, cold.prompt()))
        }));
    }
    prompts.sort_unstable();
    prompts.dedup();
    let size = prompts.len().div_ceil(CLASSES).max(1);
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    let mut rest = prompts.as_slice();
    while let Some((first, _)) = rest.first() {
        let (last, _) = rest[size.min(rest.len()) - 1];
        let end = rest.partition_point(|(tokens, _)| *tokens <= last);
        if end < FEWEST {
            return Vec::new();
        }
        ranges.push((*first, last));
        rest = &rest[end..];
    }
    if ranges.len() < 2 {
        return Vec::new();
    }
    let mut buckets = Vec::new();
    for (min_tokens, max_tokens) in ranges {
        let found = estimate(design, RequestRow::ttft_ms, noise, &|cold, _| {
            let tokens = cold.input_tokens();
            tokens.is_some_and(|tokens| (min_tokens..=max_tokens).contains(&tokens))
        });
        if found.metric.prompts < FEWEST as u64 {
            return Vec::new();
        }
        buckets.push(LengthBucket {
            min_tokens,
            max_tokens,
            ttft: found.metric,
        });
    }
    buckets
}
