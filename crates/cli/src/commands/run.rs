//! `dualround run`: settings, dataset, then the measurement.

use super::experiment;
use crate::screen::{note, print};
use crate::{args::RunArgs, engine_tokens, exit, progress::ProgressFormat, screen, settings};

/// Runs `dualround run`: a measurement, or what `--print-config` prints of it.
pub(crate) fn run(args: RunArgs) -> anyhow::Result<u8> {
    let mut resolved = settings::resolve(args)?;
    if let Some(text) = &resolved.print_config {
        print(text.trim_end());
        return Ok(exit::OK);
    }
    if resolved.quiet {
        screen::be_quiet();
    }
    for text in &resolved.notes {
        note(text);
    }
    let selection = engine_tokens::samples(&mut resolved.plan)?;
    let how = if resolved.quiet {
        ProgressFormat::None
    } else {
        resolved.progress
    };
    experiment::run_experiment(&experiment::ExperimentRequest {
        plan: resolved.plan,
        selection,
        default_dir: resolved.default_dir,
        how,
        live: &resolved.live,
        resume: resolved.resume,
        wait_ready_ms: resolved.wait_ready_ms,
    })
}
