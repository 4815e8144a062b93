//! Saved runs, one a line.

use crate::{
    RunInfo,
    json::arrivals::load,
    number::times,
    text::{fit, safe_text, widest},
};
use dualround_model::Load;
use serde_json::{Value, json};
use std::{fmt::Write, path::PathBuf};

/// A saved run that was found.
#[derive(Debug)]
pub struct ListedRun {
    /// Its folder.
    pub dir: PathBuf,
    /// What was run.
    pub info: RunInfo,
    /// TTFT cold over warm of each level; `None` where it is withheld or unknown.
    pub ratios: Vec<Option<f64>>,
}

impl ListedRun {
    /// `ok`, `interrupted`, `unfinished` or the exit code.
    fn state(&self) -> String {
        match (self.info.exit_code, self.info.interrupted) {
            (Some(code @ 1..=5), _) => format!("exit {code}"),
            (_, true) => "interrupted".to_owned(),
            (None, _) => "unfinished".to_owned(),
            (Some(0), _) => "ok".to_owned(),
            (Some(code), _) => format!("exit {code}"),
        }
    }
}

/// Saved runs as a table, in the order given.
pub fn list_table(runs: &[ListedRun]) -> String {
    let head = [
        "started",
        "folder",
        "model",
        "dataset",
        "rounds",
        "levels",
        "TTFT cold/warm",
        "state",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for run in runs {
        let plan = &run.info.plan;
        let levels: Vec<String> = plan.levels.iter().map(Load::to_string).collect();
        let ratios: Vec<String> = run.ratios.iter().map(|ratio| times(*ratio)).collect();
        let name = plan.dataset.path.file_name().unwrap_or_default();
        let started = run
            .info
            .started_at
            .get(..19)
            .unwrap_or(&run.info.started_at);
        rows.push([
            started.replace('T', " "),
            safe_text(&run.dir.display().to_string()),
            safe_text(&plan.model),
            safe_text(&name.to_string_lossy()),
            plan.schedule.to_string(),
            levels.join(" "),
            ratios.join(" "),
            run.state(),
        ]);
    }
    let widths = widest(&rows);
    let mut out = String::new();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, wide)| fit(cell, wide))
            .collect();
        let _ = writeln!(out, "{}", cells.join("  ").trim_end());
    }
    out
}

/// Saved runs as JSON, in the order given.
pub fn list_json(runs: &[ListedRun]) -> Value {
    runs.iter().map(run_json).collect()
}

fn run_json(run: &ListedRun) -> Value {
    let (info, plan) = (&run.info, &run.info.plan);
    json!({
        "dir": run.dir,
        "run_id": info.run_id,
        "started_at": info.started_at,
        "finished_at": info.finished_at,
        "model": plan.model,
        "endpoint": plan.endpoint,
        "dataset": plan.dataset.path,
        "dataset_digest": info.dataset.digest,
        "schedule": plan.schedule,
        "levels": plan.levels.iter().map(|load| load.concurrency()).collect::<Vec<_>>(),
        "loads": plan.levels.iter().map(|each| load(*each)).collect::<Vec<_>>(),
        "ttft_ratios": run.ratios,
        "interrupted": info.interrupted,
        "exit_code": info.exit_code,
    })
}
