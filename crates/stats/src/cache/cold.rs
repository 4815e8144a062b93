//! Was the cold round cold? A verdict with its evidence, never an assumption: docs/en/method/cold.md.

use crate::{
    cache::excess_hits::ExcessHits,
    cache::hit_limits::HitLimits,
    cache::hits::Hits,
    cache::witness::{self, LookupCheck},
    level::design::repeats_its_bytes,
    level::kinds::of_kind,
};
use dualround_model::{
    CanaryReport, ColdAction, ColdFact, ColdMethod, ColdVerdict, Flag, Replayed, RoundKind,
    RoundResult, RunEvidence, TEMPLATE_TOKENS, Verdict,
};

/// Share of the requests whose hits must be known.
const KNOWN: f64 = 0.9;

/// Whether the cold rounds of a level were cold, judged together. Under `--cold none` only the
/// first one counts as cold: the others repeat its bytes.
pub(crate) fn verdict(
    rounds: &[RoundResult],
    known: &RunEvidence,
    same_samples: bool,
    replayed: Option<Replayed>,
) -> ColdVerdict {
    let colds = of_kind(rounds, RoundKind::Cold).filter(|cold| !repeats_its_bytes(rounds, cold));
    let colds: Vec<&RoundResult> = colds.collect();
    let action = colds.first().and_then(|round| round.meta.cold.as_ref());
    if colds.is_empty() {
        return nothing_cold(rounds);
    }
    let method = action.map_or(ColdMethod::None, |action| action.method);
    let mut evidence = Vec::new();
    by_method(method, action, &mut evidence);
    if let Some(canary) = &known.canary {
        evidence.extend(canary_evidence(canary, method));
    }
    evidence.extend(replayed.map(ColdFact::Replayed));
    let limits = HitLimits::of(known);
    let verdicts = colds
        .iter()
        .map(|round| judge(round, limits.within(round), &mut evidence));
    let verdicts: Vec<Verdict> = verdicts.collect();
    let mut verdict = worst(&verdicts);
    let seen = colds.iter().find_map(|cold| match witness::looked(cold) {
        Some(LookupCheck::Less { seen, sent }) => Some((seen, sent)),
        _ => None,
    });
    // Bytes that were sent before may be answered by a response cache, usage included: the canary
    // met one, or engines saw less than was sent.
    let unproven = matches!(method, ColdMethod::None | ColdMethod::Reset)
        && verdict == Verdict::Cold
        && (replayed.is_some() || seen.is_some() || canary_replayed(known));
    if unproven {
        evidence.push(ColdFact::MayBeReplays { seen });
        verdict = Verdict::Unknown;
    }
    let later = rounds.first().is_some_and(|round| round.meta.level > 0);
    if method == ColdMethod::None && later && same_samples && verdict == Verdict::Unknown {
        evidence.push(ColdFact::SentBefore);
        verdict = Verdict::Contaminated;
    }
    ColdVerdict {
        method,
        verdict,
        evidence,
    }
}

/// Of a level without a cold round nothing is judged.
fn nothing_cold(rounds: &[RoundResult]) -> ColdVerdict {
    let actions = rounds.iter().filter_map(|round| round.meta.cold.as_ref());
    ColdVerdict {
        method: actions
            .map(|action| action.method)
            .next()
            .unwrap_or_default(),
        verdict: Verdict::Unknown,
        evidence: Vec::new(),
    }
}

/// Whether the rounds in which nothing could be reused had no hits: what their requests share is
/// behind values of their own.
pub(crate) fn verdict_without_reuse(rounds: &[RoundResult], known: &RunEvidence) -> ColdVerdict {
    let alone = of_kind(rounds, RoundKind::NoReuse);
    let action = alone.clone().find_map(|round| round.meta.cold.as_ref());
    let limits = HitLimits::without_reuse(known);
    let mut evidence = Vec::new();
    let verdicts = alone.map(|round| judge(round, limits.within(round), &mut evidence));
    ColdVerdict {
        method: action.map_or(ColdMethod::None, |action| action.method),
        verdict: worst(&verdicts.collect::<Vec<_>>()),
        evidence,
    }
}

/// Hits of a round go beyond what its requests may have of each other.
pub(crate) fn is_contaminated(round: &RoundResult, known: &RunEvidence) -> bool {
    let limits = HitLimits::of(known).within(round);
    let verdict = judge(round, limits, &mut Vec::new());
    verdict == Verdict::Contaminated
}

/// The judgement on several rounds together.
fn worst(verdicts: &[Verdict]) -> Verdict {
    if verdicts.contains(&Verdict::Contaminated) {
        Verdict::Contaminated
    } else if verdicts.is_empty() || verdicts.contains(&Verdict::Unknown) {
        Verdict::Unknown
    } else {
        Verdict::Cold
    }
}

/// The canary met a response cache.
fn canary_replayed(known: &RunEvidence) -> bool {
    known.canary.as_ref().is_some_and(|canary| canary.replayed)
}

/// What a method of making rounds cold says by itself. A marker or a salt proves nothing: hits do.
fn by_method(method: ColdMethod, action: Option<&ColdAction>, evidence: &mut Vec<ColdFact>) {
    match method {
        ColdMethod::None => evidence.push(ColdFact::NothingDone),
        ColdMethod::Reset => evidence.extend(by_reset(action)),
        ColdMethod::Marker | ColdMethod::Salt => {}
    }
}

/// Which resets were accepted, and whether a text that was in the cache before was gone after them.
fn by_reset(action: Option<&ColdAction>) -> Vec<ColdFact> {
    let accepted = action.iter().flat_map(|action| &action.resets);
    let accepted = accepted.map(|reset| ColdFact::ResetAccepted {
        url: reset.url.clone(),
    });
    let mut evidence: Vec<ColdFact> = accepted.collect();
    let proof = action.and_then(|action| action.proof);
    let failed = action.and_then(|action| action.proof_failed.clone());
    evidence.push(match (proof, failed) {
        (Some(proof), _) => ColdFact::ResetProven {
            before: proof.before,
            after: proof.after,
        },
        (None, Some(reason)) => ColdFact::ResetProofFailed { reason },
        (None, None) => ColdFact::ResetUnproven,
    });
    evidence
}

/// What the canary met when it was sent again, and behind another marker or under another salt.
fn canary_evidence(canary: &CanaryReport, method: ColdMethod) -> Vec<ColdFact> {
    let repeated = match canary.repeated {
        _ if canary.replayed => ColdFact::CanaryReplayed,
        Some(hit) if hit <= TEMPLATE_TOKENS => ColdFact::CanaryMissed { hit },
        Some(hit) => ColdFact::CanaryHit {
            hit,
            of: canary.prompt_tokens,
        },
        None => ColdFact::CanarySilent,
    };
    let other = match (&canary.salt_field, canary.other_marker) {
        (Some(field), other) => Some(ColdFact::OtherSalt {
            field: field.clone(),
            hit: other,
        }),
        (None, Some(hit)) if method == ColdMethod::Marker => Some(ColdFact::OtherMarker { hit }),
        _ => None,
    };
    [Some(repeated), other].into_iter().flatten().collect()
}

/// Judges one cold round, and adds what the verdict rests on.
fn judge(round: &RoundResult, limits: HitLimits, evidence: &mut Vec<ColdFact>) -> Verdict {
    let number = round.meta.spec.number;
    let hits = Hits::of_rows(&round.requests);
    if hits.of == 0 {
        evidence.push(ColdFact::NoneSucceeded { round: number });
        return Verdict::Unknown;
    }
    if hits.impossible > 0 {
        evidence.push(ColdFact::Impossible {
            round: number,
            requests: hits.impossible,
        });
    }
    if hits.known == 0 {
        if hits.impossible == 0 {
            evidence.push(ColdFact::NotReported { round: number });
        }
        return Verdict::Unknown;
    }
    let most = ExcessHits::of(round, limits, hits.is_whole(), true);
    evidence.extend(retried(round));
    evidence.push(ColdFact::Hits {
        round: number,
        cached: hits.cached,
        prompt: hits.prompt,
        known: hits.known,
        omitted: hits.omitted,
        excess: most.excess,
        limit: most.tolerated(),
    });
    if most.contaminated() {
        if most.alone > 0 {
            evidence.push(ColdFact::HalfOfOne {
                round: number,
                requests: most.alone,
            });
        }
        return Verdict::Contaminated;
    }
    match why_unknown(round, limits, hits, most) {
        Some(why) => {
            evidence.push(why);
            Verdict::Unknown
        }
        None => Verdict::Cold,
    }
}

/// Requests that were sent again, which may hit what their own first attempt left.
fn retried(round: &RoundResult) -> Option<ColdFact> {
    let retried = round.requests.successes();
    let requests = retried.filter(|(_, row)| row.has(Flag::Retried)).count() as u64;
    (requests > 0).then_some(ColdFact::Retried {
        round: round.meta.spec.number,
        requests,
    })
}

/// What keeps a round without excess hits from being known to be cold; `most` is at the upper end
/// of what is expected.
fn why_unknown(
    round: &RoundResult,
    limits: HitLimits,
    hits: Hits,
    most: ExcessHits,
) -> Option<ColdFact> {
    let number = round.meta.spec.number;
    if (most.requests as f64) < KNOWN * hits.of as f64 {
        return Some(ColdFact::KnownForFew {
            round: number,
            known: most.requests,
            of: hits.of,
        });
    }
    let whole = hits.is_whole();
    if limits.doubtful > 0
        && ExcessHits::of(round, limits.without_doubt(), whole, true).contaminated()
    {
        return Some(ColdFact::MarkerInDoubt {
            round: number,
            hit: limits.template,
        });
    }
    // The upper end may explain too much: what is cold must be so at the lower end, too.
    let least = ExcessHits::of(round, limits, whole, false);
    if !most.would_show() {
        if least.would_show() {
            return Some(ColdFact::CharactersOnly { round: number });
        }
        return Some(ColdFact::TooShort {
            round: number,
            shared: most.would_show_alone(),
        });
    }
    least
        .contaminated()
        .then_some(ColdFact::CharactersOnly { round: number })
}
