//! The load of a level and the arrivals of an open loop, as they stand in JSON.

use crate::number::json as num;
use dualround_model::{ArrivalSummary, Load};
use serde_json::{Value, json};

/// The load of a level: its kind and its number, and how requests arrive.
pub(crate) fn load(load: Load) -> Value {
    let mut out = json!({"kind": load.kind(), "value": load.value()});
    match load {
        Load::Concurrency(_) => {}
        Load::Rate(rate) => {
            out["arrival"] = rate.arrivals.name().into();
            out["burstiness"] = num(rate.arrivals.shape());
        }
        Load::Replay(replay) => out["gap_cap_s"] = num(replay.gap_cap_s),
    }
    out
}

/// The arrivals of a round; null in a closed loop.
pub(crate) fn arrivals(arrivals: Option<&ArrivalSummary>) -> Value {
    let Some(arrivals) = arrivals else {
        return Value::Null;
    };
    let backlog = arrivals.backlog;
    json!({
        "scheduled_rate": num(arrivals.scheduled_rate),
        "begun_rate": num(arrivals.begun_rate),
        "begun": arrivals.begun,
        "schedule_error": num(arrivals.schedule_error),
        "connections": arrivals.connections,
        "connections_opened": arrivals.connections_opened,
        "waited_for_place": arrivals.waited_for_place,
        "drained_seconds": num(Some(arrivals.drained_seconds)),
        "backlog_middle": backlog.middle,
        "backlog_end": backlog.end,
        "backlog_most": backlog.most,
        "backlog_limit": backlog.limit,
        "overloaded": backlog.overloaded,
    })
}
