//! What a run writes, and how it shows itself meanwhile.

use super::{choice, metrics_url};
use crate::{args::RunArgs, exit::Usage, live::LivePlan, progress::ProgressFormat};
use dualround_model::{Lang, OutputPlan, StoreText, Tables};

/// The output side of the plan. Without a folder of its own the run goes into the default one.
///
/// # Errors
/// [`Usage`] for a word that is none of a flag's.
pub(super) fn resolve(args: &RunArgs, lang: Lang) -> Result<OutputPlan, Usage> {
    let default = OutputPlan::default();
    let folder = args.output_dir.as_ref().or(args.resume.as_ref());
    Ok(OutputPlan {
        dir: folder.map_or(default.dir, Clone::clone),
        overwrite: args.overwrite.unwrap_or(false),
        store_text: store_text(args.store_text.as_deref())?,
        check_output: args.check_output.unwrap_or(false),
        lang,
        csv_bom: args.csv_bom.unwrap_or(false),
        tables: tables(args.tables.as_deref())?,
        chunk_times: args.chunk_times.unwrap_or(false),
    })
}

fn store_text(word: Option<&str>) -> Result<StoreText, Usage> {
    match word.unwrap_or("preview") {
        "full" => Ok(StoreText::Full),
        "preview" => Ok(StoreText::Preview),
        "none" => Ok(StoreText::None),
        _ => Err(choice("--store-text", word, "full, preview or none")),
    }
}

/// `--tables`.
///
/// # Errors
/// [`Usage`] for another word.
pub(crate) fn tables(word: Option<&str>) -> Result<Tables, Usage> {
    match word.unwrap_or("first") {
        "first" | "auto" => Ok(Tables::First),
        "all" => Ok(Tables::All),
        _ => Err(choice("--tables", word, "first or all")),
    }
}

/// `--progress`.
///
/// # Errors
/// [`Usage`] for another word.
pub(super) fn progress(word: Option<&str>) -> Result<ProgressFormat, Usage> {
    match word.unwrap_or("auto") {
        "auto" => Ok(ProgressFormat::Auto),
        "plain" => Ok(ProgressFormat::Plain),
        "json" => Ok(ProgressFormat::Json),
        "none" => Ok(ProgressFormat::None),
        _ => Err(choice("--progress", word, "auto, plain, json or none")),
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
