//! The time between two turns, as a data set states it.

use super::error::SessionError;
use crate::{
    decimal::{decimal, plain, seconds},
    quote::short,
    timestamp::TimeError,
};
use dualround_model::{GapFrom, SessionPlan, ThinkTime, TimestampUnit, TurnGap};
use serde_json::{Map, Value};

/// When a request of a data set was sent, and how long its answer took, as far as it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RecordedTimes {
    /// On the clock of its trace, ns.
    pub(super) sent_ns: Option<u64>,
    /// How long the answer took, ns.
    pub(super) took_ns: Option<u64>,
    /// How long was waited before it, ns.
    pub(super) gap_ns: Option<u64>,
}

/// Keys that state a wait before a turn, with the power of ten that makes ns of them; `None`: in the
/// unit of the file's times.
const GAPS: [(&str, Option<i64>); 5] = [
    ("think_time", Some(9)),
    ("delay_s", Some(9)),
    ("delay_ms", Some(6)),
    ("requeue_delay", Some(9)),
    ("delay", None),
];

/// The wait before a turn that a row or turn states.
///
/// # Errors
/// [`SessionError::Gap`] for one that is no time, or whose unit nothing tells,
/// [`SessionError::TwoGaps`] for two of them.
pub(super) fn stated(
    row: &Map<String, Value>,
    unit: Option<TimestampUnit>,
) -> Result<Option<u64>, SessionError> {
    let keys = GAPS.iter().map(|(key, _)| *key);
    let mut there = keys.filter(|key| row.get(*key).is_some_and(|value| !value.is_null()));
    if let (Some(one), Some(other)) = (there.next(), there.next()) {
        return Err(SessionError::TwoGaps { one, other });
    }
    Ok(one_stated(row, unit)?)
}

fn one_stated(
    row: &Map<String, Value>,
    unit: Option<TimestampUnit>,
) -> Result<Option<u64>, TimeError> {
    for (key, shift) in GAPS {
        let Some(value) = row.get(key).filter(|value| !value.is_null()) else {
            continue;
        };
        let shift = match (shift, unit) {
            (Some(shift), _) => shift,
            (None, Some(TimestampUnit::Seconds)) => 9,
            (None, Some(TimestampUnit::Milliseconds)) => 6,
            (None, None) => return Err(TimeError::UnknownUnit { key }),
        };
        let read = plain(value).map(|text| decimal(&text, shift));
        return match read {
            Some(Ok(ns)) => Ok(Some(ns)),
            _ => Err(TimeError::NotATime {
                key,
                value: short(value),
                wanted: "a time of 0 or more",
            }),
        };
    }
    Ok(None)
}

/// How long the answer to a row took, as a trace of agents states it.
///
/// # Errors
/// [`SessionError::Gap`] for one that is no time.
pub(super) fn took(row: &Map<String, Value>) -> Result<Option<u64>, SessionError> {
    const KEY: &str = "api_time";
    let Some(value) = row.get(KEY).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    match seconds(value) {
        Some(ns) => Ok(Some(ns)),
        None => Err(SessionError::Gap(TimeError::NotATime {
            key: KEY,
            value: short(value),
            wanted: "a time of 0 or more",
        })),
    }
}

/// Whether a key states a time of a turn.
pub(super) fn is_of_times(key: &str) -> bool {
    key == "api_time" || GAPS.iter().any(|(name, _)| *name == key)
}

/// The gap before a turn whose predecessor has these times, as the plan has it.
pub(super) fn between(plan: &SessionPlan, before: RecordedTimes, own: RecordedTimes) -> TurnGap {
    match plan.think_time {
        ThinkTime::Fixed(ns) => TurnGap {
            from: GapFrom::End,
            ns,
            cut: false,
        },
        ThinkTime::Recorded => capped(recorded(before, own), plan.gap_cap_ns),
    }
}

/// What is stated, else from start to start less what the answer took, else from start to start, else
/// nothing.
fn recorded(before: RecordedTimes, own: RecordedTimes) -> TurnGap {
    let of = |from, ns| TurnGap {
        from,
        ns,
        cut: false,
    };
    if let Some(ns) = own.gap_ns {
        return of(GapFrom::End, ns);
    }
    let between = before.sent_ns.zip(own.sent_ns);
    match (between, before.took_ns) {
        (Some((before, own)), Some(took)) => of(
            GapFrom::End,
            own.saturating_sub(before).saturating_sub(took),
        ),
        (Some((before, own)), None) => of(GapFrom::Start, own.saturating_sub(before)),
        (None, _) => TurnGap::default(),
    }
}

fn capped(gap: TurnGap, cap_ns: u64) -> TurnGap {
    TurnGap {
        ns: gap.ns.min(cap_ns),
        cut: gap.ns > cap_ns,
        ..gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_gap_is_read_in_its_unit_and_in_no_other() {
        let of = |value| stated(&row(value), None);
        assert_eq!(of(json!({"delay_ms": 800})), Ok(Some(800_000_000)));
        assert_eq!(of(json!({"delay_s": "0.5"})), Ok(Some(500_000_000)));
        assert_eq!(of(json!({"think_time": 2})), Ok(Some(2_000_000_000)));
        assert_eq!(of(json!({"text": "x", "delay_s": null})), Ok(None));
        assert_eq!(
            of(json!({"delay": 3})),
            Err(TimeError::UnknownUnit { key: "delay" }.into())
        );
        let ms = stated(&row(json!({"delay": 3})), Some(TimestampUnit::Milliseconds));
        assert_eq!(ms, Ok(Some(3_000_000)));
        for bad in [json!(-1), json!("soon"), json!([1])] {
            let said = of(json!({"delay_s": bad})).unwrap_err().to_string();
            assert!(
                said.contains("delay_s") && said.contains("0 or more"),
                "{said}"
            );
        }
    }

    #[test]
    fn the_first_that_is_stated_decides() {
        let plan = SessionPlan {
            gap_cap_ns: 60,
            ..SessionPlan::default()
        };
        let times = |sent_ns, took_ns, gap_ns| RecordedTimes {
            sent_ns,
            took_ns,
            gap_ns,
        };
        let of = |before, own| {
            let gap = between(&plan, before, own);
            (gap.from, gap.ns, gap.cut)
        };
        let (end, start) = (GapFrom::End, GapFrom::Start);
        let before = times(Some(100), Some(30), None);
        assert_eq!(of(before, times(Some(150), None, Some(7))), (end, 7, false));
        assert_eq!(of(before, times(Some(150), None, None)), (end, 20, false));
        assert_eq!(of(before, times(Some(120), None, None)), (end, 0, false));
        let untold = times(Some(100), None, None);
        assert_eq!(of(untold, times(Some(150), None, None)), (start, 50, false));
        assert_eq!(of(untold, times(Some(190), None, None)), (start, 60, true));
        assert_eq!(of(untold, times(None, None, None)), (end, 0, false));
        let fixed = SessionPlan {
            think_time: ThinkTime::Fixed(900),
            ..plan
        };
        let gap = between(&fixed, before, times(Some(150), None, Some(7)));
        assert_eq!((gap.from, gap.ns, gap.cut), (end, 900, false));
    }
}
