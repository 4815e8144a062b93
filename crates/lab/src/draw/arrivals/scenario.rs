//! What a world of arrivals is made of.

use dualround_model::Arrivals;
use serde::Serialize;

/// A round of fewer requests does not tell whether a side was overloaded.
pub(super) const FEWEST: u32 = 800;

/// The side whose capacity a load is a multiple of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadedSide {
    /// The cold one.
    Cold,
    /// The warm one.
    Warm,
}

/// A world in which requests arrive, whatever is still running, at a server of some places.
#[derive(Clone, Debug, Serialize)]
pub struct ArrivalScenario {
    /// Its family, or what it is the example of.
    pub name: String,
    /// Everything random in it comes from this.
    pub seed: u64,
    /// The schedule that was asked for.
    pub schedule: &'static str,
    /// How requests arrive; `None`: in a closed loop of [`Self::users`].
    pub arrivals: Option<Arrivals>,
    /// Users of a closed loop.
    pub users: u32,
    /// Requests of a round, each of a prompt of its own.
    pub requests: u32,
    /// Requests that the server works on at once.
    pub places: u32,
    /// The engine tells how many these are.
    pub places_told: bool,
    /// Most requests in flight, where the client was given a limit.
    pub max_in_flight: Option<u32>,
    /// Mean time for which a cold request holds its place, ms.
    pub service_ms: f64,
    /// How much these times differ: standard deviation over mean.
    pub service_cv: f64,
    /// Cold over warm time of a request that hits.
    pub ratio: f64,
    /// Share of the warm requests that hit.
    pub hit_share: f64,
    /// The rate of arrivals over the capacity of one side.
    pub load: f64,
    /// Which side.
    pub load_of: LoadedSide,
    /// Requests that fail after they held their place as any other.
    pub failing: f64,
    /// Requests of the last round that were started, when it ended early.
    pub last_round_started: Option<u32>,
}

impl ArrivalScenario {
    /// A plain one: Poisson arrivals of 2,000 requests at 0.9 times the capacity of the cold side,
    /// whose eight places take a second each, and the warm side a quarter of it.
    pub fn plain(name: &str, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            seed,
            schedule: "CW",
            arrivals: Some(Arrivals::Poisson),
            users: 4,
            requests: 2000,
            places: 8,
            places_told: false,
            max_in_flight: None,
            service_ms: 1000.0,
            service_cv: 0.0,
            ratio: 4.0,
            hit_share: 1.0,
            load: 0.9,
            load_of: LoadedSide::Cold,
            failing: 0.0,
            last_round_started: None,
        }
    }
}

/// What is true of a world of arrivals.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ArrivalTruth {
    /// Its rounds, in the order of the schedule.
    pub rounds: Vec<RoundTruth>,
    /// exp of the mean of ln(cold / warm) of TTFT over the prompts of the first cold and warm round.
    pub seen_ratio: Option<f64>,
    /// Prompt tokens of the warm answers.
    pub prompt: u64,
    /// Those that came from the cache.
    pub cached: CachedTokens,
}

/// Tokens from the cache by side.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct CachedTokens {
    /// In cold rounds.
    pub cold: u64,
    /// In warm ones.
    pub warm: u64,
}

/// What is true of one round.
#[derive(Clone, Debug, Serialize)]
pub struct RoundTruth {
    /// Its letter in the schedule.
    pub letter: char,
    /// The rate of arrivals over what the server can do in it; `None` in a closed loop.
    pub load: Option<f64>,
    /// Requests that were started.
    pub started: u32,
    /// It has enough requests, all of which were sent when they were to be.
    pub tells: bool,
    /// Requests that failed.
    pub failed: u64,
    /// Requests that waited for a place in flight.
    pub waited: u64,
    /// Requests that were due and had not ended, in an open loop.
    pub backlog: Option<BacklogTruth>,
}

/// Requests that were due and had not ended, at the instants at which one was due.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct BacklogTruth {
    /// At that of the middle one.
    pub middle: u64,
    /// At that of the last one.
    pub end: u64,
    /// At any of them, at most.
    pub most: u64,
}
