//! TTFT by prompt length: three classes of prompts, where each has enough of them.

use super::{design::Design, estimate::estimate};
use crate::{level::pairs::matched, numbers::intervals::FEWEST};
use dualround_model::{Allowance, LengthBucket, RequestRow};

/// How many classes are tried.
const CLASSES: usize = 3;

/// Classes of about equal size, shortest first; prompts of one length are never in two. None where
/// there would be one class, or one of fewer than six prompts.
pub(crate) fn lengths(design: &Design<'_>, noise: Allowance) -> Vec<LengthBucket> {
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
        let last = rest[size.min(rest.len()) - 1].0;
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
    let bucket = |(min_tokens, max_tokens): (u64, u64)| {
        let within = |cold: &RequestRow, _: &RequestRow| {
            let tokens = cold.input_tokens();
            tokens.is_some_and(|tokens| (min_tokens..=max_tokens).contains(&tokens))
        };
        LengthBucket {
            min_tokens,
            max_tokens,
            ttft: estimate(design, RequestRow::ttft_ms, noise, &within).metric,
        }
    };
    let buckets: Vec<LengthBucket> = ranges.into_iter().map(bucket).collect();
    let enough = |bucket: &LengthBucket| bucket.ttft.prompts >= FEWEST as u64;
    if buckets.iter().all(enough) {
        buckets
    } else {
        Vec::new()
    }
}
