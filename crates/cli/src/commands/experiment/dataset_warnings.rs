//! What is to be said of the samples before any of them is sent.

use dualround_loadgen::block_need;
use dualround_model::{Plan, RoundKind, Selection, Warning};
use std::collections::HashSet;

/// Mixed rounds of too few blocks to tell hits from misses, by level.
fn few_blocks(plan: &Plan, selection: &Selection) -> Vec<Warning> {
    let rounds = plan.rounds();
    let mixed = rounds.iter().filter(|round| round.kind == RoundKind::Mixed);
    let mixed = mixed.count() as u64;
    let mut warnings = Vec::new();
    for (level, load) in plan.levels.iter().enumerate() {
        let (true, Some(concurrency)) = (mixed > 0, load.concurrency()) else {
            continue;
        };
        let need = block_need(selection.of_level(level), concurrency, mixed);
        let load = *load;
        let warning = Warning::FewBlocks { load, need };
        if need.is_short() && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    warnings
}

/// The caveats of a selection under a plan.
pub(super) fn dataset_warnings(plan: &Plan, selection: &Selection) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for level in 0..plan.levels.len() {
        let available = selection.of_level(level).len() as u64;
        let asked = plan.dataset.samples_of(level);
        if let Some(asked) = asked.filter(|asked| *asked > available) {
            let warning = Warning::FewerSamples { asked, available };
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    warnings.extend(few_blocks(plan, selection));
    if selection.duplicate_prompts > 0 {
        warnings.push(Warning::DuplicatePrompts {
            count: selection.duplicate_prompts,
        });
    }
    let repeated = selection.levels.iter().map(|samples| {
        let ids: Vec<&str> = samples.iter().filter_map(|s| s.id.as_deref()).collect();
        let distinct: HashSet<&str> = ids.iter().copied().collect();
        (ids.len() - distinct.len()) as u64
    });
    let count = repeated.max().unwrap_or(0);
    if count > 0 {
        warnings.push(Warning::EqualIds { count });
    }
    if !selection.unsent.is_empty() {
        let fields = selection.unsent.clone();
        warnings.push(Warning::RowFieldsUnsent { fields });
    }
    if let Some(limit) = plan.dataset.max_input_length
        && selection.truncated > 0
    {
        let (count, unit) = (selection.truncated, plan.dataset.unit().to_owned());
        warnings.push(Warning::TruncatedInput { count, limit, unit });
    }
    warnings
}
