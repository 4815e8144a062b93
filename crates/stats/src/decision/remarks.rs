//! What a conclusion is said with: what was not controlled, and what would tell more.

use crate::{
    decision::{LevelEvidence, SourcedDecision},
    level::overload,
    numbers::mean::mean_of,
};
use dualround_model::{
    ColdMethod, ConclusionKind, Reason, Remark, RoundResult, Source, UntilPlan, Witness,
};

/// Cycles from which on their number alone tells more.
const CYCLES: usize = 3;

/// All remarks of a conclusion, in the order in which they are said.
pub(crate) fn remarks(basis: &LevelEvidence<'_>, decision: &SourcedDecision) -> Vec<Remark> {
    let mut out = Vec::new();
    let by_blocks = decision.source == Source::Mixed;
    if basis.design.left_out && !by_blocks {
        out.push(Remark::RoundLeftOut);
    }
    if basis.cold_repeats {
        out.push(Remark::ColdRepeats);
    }
    if decision.kind != ConclusionKind::Withheld {
        if overload::is_unknown(basis.design) {
            out.push(Remark::OverloadUnknown);
            out.extend(backlogs_grew(basis));
        }
        out.extend(waited_at_client(basis));
    }
    // What goes on from round to round is not in what blocks of one round say.
    if decision.kind == ConclusionKind::Effect && !by_blocks {
        out.extend(trend(basis));
    }
    out.extend(next(basis, decision));
    out
}

/// What users waited, where some of it was for a place in flight.
fn waited_at_client(basis: &LevelEvidence<'_>) -> Option<Remark> {
    let all = || basis.design.cold_rounds().chain(basis.design.warm_rounds());
    let waited = |round: &RoundResult| {
        let arrivals = round.summary.arrivals.as_ref();
        arrivals.is_some_and(|arrivals| arrivals.waited_for_place > 0)
    };
    if !all().any(waited) {
        return None;
    }
    Some(Remark::WaitedAtClient {
        cold_ms: ttft_from_due_ms(basis.design.cold_rounds())?,
        warm_ms: ttft_from_due_ms(basis.design.warm_rounds())?,
    })
}

/// The sides whose backlog grew to the end, where nobody can tell whether they held the rate.
fn backlogs_grew(basis: &LevelEvidence<'_>) -> Vec<Remark> {
    let sides = [
        (false, overload::grown(basis.design.cold_rounds())),
        (true, overload::grown(basis.design.warm_rounds())),
    ];
    let grown = sides.into_iter().filter_map(|(warm, backlog)| {
        let backlog = backlog?;
        Some(Remark::BacklogGrew {
            warm,
            middle: backlog.middle,
            end: backlog.end,
        })
    });
    grown.collect()
}

/// Mean over rounds of TTFT from the due instant, ms; `None` where a round has none.
fn ttft_from_due_ms<'a>(rounds: impl Iterator<Item = &'a RoundResult>) -> Option<f64> {
    let means: Option<Vec<f64>> = rounds
        .map(|round| round.summary.ttft_from_due.avg)
        .collect();
    mean_of(&means?)
}

/// From cold round to cold round the server went one way, by half of the effect and more.
fn trend(basis: &LevelEvidence<'_>) -> Option<Remark> {
    let effect = basis.ttft.metric.ratio?.ln().abs();
    let trend = basis.ttft.trend?;
    let (first, _) = basis.design.cycles.first()?;
    let (last, _) = basis.design.cycles.last()?;
    let rounds = last.meta.spec.number - first.meta.spec.number;
    (trend.abs() >= effect / 2.0).then(|| Remark::Trend {
        per_round: trend.exp(),
        first_to_last: (trend * f64::from(rounds)).exp(),
    })
}

/// Rounds are made cold by text that is put into the prompts.
fn takes_fresh_text(method: ColdMethod) -> bool {
    matches!(method, ColdMethod::Marker | ColdMethod::Salt)
}

/// More time: for the cycles that there may still be, or for more of them.
fn more_budget(basis: &LevelEvidence<'_>) -> Option<Remark> {
    match basis.design.until(false) {
        Some(until) if until.cycles < until.most => Some(Remark::GoOn),
        Some(until) if until.most >= UntilPlan::MOST => None,
        _ => Some(Remark::MoreBudget),
    }
}

/// What would tell more, or what was not controlled.
fn next(basis: &LevelEvidence<'_>, decision: &SourcedDecision) -> Option<Remark> {
    let schedule = basis.judging.schedule.to_string();
    let given_back = matches!(basis.reuse.witness, Witness::ResponseCache(_));
    match decision.reason {
        // More rounds are given back as well.
        Some(Reason::AcrossMargin | Reason::WideBound { .. }) if given_back => None,
        Some(Reason::AcrossMargin | Reason::WideBound { .. }) => match decision.source {
            _ if basis.judging.until => more_budget(basis),
            Source::Mixed => Some(Remark::MoreMixed),
            _ if schedule.matches("CW").count() >= CYCLES => Some(Remark::MoreCycles),
            _ if takes_fresh_text(basis.cold.method) && basis.mixed.is_none() => {
                Some(Remark::ThreeCyclesOrMixed)
            }
            _ => Some(Remark::ThreeCycles),
        },
        Some(Reason::LostPairs { .. }) => Some(Remark::SeeFailures),
        // Both arms of a mixed round are as warm as each other.
        None if decision.source == Source::Mixed => None,
        None if !basis.design.controls_warm_up() => Some(Remark::WarmUpNotControlled {
            repeat_cold: schedule.matches('C').count() <= 1 && !basis.judging.until,
        }),
        _ => None,
    }
}
