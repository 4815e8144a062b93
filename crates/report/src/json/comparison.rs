//! `comparison.json`: cold against warm by level. `ratio` > 1: warm is faster.

use crate::{
    number::{data, json as num},
    words::{Both, cold_fact, conclusion, diagnoses, no_prefill_line, withheld},
};
use dualround_model::{
    Allowance, ColdFact, ColdVerdict, Comparison, LevelComparison, MetricComparison,
};
use serde_json::{Value, json};

/// The whole file.
pub(crate) fn value(comparison: &Comparison) -> Value {
    json!({
        "levels": comparison.levels.iter().map(level_json).collect::<Vec<_>>(),
        "canary": comparison.canary,
    })
}

/// One level, as it stands in the file; gates are held against it.
pub fn level_json(level: &LevelComparison) -> Value {
    let hit = &level.hit_rate;
    let [text, text_zh] = conclusion(level);
    let diagnoses = diagnoses(level);
    json!({
        "concurrency": level.load.concurrency(),
        "level": level.level,
        "pairs": level.pairs,
        "prompts": level.prompts,
        "lost_pairs": level.lost_pairs,
        "cycles": level.cycles,
        "cold": cold(&level.cold),
        "ttft": metric(&level.ttft),
        "itl": metric(&level.itl),
        "latency": metric(&level.latency),
        "classes": level.classes.iter().map(|class| json!({
            "class": class.class,
            "requests": class.requests,
            "ratio": num(class.ratio),
            "cold_typical": num(class.cold_typical),
            "warm_typical": num(class.warm_typical),
        })).collect::<Vec<_>>(),
        "hit_rate": {
            "usage": num(hit.usage),
            "usage_cold": num(hit.usage_cold),
            "usage_cold_known": hit.usage_cold_known,
            "usage_cold_of": hit.usage_cold_of,
            "usage_known": hit.usage_known,
            "usage_of": hit.usage_of,
            "server": num(hit.server),
            "tiers": hit.tiers,
            "theory": num(hit.theory),
            "model_lru": num(hit.model_lru),
        },
        "answers": level.answers.as_ref().map(|answers| json!({
            "pairs": answers.pairs,
            "equal_share": num(answers.equal_share),
            "first_difference": num(answers.first_difference),
            "warm_equal_share": num(answers.warm_equal_share),
        })),
        "external": level.external.as_ref().map(|external| json!({
            "ttft": metric(&external.ttft),
            "usage": num(external.usage),
            "tiers": external.tiers,
        })),
        "partial": level.partial.iter().map(|point| json!({
            "cut": point.cut,
            "ttft": metric(&point.ttft),
            "usage": num(point.usage),
            "server": num(point.server),
        })).collect::<Vec<_>>(),
        "buckets": level.buckets.iter().map(|bucket| json!({
            "min_tokens": bucket.min_tokens,
            "max_tokens": bucket.max_tokens,
            "ttft": metric(&bucket.ttft),
        })).collect::<Vec<_>>(),
        "prefill": {
            "n": level.prefill.n,
            "refused": level.prefill.refused.map(|reason| words(no_prefill_line(reason), 0)),
            "refused_zh": level.prefill.refused.map(|reason| words(no_prefill_line(reason), 1)),
            "overhead_ms": num(level.prefill.overhead_ms),
            "ms_per_token": num(level.prefill.ms_per_token),
            "fit": num(level.prefill.fit),
            "pays_from_tokens": num(level.prefill.pays_from_tokens),
            "efficiency": num(level.prefill.efficiency),
        },
        "unequal_outputs": level.unequal_outputs,
        "conclusion": {
            "kind": level.conclusion.kind,
            "source": level.conclusion.source,
            "cache_evidence": level.conclusion.cache_evidence,
            "margin": num(Some(level.conclusion.margin)),
            "allowance": allowance(level.conclusion.allowance),
            "bound": num(level.conclusion.bound),
            "reason": data(&level.conclusion.reason),
            "witness": data(&level.conclusion.witness),
            "cold_hits": num(level.conclusion.cold_hits),
            "remarks": data(&level.conclusion.remarks),
            "text": text,
            "text_zh": text_zh,
        },
        "diagnosis": diagnoses.iter().map(|both| &both[0]).collect::<Vec<_>>(),
        "diagnosis_zh": diagnoses.iter().map(|both| &both[1]).collect::<Vec<_>>(),
        "findings": data(&level.diagnosis),
    })
}

/// One of two languages.
fn words(both: Both, which: usize) -> String {
    let [en, zh] = both;
    if which == 0 { en } else { zh }
}

fn cold(cold: &ColdVerdict) -> Value {
    json!({
        "method": cold.method,
        "verdict": cold.verdict,
        "evidence": cold.evidence.iter().map(evidence).collect::<Vec<_>>(),
    })
}

/// A piece of evidence: who says so, in words, and as data.
fn evidence(fact: &ColdFact) -> Value {
    let [text, text_zh] = cold_fact(fact);
    let figure = match fact {
        ColdFact::Hits { excess, limit, .. } => Some((*excess, *limit)),
        _ => None,
    };
    json!({
        "source": fact.source(),
        "text": text,
        "text_zh": text_zh,
        "value": figure.map(|(excess, _)| excess),
        "limit": num(figure.map(|(_, limit)| limit)),
        "fact": data(fact),
    })
}

fn allowance(allowance: Option<Allowance>) -> Value {
    allowance.map_or(
        Value::Null,
        |allowance| json!({"percent": num(Some(allowance.percent)), "source": allowance.source}),
    )
}

fn metric(metric: &MetricComparison) -> Value {
    json!({
        "pairs": metric.pairs,
        "prompts": metric.prompts,
        "cold_avg": num(metric.cold_avg),
        "warm_avg": num(metric.warm_avg),
        "cold_typical": num(metric.cold_typical),
        "warm_typical": num(metric.warm_typical),
        "ratio": num(metric.ratio),
        "ratio_median": num(metric.ratio_median),
        "spread_low": num(metric.spread_low),
        "spread_high": num(metric.spread_high),
        "interval_low": num(metric.interval_low),
        "interval_high": num(metric.interval_high),
        "interval_kind": metric.interval_kind,
        "allowance": allowance(metric.allowance),
        "hodges_lehmann": num(metric.hodges_lehmann),
        "ratio_of_means": num(metric.ratio_of_means),
        "shift_ms": num(metric.shift_ms),
        "improved_share": num(metric.improved_share),
        "withheld": metric.withheld.map(|reason| words(withheld(reason), 0)),
        "withheld_zh": metric.withheld.map(|reason| words(withheld(reason), 1)),
    })
}
