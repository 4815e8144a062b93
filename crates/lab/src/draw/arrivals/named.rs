//! Arrivals that show one thing each.

use super::scenario::{ArrivalScenario, LoadedSide};
use dualround_model::Arrivals;

/// All named worlds of arrivals.
pub fn named_arrivals() -> Vec<ArrivalScenario> {
    let plain = ArrivalScenario::plain;
    vec![
        ArrivalScenario {
            load: 2.0,
            ..plain("arrivals_only_the_warm_side_holds", 1)
        },
        ArrivalScenario {
            load: 2.0,
            load_of: LoadedSide::Warm,
            ..plain("arrivals_neither_side_holds", 2)
        },
        ArrivalScenario {
            load: 2.0,
            ratio: 0.25,
            load_of: LoadedSide::Warm,
            ..plain("arrivals_only_the_cold_side_holds", 3)
        },
        plain("arrivals_both_sides_hold", 4),
        ArrivalScenario {
            arrivals: Some(Arrivals::Gamma { shape: 0.3 }),
            service_cv: 0.5,
            requests: 6000,
            ..plain("arrivals_bursts_that_pass", 5)
        },
        ArrivalScenario {
            load: 2.0,
            requests: 799,
            ..plain("arrivals_too_few_to_tell", 6)
        },
        ArrivalScenario {
            load: 2.0,
            last_round_started: Some(1500),
            ..plain("arrivals_a_warm_round_cut_short", 7)
        },
        ArrivalScenario {
            arrivals: None,
            users: 64,
            ..plain("arrivals_a_closed_loop_is_never_overloaded", 8)
        },
        ArrivalScenario {
            load: 2.0,
            max_in_flight: Some(8),
            ..plain("arrivals_that_wait_at_the_client", 9)
        },
        ArrivalScenario {
            schedule: "CWM",
            load: 2.0,
            ..plain("arrivals_mixed_rounds_drain", 10)
        },
        ArrivalScenario {
            schedule: "NCW",
            load: 2.0,
            ..plain("arrivals_without_reuse_neither_holds", 11)
        },
    ]
}
