//! `dualround check dataset`: what a file holds, and the first request that a run would send.

use super::check::{CheckTarget, line, settle, show_request};
use crate::{
    args::CheckDatasetArgs, engine_tokens::to_token_ids, exit, exit::Usage, progress, screen::print,
};
use dualround_dataset::{BadLine, DatasetError, Inspection, inspect, load};
use dualround_loadgen::sendable;
use dualround_model::{Lang, Warning};
use dualround_report::warning_text;

/// Runs `dualround check dataset`: what is read of it, and the first request.
pub(crate) fn run(args: CheckDatasetArgs) -> anyhow::Result<u8> {
    let own = CheckTarget {
        dataset: args.file,
        ..CheckTarget::default()
    };
    let settled = settle(args.run, own)?;
    if let Some(text) = &settled.print_config {
        print(text);
        return Ok(exit::OK);
    }
    if !settled.has_dataset {
        return Err(Usage("give the file: dualround check dataset FILE".to_owned()).into());
    }
    let plan = settled.plan;
    let reading = progress::reading(&[&plan.dataset.path]);
    let found = inspect(&plan.dataset)?;
    let selection = load(&plan.dataset, plan.levels.len());
    drop(reading);
    line(&format!("file: {}", plan.dataset.path.display()));
    describe(&found);
    if found.first.is_none() {
        let name = plan.dataset.path.display().to_string();
        let detail = String::new();
        return Err(DatasetError::Empty { name, detail }.into());
    }
    match selection {
        Ok(mut selection) => {
            // Without a server to ask, a run's own look is left to the run.
            if plan.request.prompt_token_ids
                && (plan.dataset.tokenizer.is_some() || settled.has_endpoint)
            {
                to_token_ids(&plan, &mut selection)?;
            }
            for samples in &selection.levels {
                sendable(&plan, samples)?;
            }
            if let Some(sample) = selection.of_level(0).first() {
                show_request(&plan, sample, settled.has_endpoint)?;
            }
        }
        Err(error) => {
            let advice = in_brackets(exit::dataset_flag(&error));
            line(&format!("a run would refuse it: {error}{advice}"));
            return Ok(exit::USAGE);
        }
    }
    Ok(if found.bad.is_empty() || plan.dataset.skip_bad_rows {
        exit::OK
    } else {
        exit::USAGE
    })
}

fn describe(found: &Inspection) {
    line(&format!("format: {}", found.format));
    line(&format!("rows: {} ({} usable)", found.rows, found.usable));
    for (reason, count) in &found.skipped {
        line(&format!("  left out: {count} {reason}"));
    }
    for BadLine { number, error } in &found.bad {
        let advice = in_brackets(exit::row_flag(error));
        line(&format!("  line {number}: {error}{advice}"));
    }
    if !found.unsent.is_empty() {
        let fields = found.unsent.clone();
        line(&warning_text(
            &Warning::RowFieldsUnsent { fields },
            Lang::En,
        ));
    }
    for (unit, lengths) in [("characters", found.chars), ("tokens", found.tokens)] {
        if let Some([min, mid, high, max]) = lengths {
            line(&format!(
                "{unit}: min {min}, P50 {mid}, P99 {high}, max {max}"
            ));
        }
    }
    line(&format!("repeated prompts: {}", found.duplicates));
    line(&format!(
        "shared beginnings: {:.1} % of all characters stand in an earlier prompt too",
        100.0 * found.shared_prefix_share
    ));
    line(&format!(
        "rows with an output length: {}",
        found.row_output_lengths
    ));
    line(&format!(
        "prompts with a system message: {}",
        found.with_system
    ));
}

/// Advice behind what is wrong, if there is any.
fn in_brackets(advice: Option<&str>) -> String {
    advice.map_or_else(String::new, |advice| format!(" ({advice})"))
}
