//! Rounds in which nothing can be reused against cold ones, which may reuse what their own requests
//! share: what that is worth. Each is judged as one pair with the cold round behind it.

use super::{
    design::{Cycle, Design},
    estimate::estimate,
    lost::too_many,
};
use crate::{
    cache::cold,
    cache::hits::Hits,
    cache::server,
    decision::{Decision, by_interval},
    numbers::intervals::FEWEST,
};
use dualround_model::{
    Allowance, ColdVerdict, ConclusionKind, Flag, InsideReuse, LostPairs, MetricComparison, Reason,
    RequestRow, RoundKind, RoundResult, RunEvidence, Verdict,
};

/// Cold minus other hits, as a share of the prompts, that are evidence.
const POINTS: f64 = 0.05;

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
    let at_once = |a: &RequestRow, b: &RequestRow| !is_retried(a) && !is_retried(b);
    let ttft = estimate(&design, RequestRow::ttft_ms, noise, &at_once).metric;
    let without = cold::verdict_without_reuse(rounds, known);
    let seen = HitsSeen::of(&cycles);
    let without_hits = Hits::of_rounds(cycles.iter().map(|(without, _)| *without));
    let cold_hits = Hits::of_rounds(cycles.iter().map(|(_, cold)| *cold));
    let decision = decision(&without, cold, &ttft, lost(&cycles), seen);
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

/// One that was sent again may hit what its own first attempt left.
fn is_retried(row: &RequestRow) -> bool {
    row.has(Flag::Retried)
}

/// Pairs that one side alone lost, requests that were sent again among them.
fn lost(cycles: &[Cycle<'_>]) -> LostPairs {
    let mut lost = LostPairs::default();
    let counts = |row: &RequestRow| row.is_success() && row.ttft_ms().is_some() && !is_retried(row);
    for (without, cold) in cycles {
        for (index, row) in without.requests.iter() {
            let Some(other) = cold.requests.get(index) else {
                continue;
            };
            if row.is_cancelled() || other.is_cancelled() {
                continue;
            }
            let (one, two) = (counts(row), counts(other));
            lost.of += u64::from(one || two);
            lost.cold += u64::from(!one && two);
            lost.warm += u64::from(one && !two);
        }
    }
    lost
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
    fn of(cycles: &[Cycle<'_>]) -> Self {
        let without = || cycles.iter().map(|(without, _)| *without);
        let with = || cycles.iter().map(|(_, cold)| *cold);
        let usage = (Hits::of_rounds(without()), Hits::of_rounds(with()));
        let rates = match usage {
            (one, other) if one.is_whole() && other.is_whole() => one.rate().zip(other.rate()),
            _ => server::rate(without()).zip(server::rate(with())),
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
    lost: LostPairs,
    seen: HitsSeen,
) -> Decision {
    let contaminated = [without.verdict, cold.verdict].contains(&Verdict::Contaminated);
    if contaminated {
        return Decision::nothing(ConclusionKind::Withheld, Reason::Contaminated);
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
