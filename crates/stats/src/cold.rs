//! Was the cold round cold? A verdict with its evidence, never an assumption.

use crate::{hits::Hits, kinds::of_kind};
use dualround_model::{
    CanaryReport, ColdEvidence, ColdMethod, ColdVerdict, RequestMetrics, RequestRecord, RoundKind,
    RoundResult, Verdict,
};

/// Tokens of a chat template that any two prompts may share, at least and at most. A canary may
/// see fewer, where its requests met slots of their own.
const TEMPLATE: (u64, u64) = (16, 64);
/// Bytes of a marker per token, where no tokenizer counted them: fewer than in any real one.
const MARKER_BYTES: u64 = 2;
/// Smallest and largest cache block seen in real engines, tokens.
const BLOCKS: (u64, u64) = (16, 256);
/// Above this share of the prompt tokens, a limit can tell nothing: everything is explained.
const TELLABLE: f64 = 0.9;
/// Share of the round's prompt tokens that is always tolerated.
const TOLERANCE: f64 = 0.01;

/// Judges the cold rounds of a level together.
///
/// Contaminated: the cached tokens of a round exceed, summed over its requests, sharing inside the
/// round (estimated from the characters that prompts have in common, and the marker, which all
/// prompts of an epoch share) + what any two prompts share here by the canary + one block, or 1 %
/// of the round's prompt tokens, whichever is larger.
pub(crate) fn verdict(rounds: &[RoundResult], canary: Option<&CanaryReport>) -> ColdVerdict {
    let cold: Vec<&RoundResult> = of_kind(rounds, RoundKind::Cold).collect();
    let action = cold.first().and_then(|round| round.meta.cold.as_ref());
    let method = action.map_or(ColdMethod::None, |action| action.method);
    let mut evidence = Vec::new();
    match method {
        ColdMethod::None => {
            let text = "nothing was done to make the round cold (--cold none)";
            evidence.push(note("policy", text.to_owned()));
        }
        ColdMethod::Reset => {
            for reset in action.iter().flat_map(|action| &action.resets) {
                let text = format!("cache reset accepted by {}", reset.url);
                evidence.push(note("reset", text));
            }
            evidence.push(match action.and_then(|action| action.proof) {
                Some(proof) => note(
                    "reset",
                    format!(
                        "proven: a text that had hit {} tokens hit {} after it",
                        proof.before,
                        proof.after.unwrap_or(0)
                    ),
                ),
                None => note(
                    "reset",
                    "not proven: no text was seen to hit before it".to_owned(),
                ),
            });
        }
        ColdMethod::Marker | ColdMethod::Salt => {}
    }
    if let Some(canary) = canary {
        evidence.extend(canary_evidence(canary, method));
    }
    let verdicts = cold.iter().map(|round| judge(round, canary, &mut evidence));
    let verdicts: Vec<Verdict> = verdicts.collect();
    let verdict = if verdicts.contains(&Verdict::Contaminated) {
        Verdict::Contaminated
    } else if verdicts.is_empty() || verdicts.contains(&Verdict::Unknown) {
        Verdict::Unknown
    } else {
        Verdict::Cold
    };
    ColdVerdict {
        method,
        verdict,
        evidence,
    }
}

fn note(source: &str, text: String) -> ColdEvidence {
    ColdEvidence {
        source: source.to_owned(),
        text,
        value: None,
        limit: None,
    }
}

fn canary_evidence(canary: &CanaryReport, method: ColdMethod) -> Vec<ColdEvidence> {
    let mut evidence = Vec::new();
    match canary.repeated {
        Some(0) => evidence.push(note(
            "canary",
            "a repeated made text hit nothing: no prefix cache is seen here".to_owned(),
        )),
        Some(hit) => evidence.push(note(
            "canary",
            format!(
                "a repeated made text took {hit} tokens from the cache, and the server said so"
            ),
        )),
        None => evidence.push(note(
            "canary",
            "a repeated made text: the server reports no cached tokens".to_owned(),
        )),
    }
    match (&canary.salt_field, canary.other_marker) {
        (Some(field), other) => {
            let other = other.unwrap_or(0);
            let text = format!("the same text under another {field} took {other} tokens");
            evidence.push(note("canary", text));
        }
        (None, Some(other)) if method == ColdMethod::Marker => {
            let text = format!("the same text behind another marker took {other} tokens");
            evidence.push(note("canary", text));
        }
        _ => {}
    }
    evidence
}

fn judge(
    round: &RoundResult,
    canary: Option<&CanaryReport>,
    evidence: &mut Vec<ColdEvidence>,
) -> Verdict {
    let number = round.meta.spec.number;
    let reports_hits = canary.and_then(|canary| canary.repeated);
    let good = || round.requests.successes();
    let known = good()
        .filter(|(_, row)| row.cached_tokens().is_some())
        .count();
    if good().next().is_none() {
        evidence.push(note(
            "usage",
            format!("round {number}: no request succeeded"),
        ));
        return Verdict::Unknown;
    }
    if known == 0 && reports_hits.is_none() {
        let text = format!("round {number}: the server reports no cached tokens");
        evidence.push(note("usage", text));
        return Verdict::Unknown;
    }
    if known == 0 {
        // vLLM leaves the field out when there was no hit; the canary proved that it reports hits.
        let text = format!(
            "round {number}: no request reports cached tokens, as this server does without a hit"
        );
        evidence.push(note("usage", text));
        return Verdict::Cold;
    }
    let template = canary.and_then(|canary| canary.other_marker).unwrap_or(0);
    let template = template.clamp(TEMPLATE.0, TEMPLATE.1);
    let action = round.meta.cold.as_ref();
    let marker = action.map_or(0, |action| {
        let bytes = action
            .marker
            .as_ref()
            .map_or(0, |marker| marker.len() as u64);
        action.marker_tokens.unwrap_or(bytes / MARKER_BYTES)
    });
    let block = canary
        .and_then(|canary| canary.prompt_tokens?.checked_sub(canary.repeated?))
        .map_or(BLOCKS.0, |rest| rest.clamp(BLOCKS.0, BLOCKS.1));
    let hits = Hits::of_rows(&round.requests);
    let (cached, prompt) = (hits.cached, hits.prompt);
    let limit = round.shared_tokens + (hits.known * (template + marker + block)) as f64;
    let tolerated = TOLERANCE * prompt as f64;
    let limit = limit.max(tolerated);
    let share = 100.0 * hits.rate().unwrap_or(0.0);
    let text = format!(
        "round {number}: {cached} of {prompt} prompt tokens ({share:.1} %) came from the cache, \
         reported by {known} requests"
    );
    let source = "usage".to_owned();
    evidence.push(ColdEvidence {
        source,
        text,
        value: Some(cached as f64),
        limit: Some(limit),
    });
    if cached as f64 > limit {
        return Verdict::Contaminated;
    }
    if cached as f64 > tolerated && limit > TELLABLE * prompt as f64 {
        let text = "the prompts are too short, or share too much, to tell a hit from the template";
        evidence.push(note("usage", format!("round {number}: {text}")));
        return Verdict::Unknown;
    }
    Verdict::Cold
}

/// Prompt tokens that another prompt of the round begins with too, estimated by characters.
pub(crate) fn shared_tokens(record: &RequestRecord, metrics: &RequestMetrics) -> f64 {
    let tokens = metrics.input_tokens.unwrap_or(0) as f64;
    if record.prompt_chars == 0 {
        return 0.0;
    }
    tokens * record.shared_chars as f64 / record.prompt_chars as f64
}
