//! The one decision rule: docs/en/method/speed.md has it as a table.

use super::SourcedDecision;
use crate::{
    decision::remarks::remarks,
    decision::{Decision, LevelEvidence, MARGIN, by_interval},
    numbers::intervals::FEWEST,
};
use dualround_model::{
    Conclusion, ConclusionKind, LostPairs, MixedFinding, Reason, Source, Verdict, Witness,
};

/// Whether the cache works, decided from the evidence of a level.
pub(crate) fn conclude(basis: &LevelEvidence<'_>) -> Conclusion {
    let decision = decision(basis);
    let mixed = decision.source == Source::Mixed;
    let allowance = basis.ttft.metric.allowance;
    Conclusion {
        kind: decision.kind,
        source: decision.source,
        rounds: basis.design.source,
        cache_evidence: if mixed {
            is_evident(basis)
        } else {
            basis.reuse.evidence
        },
        margin: MARGIN,
        allowance: if mixed { None } else { allowance },
        bound: decision.bound,
        reason: decision.reason,
        witness: basis.reuse.witness,
        cold_hits: basis.reuse.cold,
        remarks: remarks(basis, &decision),
    }
}

/// Hits were seen where blocks decide: in their arms, or where those do not tell, in the rounds. What
/// a response cache gave back is no hit.
fn is_evident(basis: &LevelEvidence<'_>) -> bool {
    let replayed = matches!(basis.reuse.witness, Witness::ResponseCache(_));
    !replayed && basis.reuse.by_arms.unwrap_or(basis.reuse.evidence)
}

/// The first row of the table in docs/en/method/speed.md that holds: each one needs what those before
/// it ask for.
fn decision(basis: &LevelEvidence<'_>) -> SourcedDecision {
    if basis.cold.verdict == Verdict::Contaminated {
        let nothing = Decision::nothing(ConclusionKind::Withheld, Reason::Contaminated);
        return nothing.by(basis.design.source);
    }
    if let Some(overload) = basis.overload {
        let nothing = Decision::nothing(ConclusionKind::Withheld, Reason::Overloaded(overload));
        return nothing.by(basis.design.source);
    }
    match basis.mixed {
        // Between three cycles and more, what rounds differ by is seen; it is not allowed for.
        Some(mixed) if decides_over_rounds(basis, mixed) => Decision {
            kind: mixed.kind,
            bound: mixed.bound,
            reason: mixed.reason,
        }
        .by(Source::Mixed),
        _ => between_rounds(basis).by(basis.design.source),
    }
}

/// Blocks of one round decide where there are enough of them, and nothing is wrong with their arms,
/// or where there is nothing else.
fn decides_over_rounds(basis: &LevelEvidence<'_>, mixed: &MixedFinding) -> bool {
    // Where their hits are not known, and the rounds are known to have hit hardly any, neither did they.
    let may_have_hit = mixed.missed_share.is_some() || !basis.reuse.known_few;
    !basis.warm_round || (mixed.is_sound() && may_have_hit && !basis.design.is_by_cycles())
}

/// The same of rounds against each other.
fn between_rounds(basis: &LevelEvidence<'_>) -> Decision {
    use ConclusionKind::{CannotTell, Effect, Withheld};
    let ttft = &basis.ttft.metric;
    if !basis.warm_round {
        return Decision::nothing(CannotTell, Reason::NoWarmRound);
    }
    if basis.primed {
        return Decision::nothing(CannotTell, Reason::Primed);
    }
    if ttft.pairs == 0 {
        return Decision::nothing(CannotTell, Reason::NoPairs);
    }
    if ttft.prompts < FEWEST as u64 {
        let prompts = ttft.prompts;
        return Decision::nothing(CannotTell, Reason::FewPrompts { prompts });
    }
    if let Some(LostPairs { cold, warm, of }) = basis.lost {
        return Decision::nothing(CannotTell, Reason::LostPairs { cold, warm, of });
    }
    let decision = by_interval(ttft, basis.design.is_by_cycles(), basis.reuse.known_few);
    match drift(basis) {
        Some(reason) if decision.kind == Effect => Decision::nothing(Withheld, reason),
        _ => decision,
    }
}

/// Repeats so far apart that what would be an effect may be the same drift.
fn drift(basis: &LevelEvidence<'_>) -> Option<Reason> {
    let apart = basis.ttft.apart?;
    let effect = basis.ttft.metric.ratio?.ln().abs();
    (apart.ln.abs() >= effect / 2.0).then(|| Reason::Drift {
        rounds: apart.rounds,
        ratio: apart.ln.exp(),
    })
}
