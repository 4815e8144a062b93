//! `comparison.json`: cold against warm by level. `ratio` > 1: warm is faster.

use crate::{
    json::arrivals,
    metrics::compared_metrics,
    number::{data, json as num},
    words::{Bilingual, beside, cold_fact, conclusion, diagnoses, no_prefill_line, withheld},
};
use dualround_model::{
    Allowance, Answers, CacheHit, ClassComparison, ColdFact, ColdVerdict, Comparison, ExternalTier,
    InsideReuse, LengthBucket, LevelComparison, MetricComparison, MixedFinding, PartialPoint,
    PrefillModel,
};
use serde_json::{Map, Value, json};

/// The comparison of a run as it stands in `comparison.json`.
pub(crate) fn value(comparison: &Comparison) -> Value {
    json!({
        "levels": comparison.levels.iter().map(level_json).collect::<Vec<_>>(),
        "canary": comparison.canary,
    })
}

/// The comparison of one level as it stands in `comparison.json`; gates are held against it.
pub fn level_json(level: &LevelComparison) -> Value {
    let (diagnoses, beside) = (diagnoses(level), beside(level));
    let begin = [
        ("concurrency", level.load.concurrency().into()),
        ("load", arrivals::load(level.load)),
        ("level", level.level.into()),
        ("pairs", level.pairs.into()),
        ("prompts", level.prompts.into()),
        ("lost_pairs", json!(level.lost_pairs)),
        ("cycles", level.cycles.into()),
        ("cold", cold(&level.cold)),
    ];
    let metrics = compared_metrics(level).map(|(of, compared)| (of.key, metric(compared)));
    let rest = [
        ("classes", level.classes.iter().map(class).collect()),
        ("hit_rate", hit_rate(&level.hit_rate)),
        (
            "answers",
            level.answers.as_ref().map_or(Value::Null, answers),
        ),
        (
            "external",
            level.external.as_ref().map_or(Value::Null, external),
        ),
        ("partial", level.partial.iter().map(partial).collect()),
        ("mixed", level.mixed.as_ref().map_or(Value::Null, mixed)),
        (
            "inside_reuse",
            level
                .inside_reuse
                .as_ref()
                .map_or(Value::Null, inside_reuse),
        ),
        ("sessions", data(&level.sessions)),
        ("until", json!(level.until)),
        (
            "cost",
            level.cost.as_ref().map_or(Value::Null, super::cost::level),
        ),
        ("buckets", level.buckets.iter().map(bucket).collect()),
        ("prefill", prefill(&level.prefill)),
        ("unequal_outputs", level.unequal_outputs.into()),
        ("conclusion", concluded(level)),
        (
            "diagnosis",
            diagnoses.iter().map(|[en, _]| en.as_str()).collect(),
        ),
        (
            "diagnosis_zh",
            diagnoses.iter().map(|[_, zh]| zh.as_str()).collect(),
        ),
        ("findings", data(&level.diagnosis)),
        ("beside", beside.iter().map(|[en, _]| en.as_str()).collect()),
        (
            "beside_zh",
            beside.iter().map(|[_, zh]| zh.as_str()).collect(),
        ),
    ];
    begin
        .into_iter()
        .chain(metrics)
        .chain(rest)
        .map(|(key, value)| (key.to_owned(), value))
        .collect::<Map<_, _>>()
        .into()
}

fn class(class: &ClassComparison) -> Value {
    json!({
        "class": class.class,
        "requests": class.requests,
        "ratio": num(class.ratio),
        "cold_typical": num(class.cold_typical),
        "warm_typical": num(class.warm_typical),
    })
}

fn hit_rate(hit: &CacheHit) -> Value {
    json!({
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
    })
}

fn answers(answers: &Answers) -> Value {
    json!({
        "pairs": answers.pairs,
        "equal_share": num(answers.equal_share),
        "first_difference": num(answers.first_difference),
        "warm_equal_share": num(answers.warm_equal_share),
    })
}

fn external(external: &ExternalTier) -> Value {
    json!({
        "ttft": metric(&external.ttft),
        "usage": num(external.usage),
        "tiers": external.tiers,
    })
}

fn partial(point: &PartialPoint) -> Value {
    json!({
        "cut": point.cut,
        "ttft": metric(&point.ttft),
        "usage": num(point.usage),
        "server": num(point.server),
    })
}

fn mixed(mixed: &MixedFinding) -> Value {
    json!({
        "blocks": mixed.blocks,
        "hit_requests": mixed.hit_requests,
        "miss_requests": mixed.miss_requests,
        "prompts": mixed.prompts,
        "missed_share": num(mixed.missed_share),
        "hit_rate": num(mixed.hit_rate),
        "hit_known": mixed.hit_known,
        "hit_of": mixed.hit_of,
        "miss_rate": num(mixed.miss_rate),
        "miss_known": mixed.miss_known,
        "miss_of": mixed.miss_of,
        "ratio": num(mixed.ratio),
        "low": num(mixed.low),
        "high": num(mixed.high),
        "p": num(mixed.p),
        "descriptive": mixed.descriptive,
        "drift": num(mixed.drift),
        "kind": mixed.kind,
        "bound": num(mixed.bound),
        "reason": data(&mixed.reason),
    })
}

fn inside_reuse(found: &InsideReuse) -> Value {
    json!({
        "cycles": found.cycles,
        "ttft": metric(&found.ttft),
        "usage_without": num(found.usage_without),
        "usage_without_known": found.usage_without_known,
        "usage_without_of": found.usage_without_of,
        "usage": num(found.usage),
        "usage_known": found.usage_known,
        "usage_of": found.usage_of,
        "without": cold(&found.without),
        "first_round": found.first_round,
        "cache_evidence": found.cache_evidence,
        "kind": found.kind,
        "bound": num(found.bound),
        "reason": data(&found.reason),
    })
}

fn bucket(bucket: &LengthBucket) -> Value {
    json!({
        "min_tokens": bucket.min_tokens,
        "max_tokens": bucket.max_tokens,
        "ttft": metric(&bucket.ttft),
    })
}

fn prefill(prefill: &PrefillModel) -> Value {
    let refused = prefill.refused.map(no_prefill_line);
    json!({
        "n": prefill.n,
        "refused": in_english(&refused),
        "refused_zh": in_chinese(&refused),
        "overhead_ms": num(prefill.overhead_ms),
        "ms_per_token": num(prefill.ms_per_token),
        "fit": num(prefill.fit),
        "pays_from_tokens": num(prefill.pays_from_tokens),
        "efficiency": num(prefill.efficiency),
    })
}

fn concluded(level: &LevelComparison) -> Value {
    let concluded = &level.conclusion;
    let [text, text_zh] = conclusion(level);
    json!({
        "kind": concluded.kind,
        "source": concluded.source,
        "rounds": concluded.rounds,
        "cache_evidence": concluded.cache_evidence,
        "margin": num(Some(concluded.margin)),
        "allowance": allowance(concluded.allowance),
        "bound": num(concluded.bound),
        "reason": data(&concluded.reason),
        "witness": data(&concluded.witness),
        "cold_hits": num(concluded.cold_hits),
        "remarks": data(&concluded.remarks),
        "text": text,
        "text_zh": text_zh,
    })
}

fn in_english(text: &Option<Bilingual>) -> Option<&str> {
    text.as_ref().map(|[en, _]| en.as_str())
}

fn in_chinese(text: &Option<Bilingual>) -> Option<&str> {
    text.as_ref().map(|[_, zh]| zh.as_str())
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
    let (excess, limit) = match fact {
        ColdFact::Hits { excess, limit, .. } => (Some(*excess), Some(*limit)),
        _ => (None, None),
    };
    json!({
        "source": fact.source(),
        "text": text,
        "text_zh": text_zh,
        "value": excess,
        "limit": num(limit),
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
    let withheld = metric.withheld.map(withheld);
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
        "withheld": in_english(&withheld),
        "withheld_zh": in_chinese(&withheld),
    })
}
