//! Rounds in which nothing can be reused against cold ones, which may reuse what their own requests
//! share: what that is worth. Each is judged as one pair with the cold round behind it.

use super::{
    design::{Cycle, Design},
    estimate::estimate,
    lost::{has_ttft, lost_of, too_many},
    overload,
    pairs::is_whole,
};
use crate::{
    cache::cold,
    cache::hits::Hits,
    cache::reuse_seen::POINTS,
    cache::server,
    decision::{Decision, by_interval},
    numbers::intervals::FEWEST,
};
use dualround_model::{
    Allowance, ColdVerdict, ConclusionKind, InsideReuse, LostPairs, MetricComparison, Overload,
    Reason, RequestRow, RoundKind, RoundResult, RunEvidence, Verdict,
};

/// Rounds without reuse against cold rounds; `None` without a pair of them.
pub(crate) fn inside_reuse(
    rounds: &[RoundResult],
    known: &RunEvidence,
    cold: &ColdVerdict,
    noise: Allowance,
) -> Option<InsideReuse> {
    let cycles = cycles(rounds);
    if cycles.is_empty() {
        return None;
    }
    let design = Design::pairs(cycles.clone());
    let at_once = |a: &RequestRow, b: &RequestRow| is_whole(a) && is_whole(b);
    let ttft = estimate(&design, RequestRow::ttft_ms, noise, &at_once).metric;
    let without = cold::verdict_without_reuse(rounds, known);
    let without_hits = Hits::of_rounds(cycles.iter().map(|(without, _)| *without));
    let cold_hits = Hits::of_rounds(cycles.iter().map(|(_, cold)| *cold));
    let seen = HitsSeen::of(&cycles, without_hits, cold_hits);
    let lost = lost_of(&cycles, |row| is_whole(row) && has_ttft(row));
    let overload = overload::of_pairs(&cycles);
    let decision = decision(&without, cold, &ttft, overload, lost, seen);
    Some(InsideReuse {
        cycles: u32::try_from(cycles.len()).unwrap_or(u32::MAX),
        usage_without: without_hits.rate(),
        usage_without_known: without_hits.known,
        usage_without_of: without_hits.of,
        usage: cold_hits.rate(),
        usage_known: cold_hits.known,
        usage_of: cold_hits.of,
        without,
        first_round: cycles.iter().any(|(without, cold)| {
            [without, cold]
                .iter()
                .any(|round| round.meta.spec.number == 1)
        }),
        cache_evidence: seen == HitsSeen::More,
        kind: decision.kind,
        bound: decision.bound,
        reason: decision.reason,
        ttft,
    })
}

/// Each round without reuse with the next cold one, or the last before it.
pub(crate) fn cycles(rounds: &[RoundResult]) -> Vec<Cycle<'_>> {
    let is_cold = |round: &&RoundResult| round.meta.spec.kind == RoundKind::Cold;
    let mut cycles = Vec::new();
    for (at, round) in rounds.iter().enumerate() {
        if round.meta.spec.kind != RoundKind::NoReuse {
            continue;
        }
        let after = rounds[at + 1..].iter().find(is_cold);
        let cold = after.or_else(|| rounds[..at].iter().rev().find(is_cold));
        cycles.extend(cold.map(|cold| (round, cold)));
    }
    cycles
}

/// What is known of the hits that only the cold rounds could have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HitsSeen {
    /// They hit more.
    More,
    /// They hardly did.
    Few,
    /// Nobody tells.
    Unknown,
}

impl HitsSeen {
    /// By the answers where all of them tell, or else by the server's counters.
    fn of(cycles: &[Cycle<'_>], without: Hits, cold: Hits) -> Self {
        let rates = if without.is_whole() && cold.is_whole() {
            without.rate().zip(cold.rate())
        } else {
            let one = cycles.iter().map(|(without, _)| *without);
            let other = cycles.iter().map(|(_, cold)| *cold);
            server::rate(one).zip(server::rate(other))
        };
        match rates {
            Some((without, with)) if with - without >= POINTS => Self::More,
            Some(_) => Self::Few,
            None => Self::Unknown,
        }
    }
}

/// The table of conclusions, as far as it is about one pair of rounds.
fn decision(
    without: &ColdVerdict,
    cold: &ColdVerdict,
    ttft: &MetricComparison,
    overload: Option<Overload>,
    lost: LostPairs,
    seen: HitsSeen,
) -> Decision {
    let contaminated = [without.verdict, cold.verdict].contains(&Verdict::Contaminated);
    if contaminated {
        return Decision::nothing(ConclusionKind::Withheld, Reason::Contaminated);
    }
    if let Some(overload) = overload {
        return Decision::nothing(ConclusionKind::Withheld, Reason::Overloaded(overload));
    }
    let reason = if ttft.pairs == 0 {
        Some(Reason::NoPairs)
    } else if ttft.prompts < FEWEST as u64 {
        let prompts = ttft.prompts;
        Some(Reason::FewPrompts { prompts })
    } else if too_many(lost) {
        let LostPairs { cold, warm, of } = lost;
        Some(Reason::LostPairs { cold, warm, of })
    } else {
        None
    };
    match reason {
        Some(reason) => Decision::nothing(ConclusionKind::CannotTell, reason),
        None => by_interval(ttft, false, seen == HitsSeen::Few),
    }
}
