//! How often a round of an open loop is called overloaded, by what it asks of its server.

use crate::{
    draw::{ArrivalScenario, LoadedSide, draw_arrivals, number_of},
    run::arrival_verdict,
};
use dualround_model::Arrivals;

/// Rates of arrivals over the capacity of the server.
pub const LOADS: [f64; 6] = [0.5, 0.9, 0.95, 1.05, 1.1, 2.0];
/// Requests that the server works on at once: runs take these by turns.
const PLACES: [u32; 3] = [1, 8, 32];

/// How requests arrive.
const ARRIVALS: [Arrivals; 4] = [
    Arrivals::Constant,
    Arrivals::Gamma { shape: 4.0 },
    Arrivals::Poisson,
    Arrivals::Gamma { shape: 0.3 },
];
/// How much the times differ for which they hold their place: standard deviation over mean.
const SERVICE_CVS: [f64; 3] = [0.0, 0.5, 1.0];
/// Requests of a round.
const REQUESTS: [u32; 3] = [800, 2000, 6000];

/// A row of the study.
#[derive(Clone, Copy, Debug)]
pub struct OverloadRow {
    /// How requests arrive.
    pub arrivals: Arrivals,
    /// How much the times differ for which they hold their place.
    pub service_cv: f64,
    /// Requests of a round.
    pub requests: u32,
}

/// All rows.
pub fn rows() -> impl Iterator<Item = OverloadRow> {
    let with_cv = |arrivals| SERVICE_CVS.map(|service_cv| (arrivals, service_cv));
    let rows = ARRIVALS.into_iter().flat_map(with_cv);
    rows.flat_map(|(arrivals, service_cv)| {
        REQUESTS.map(|requests| OverloadRow {
            arrivals,
            service_cv,
            requests,
        })
    })
}

impl OverloadRow {
    /// How many of so many rounds are called overloaded at each load.
    ///
    /// # Errors
    /// As [`arrival_verdict`].
    pub fn named(&self, runs: u64) -> serde_json::Result<[u64; LOADS.len()]> {
        let mut named = [0; LOADS.len()];
        for (load, count) in LOADS.into_iter().zip(&mut named) {
            for (run, places) in (0..runs).zip(PLACES.into_iter().cycle()) {
                *count += u64::from(self.is_named(load, run, places)?);
            }
        }
        Ok(named)
    }

    fn is_named(&self, load: f64, run: u64, places: u32) -> serde_json::Result<bool> {
        let seed = number_of(&format!("{self:?} {load}")).wrapping_add(run);
        let scenario = ArrivalScenario {
            schedule: "C",
            arrivals: Some(self.arrivals),
            requests: self.requests,
            places,
            service_cv: self.service_cv,
            load,
            load_of: LoadedSide::Cold,
            ..ArrivalScenario::plain("study", seed)
        };
        let level = arrival_verdict(&scenario, draw_arrivals(&scenario))?;
        Ok(level["rounds"][0]["backlog"]["overloaded"] == true)
    }
}
