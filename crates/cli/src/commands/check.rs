//! `dualround check`: looks before anything is measured.

use super::print;
use crate::{
    args::{CheckDatasetArgs, RunArgs},
    exit, progress, settings,
};
use dualround_dataset::{DatasetError, inspect};
use dualround_loadgen::{Fetched, fetch};
use dualround_model::{DatasetPlan, RequestPlan};
use dualround_report::safe_text;
use serde_json::json;
use std::time::Duration;

pub(super) const LIMIT: Duration = Duration::from_secs(10);

pub(super) fn line(text: &str) {
    print(&safe_text(text));
}

/// What a dataset holds.
pub(crate) fn dataset(args: CheckDatasetArgs) -> anyhow::Result<u8> {
    let plan = DatasetPlan {
        text_key: args.text_key,
        ..settings::read_plan(&args.file, &args.read)?
    };
    let file = &args.file;
    let reading = progress::reading(&[file]);
    let found = inspect(&plan)?;
    drop(reading);
    line(&format!("file: {}", file.display()));
    line(&format!("format: {}", found.format));
    line(&format!("rows: {} ({} usable)", found.rows, found.usable));
    for (reason, count) in &found.skipped {
        line(&format!("  left out: {count} {reason}"));
    }
    for (number, reason) in &found.bad {
        line(&format!("  line {number}: {reason}"));
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
    let Some(first) = found.first else {
        let name = file.display().to_string();
        return Err(DatasetError::Empty {
            name,
            detail: String::new(),
        }
        .into());
    };
    let mut body = json!({"model": "…", "messages": first.messages, "stream": true});
    if let (Some(body), Some(tokens)) = (body.as_object_mut(), first.output_tokens) {
        body.insert("max_tokens".to_owned(), tokens.into());
    }
    line("first request:");
    line(&shorten(&serde_json::to_string_pretty(&body)?));
    Ok(if found.bad.is_empty() {
        exit::OK
    } else {
        exit::USAGE
    })
}

fn shorten(text: &str) -> String {
    const LIMIT: usize = 1500;
    if text.chars().count() <= LIMIT {
        return text.to_owned();
    }
    let start: String = text.chars().take(LIMIT).collect();
    format!("{start}…")
}

/// For a page of its own: no key goes there.
pub(super) fn page_request() -> anyhow::Result<RequestPlan> {
    let mut request = request(None)?;
    request.api_key = None;
    Ok(request)
}

/// Reads such a page.
pub(super) fn get(url: &str) -> anyhow::Result<Fetched> {
    Ok(fetch(url, &page_request()?, LIMIT)?)
}

/// The request side of a plan with defaults: certificates and the key.
fn request(key: Option<String>) -> anyhow::Result<RequestPlan> {
    let args = RunArgs {
        dataset: Some("-".into()),
        endpoint: Some("http://localhost".to_owned()),
        api_key: key,
        ..RunArgs::default()
    };
    Ok(settings::resolve(args)?.plan.request)
}
