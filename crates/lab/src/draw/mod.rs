//! Scenarios and the rounds drawn from them. Knows the vocabulary of `model` and nothing of what is
//! computed from rounds.

mod arrivals;
mod coin;
mod families;
mod hits;
mod named;
mod plain;
mod queue;
mod random;
mod records;
mod rounds;
mod scenario;
mod sessions;
mod sockets;
mod student;
mod truth;
mod world;

pub use arrivals::{
    ArrivalScenario, ArrivalTruth, DrawnArrivals, LoadedSide, arrival_scenario, draw_arrivals,
    named_arrivals,
};
pub use families::scenario;
pub use hits::{DrawnHits, HitScenario, HitTruth, draw_hits, hit_scenario};
pub use named::named;
pub use queue::{DrawnQueue, QueueScenario, draw_queue};
pub use random::number_of;
pub use scenario::{
    ClassTruth, CyclePlace, InsideTruth, LostTruth, MixedTruth, Scenario, ScenarioTruth,
};
pub use sessions::{DrawnSessions, SessionScenario, SessionTruth, draw_sessions, session_scenario};
pub use sockets::{COUNTED, PRICES, SocketScenario, socket_scenario};
pub use world::{DrawnRounds, draw};
