//! `dualround run`: settings, dataset, then the measurement.

use super::{measure, note, print};
use crate::{args::RunArgs, engine_tokens, exit, settings};

/// Runs it.
pub(crate) fn run(args: RunArgs) -> anyhow::Result<u8> {
    let mut resolved = settings::resolve(args)?;
    if resolved.print_config {
        print(&serde_json::to_string_pretty(&measure::stored(
            &resolved.plan,
        ))?);
        return Ok(exit::OK);
    }
    for text in &resolved.notes {
        note(text);
    }
    let selection = engine_tokens::samples(&mut resolved.plan)?;
    measure::measure(
        resolved.plan,
        selection,
        resolved.default_dir,
        resolved.progress,
        &resolved.live,
    )
}
