//! Holds what was said against what is true. Gets both as JSON and shares no code with what said
//! it.

mod arms;
mod arrivals;
mod binomial;
mod causes;
mod claims;
mod facts;
mod figures;
mod fresh;
mod hits;
mod inside;
mod mixed;
mod pages;
mod sentence;
mod sessions;
mod sockets;
mod value;

pub use arrivals::{overload_claims, wrong_arrivals};
pub use binomial::lowest_rate;
pub use claims::{Claim, ClaimCount, ClaimCounts, claims};
pub use facts::wrong_facts;
pub use fresh::{LoggedRun, wrong_fresh};
pub use hits::{known_cold, wrong_hits};
pub use pages::{wrong_counter, wrong_lost};
pub use sessions::{known_cold_sessions, wrong_sessions};
pub use sockets::{wrong_costs, wrong_run, wrong_streams};
