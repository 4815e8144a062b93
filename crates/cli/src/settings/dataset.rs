//! The settings of the data set.

use super::{network, sessions, usage};
use crate::{
    args::{
        ReadArgs, RunArgs,
        words::{FormatName, KeepWord, SamplingWord, TimestampUnitWord},
    },
    exit::Usage,
    hub,
};
use dualround_model::{DatasetPlan, EngineTokens, NetworkPlan};
use std::path::Path;

/// The plan for a file that is read by itself, outside any run.
///
/// # Errors
/// [`Usage`] when the tokenizer cannot be had.
pub(crate) fn read_plan(path: &Path, args: &ReadArgs) -> Result<DatasetPlan, Usage> {
    let network = network::of_command(&args.network)?;
    Ok(DatasetPlan {
        format: args.format.map(FormatName::means),
        tokenizer: hub::tokenizer(args.tokenizer.as_deref(), &network)?,
        trace_block_size: args.trace_block_size,
        ..DatasetPlan::new(path)
    })
}

/// Refuses paths that are not UTF-8: the files of a run name them, and are.
///
/// # Errors
/// [`Usage`] naming the flag and the path.
pub(super) fn utf8_paths(dataset: &Path, output_dir: Option<&Path>) -> Result<(), Usage> {
    for (flag, path) in [("--dataset", Some(dataset)), ("--output-dir", output_dir)] {
        if let Some(path) = path.filter(|path| path.to_str().is_none()) {
            return Err(usage(format!(
                "{flag} {}: the path is not UTF-8; rename it, or give a link to it",
                path.display()
            )));
        }
    }
    Ok(())
}

/// Resolves the dataset side of the plan; `network` leads to the hub of a tokenizer.
///
/// # Errors
/// [`Usage`] naming the setting.
pub(super) fn resolve(
    args: &RunArgs,
    path: &Path,
    levels: usize,
    seed: u64,
    network: &NetworkPlan,
) -> Result<DatasetPlan, Usage> {
    let num_samples = args.num_samples.clone().unwrap_or_default();
    if num_samples.len() > 1 && num_samples.len() != levels {
        return Err(usage(format!(
            "--num-samples has {} values, and there are {levels} levels: give one value, or one a level",
            num_samples.len()
        )));
    }
    let (engine_tokens, tokenizer) = match args.tokenizer.as_deref() {
        None => (EngineTokens::WhereItCan, None),
        Some("engine") => (EngineTokens::Always, None),
        Some("none") => (EngineTokens::Never, None),
        named => (EngineTokens::Never, hub::tokenizer(named, network)?),
    };
    Ok(DatasetPlan {
        format: args.format.map(FormatName::means),
        text_key: args.text_key.clone(),
        skip_bad_rows: args.skip_bad_rows.unwrap_or(false),
        num_samples,
        sampling: args.sampling.map(SamplingWord::means).unwrap_or_default(),
        weight_key: args.weight_key.clone(),
        lengths: (args.min_length, args.max_length),
        oversample: args.oversample.unwrap_or(false),
        max_input_length: args.max_input_length,
        keep: args.keep.map(KeepWord::means).unwrap_or_default(),
        tokenizer,
        engine_tokens,
        trace_block_size: args.trace_block_size,
        replay: args.replay.unwrap_or(false),
        timestamp_unit: args.timestamp_unit.map(TimestampUnitWord::means),
        seed,
        sessions: sessions::resolve(args)?,
        ..DatasetPlan::new(path)
    })
}
