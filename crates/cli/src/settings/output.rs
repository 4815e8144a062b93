//! What a run writes, and how it shows itself meanwhile.

use super::metrics_url;
use crate::{
    args::{
        RunArgs,
        words::{StoreTextWord, TablesWord},
    },
    exit::Usage,
    live::LivePlan,
};
use dualround_model::{Lang, OutputPlan};

/// The output side of the plan. Without a folder of its own the run goes into the default one.
pub(super) fn resolve(args: &RunArgs, lang: Lang) -> OutputPlan {
    let default = OutputPlan::default();
    let folder = args.output_dir.as_ref().or(args.resume.as_ref());
    OutputPlan {
        dir: folder.map_or(default.dir, Clone::clone),
        overwrite: args.overwrite.unwrap_or(false),
        store_text: args
            .store_text
            .map(StoreTextWord::means)
            .unwrap_or_default(),
        check_output: args.check_output.unwrap_or(false),
        lang,
        csv_bom: args.csv_bom.unwrap_or(false),
        tables: args.tables.map(TablesWord::means).unwrap_or_default(),
        chunk_times: args.chunk_times.unwrap_or(false),
    }
}

/// Where the run shows itself to a Prometheus.
///
/// # Errors
/// [`Usage`] for a URL that is not whole.
pub(super) fn live(args: &RunArgs) -> Result<LivePlan, Usage> {
    let remote_write = match &args.remote_write {
        Some(url) => Some(metrics_url("--remote-write", url)?),
        None => None,
    };
    Ok(LivePlan {
        listen: args.metrics_listen.clone(),
        remote_write,
    })
}
