//! `--resume DIR`: a run that ended before its time goes on at its first unfinished level.

use super::saved;
use crate::{exit::Usage, plan_differences::differing_parts, redacted::redacted_plan};
use dualround_model::{LevelComparison, Plan, RoundResult, Selection, UntilPlan, hex};
use dualround_report::{RunFiles, RunInfo, cut_journal};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;

/// What is kept of the earlier run.
pub(crate) struct Resumed {
    pub(crate) files: RunFiles,
    pub(crate) info: RunInfo,
    pub(crate) rounds: Vec<RoundResult>,
    pub(crate) levels: Vec<LevelComparison>,
}

/// The plan as far as it decides what is measured: gates and allowances may be others.
fn essence(plan: &Plan) -> Value {
    let mut value = serde_json::to_value(redacted_plan(plan)).unwrap_or_default();
    if let Some(plan) = value.as_object_mut() {
        plan.remove("round_noise");
        plan.remove("prices");
        // How long it may take is not what is measured.
        if let Some(until) = plan.get_mut("until").filter(|until| until.is_object()) {
            *until = "decided".into();
        }
    }
    if let Some(cold) = value.get_mut("cold").and_then(Value::as_object_mut) {
        cold.remove("fail_if");
        cold.remove("require_cold");
    }
    // How the key is taken was found out by the run.
    if let Some(request) = value.get_mut("request").and_then(Value::as_object_mut) {
        request.remove("key_as_bearer");
    }
    if let Some(output) = value.get_mut("output").and_then(Value::as_object_mut) {
        output.remove("dir");
        output.remove("overwrite");
        output.remove("tables");
    }
    value
}

/// SHA-256 of it, hex.
pub(crate) fn digest(plan: &Plan) -> String {
    hex(&Sha256::digest(essence(plan).to_string()))
}

/// A level that goes on until it is decided has come to its end: no further cycle was to be run.
fn is_settled(level: &LevelComparison, ended: usize) -> bool {
    let cycles = u32::try_from(ended / 2).unwrap_or(u32::MAX);
    level.until.is_some_and(|until| {
        until.cycles >= until.most || cycles >= UntilPlan::FEWEST && level.conclusion.is_final()
    })
}

/// Reads the run in `dir` and holds it against the plan of now. Its journal is cut back to the
/// levels that were finished.
///
/// # Errors
/// [`Usage`] when there is no run, or another one.
pub(crate) fn read(dir: &Path, plan: &Plan, selection: &Selection) -> anyhow::Result<Resumed> {
    let saved = saved::read_as(dir, |then| {
        then.round_noise = plan.round_noise;
        then.prices.clone_from(&plan.prices);
    })?;
    let mut now = plan.clone();
    if now.model.is_empty() {
        now.model.clone_from(&saved.info.plan.model);
    }
    let parts = differing_parts(&essence(&saved.info.plan), &essence(&now));
    let parts = parts
        .iter()
        .map(|part| format!("{}: {} then, {} now", part.path, part.old, part.new));
    let mut why: Vec<String> = parts.collect();
    if saved.info.dataset.digest != selection.digest {
        why.push("the dataset's content is another one".to_owned());
    }
    if !why.is_empty() {
        return Err(Usage(format!(
            "--resume {}: that run had other settings, give the same ones:\n  {}",
            dir.display(),
            why.join("\n  ")
        ))
        .into());
    }
    let rounds_a_level = plan.rounds().len();
    let ended_of = |level: u32| {
        let of_level = saved
            .rounds
            .iter()
            .filter(|round| round.meta.level == level);
        // A round that a limit ended is as whole as it will be.
        let ended =
            of_level.filter(|round| !round.meta.interrupted || round.meta.stopped.is_some());
        ended.count()
    };
    let whole = |level: u32| {
        let found = saved
            .comparison
            .levels
            .iter()
            .find(|one| one.level == level);
        match (plan.until, found) {
            (None, _) => ended_of(level) == rounds_a_level,
            (Some(_), Some(found)) => is_settled(found, ended_of(level)),
            (Some(_), None) => false,
        }
    };
    let finished = (0..).take_while(|level| whole(*level)).count();
    let finished = u32::try_from(finished).unwrap_or(u32::MAX);
    // Of a level that goes on until it is decided, whole cycles are kept.
    let kept = plan.until.map_or(0, |_| ended_of(finished) / 2 * 2);
    let mut rounds = saved.rounds;
    let mut kept_of_level = 0;
    rounds.retain(|round| {
        if round.meta.level == finished && kept_of_level < kept {
            kept_of_level += 1;
            return true;
        }
        round.meta.level < finished
    });
    let end = rounds.last().map(|round| round.journal.end);
    cut_journal(&saved.files.journal_path(), end)?;
    let mut levels = saved.comparison.levels;
    levels.retain(|level| level.level < finished);
    Ok(Resumed {
        files: saved.files,
        info: saved.info,
        rounds,
        levels,
    })
}
