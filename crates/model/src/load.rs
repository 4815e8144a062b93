//! The load of a level: what decides when its next request is sent.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The load of a level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// A closed loop of so many requests in flight: the next one goes when one has ended.
    Concurrency(u32),
    /// An open loop: requests go at instants of their own, whatever is still running.
    Rate(ArrivalRate),
}

/// Arrivals of an open loop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrivalRate {
    /// Requests a second, on average; above 0.
    pub per_second: f64,
    /// How the times between two of them are distributed.
    pub arrivals: Arrivals,
}

/// The distribution of the times between two arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// All of them are equal.
    Constant,
}

impl Load {
    /// Requests in flight that a closed loop holds; `None` of an open one, which holds as many as
    /// its server makes it.
    pub fn concurrency(self) -> Option<u32> {
        match self {
            Self::Concurrency(requests) => Some(requests),
            Self::Rate(_) => None,
        }
    }

    /// How such parts of a file's name begin.
    pub const FILE_NAMES: [&str; 2] = ["concurrency_", "rate_"];

    /// The part of a file's name that tells it: `concurrency_4`, `rate_8`.
    pub fn file_name(self) -> String {
        match self {
            Self::Concurrency(requests) => format!("concurrency_{requests}"),
            Self::Rate(rate) => format!("rate_{}", rate.per_second),
        }
    }

    /// Connections that are opened before the first round. An open loop begins with those of one
    /// second, and opens more where they do not last.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the conversion of a float saturates, and a rate is above 0"
    )]
    pub fn first_connections(self) -> u32 {
        match self {
            Self::Concurrency(requests) => requests,
            Self::Rate(rate) => (rate.per_second.ceil() as u32).max(1),
        }
    }
}

impl From<u32> for Load {
    fn from(requests: u32) -> Self {
        Self::Concurrency(requests)
    }
}

impl fmt::Display for Load {
    /// The number of a closed loop, `8/s` of an open one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Concurrency(requests) => requests.fmt(f),
            Self::Rate(rate) => write!(f, "{}/s", rate.per_second),
        }
    }
}

/// Loads as a plan is stored: a closed loop by its number alone.
pub(crate) mod by_number {
    use super::Load;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum StoredLoad {
        Number(u32),
        Tagged(Load),
    }

    pub(crate) fn serialize<S: Serializer>(loads: &[Load], to: S) -> Result<S::Ok, S::Error> {
        let stored = loads.iter().map(|load| match load {
            Load::Concurrency(requests) => StoredLoad::Number(*requests),
            other => StoredLoad::Tagged(*other),
        });
        to.collect_seq(stored)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Load>, D::Error> {
        let stored = Vec::<StoredLoad>::deserialize(from)?;
        let loads = stored.into_iter().map(|load| match load {
            StoredLoad::Number(requests) => Load::Concurrency(requests),
            StoredLoad::Tagged(load) => load,
        });
        Ok(loads.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Levels(#[serde(with = "by_number")] Vec<Load>);

    const EIGHT: Load = Load::Rate(ArrivalRate {
        per_second: 8.0,
        arrivals: Arrivals::Constant,
    });

    #[test]
    fn closed_loops_are_stored_as_they_always_were() {
        let levels = Levels(vec![Load::Concurrency(1), EIGHT]);
        let stored = r#"[1,{"rate":{"per_second":8.0,"arrivals":"constant"}}]"#;
        assert_eq!(serde_json::to_string(&levels).unwrap(), stored);
        assert_eq!(serde_json::from_str::<Levels>(stored).unwrap(), levels);
        assert!(serde_json::from_str::<Levels>(r#"[{"rate":8}]"#).is_err());
    }

    #[test]
    fn an_open_loop_begins_with_the_connections_of_a_second() {
        assert_eq!(EIGHT.first_connections(), 8);
        assert_eq!(EIGHT.concurrency(), None);
        assert_eq!(EIGHT.file_name(), "rate_8");
        assert_eq!(Load::from(4).file_name(), "concurrency_4");
        for (load, begin) in [Load::from(4), EIGHT].iter().zip(Load::FILE_NAMES) {
            assert!(load.file_name().starts_with(begin));
        }
        let rare = Load::Rate(ArrivalRate {
            per_second: 0.2,
            arrivals: Arrivals::Constant,
        });
        assert_eq!(rare.first_connections(), 1);
        assert_eq!(Load::from(4).concurrency(), Some(4));
        assert_eq!(
            (Load::from(4).to_string(), EIGHT.to_string()),
            ("4".into(), "8/s".into())
        );
    }
}
