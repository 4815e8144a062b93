//! The comparison as JSON, for programs and for `--fail-if`.

use super::{ComparedRun, Versus, tally};
use crate::{
    json::arrivals::load,
    json::cost::level as level_cost_json,
    number::{data, json as num},
    words::{change_caveat, change_reason},
};
use dualround_model::{ChangeCaveat, CostChange, LevelChange, MetricChange, MissingLevel};
use serde_json::{Map, Value, json};

/// All comparisons with one base, as `compare --json` writes them.
pub fn versus_json(all: &[Versus<'_>]) -> Value {
    json!({
        "base": all.first().map(|versus| run_json(versus.base)),
        "comparisons": all.iter().map(|versus| json!({
            "new": run_json(versus.new),
            "levels": versus.change.levels.iter().map(level_change_json).collect::<Vec<_>>(),
            "missing_levels": versus.change.missing.iter().map(missing).collect::<Vec<_>>(),
            "caveats": words(&versus.change.caveats, 0),
            "caveats_zh": words(&versus.change.caveats, 1),
        })).collect::<Vec<_>>(),
    })
}

fn missing(level: &MissingLevel) -> Value {
    json!({
        "concurrency": level.load.concurrency(),
        "load": load(level.load),
        "only_in": level.only_in,
    })
}

fn run_json(compared: ComparedRun<'_>) -> Value {
    let run = compared.run;
    json!({
        "dir": compared.dir,
        "run_id": run.run_id,
        "model": run.plan.model,
        "dataset_digest": run.dataset.digest,
        "engines": run.engines.iter().map(|engine| json!({
            "kind": engine.kind,
            "version": engine.version,
        })).collect::<Vec<_>>(),
    })
}

/// The changes of one level as they stand in the file; gates are held against it.
pub fn level_change_json(level: &LevelChange) -> Value {
    let [better, worse, same, cannot_tell] = tally([level]);
    json!({
        "concurrency": level.load.concurrency(),
        "load": load(level.load),
        "paired": level.paired,
        "better": better,
        "worse": worse,
        "same": same,
        "cannot_tell": cannot_tell,
        "cold": metrics_json(&level.cold),
        "warm": metrics_json(&level.warm),
        "cache": metrics_json(&level.cache),
        "cost": level.cost.as_ref().map(cost_json),
        "caveats": words(&level.caveats, 0),
        "caveats_zh": words(&level.caveats, 1),
    })
}

fn cost_json(change: &CostChange) -> Value {
    json!({
        "comparable": change.is_comparable(),
        "base": level_cost_json(&change.base),
        "new": level_cost_json(&change.new),
    })
}

fn metrics_json(metrics: &[MetricChange]) -> Map<String, Value> {
    metrics
        .iter()
        .map(|metric| (metric.name.clone(), metric_json(metric)))
        .collect()
}

fn metric_json(metric: &MetricChange) -> Value {
    json!({
        "base": num(metric.base),
        "new": num(metric.new),
        "change": num(metric.change),
        "change_kind": if metric.absolute { "difference" } else { "relative" },
        "interval_low": num(metric.low),
        "interval_high": num(metric.high),
        "interval_kind": metric.interval_kind,
        "n": metric.n,
        "margin": num(Some(metric.margin)),
        "judgement": metric.judgement,
        "reason": metric.reason.map(|reason| change_reason(reason)[0].clone()),
        "reason_kind": metric.reason.map(|reason| data(&reason)["kind"].clone()),
        "reason_zh": metric.reason.map(|reason| change_reason(reason)[1].clone()),
    })
}

/// Caveats in one of two languages.
fn words(caveats: &[ChangeCaveat], which: usize) -> Vec<String> {
    let caveats = caveats.iter().map(change_caveat);
    caveats.map(|both| both[which].clone()).collect()
}
