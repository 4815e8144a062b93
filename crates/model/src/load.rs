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
    /// An open loop whose instants are those of the data set's own rows.
    Replay(Replay),
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// All of them are equal.
    Constant,
    /// They are exponential: a Poisson process, as of many users who know nothing of each other.
    Poisson,
    /// They are gamma: of shape 1 a Poisson process, burstier below, more even above.
    Gamma {
        /// The shape of the distribution; above 0. Its coefficient of variation is 1/√shape.
        shape: f64,
    },
}

impl Arrivals {
    /// The stable name, as in the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Poisson => "poisson",
            Self::Gamma { .. } => "gamma",
        }
    }

    /// The shape of the gamma distribution that the times between arrivals have; `None` where they
    /// do not vary.
    pub fn shape(self) -> Option<f64> {
        match self {
            Self::Constant => None,
            Self::Poisson => Some(1.0),
            Self::Gamma { shape } => Some(shape),
        }
    }
}

/// How the times of a data set are replayed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// The trace's seconds in one second of the replay; above 0.
    pub speed: f64,
    /// Longest time between two arrivals, of the trace's own time, s; `None`: as they are.
    pub gap_cap_s: Option<f64>,
}

impl Load {
    /// Requests in flight that a closed loop holds; `None` of an open one, which holds as many as
    /// its server makes it.
    pub fn concurrency(self) -> Option<u32> {
        match self {
            Self::Concurrency(requests) => Some(requests),
            Self::Rate(_) | Self::Replay(_) => None,
        }
    }

    /// Requests arrive at instants of their own.
    pub fn is_open(self) -> bool {
        self.concurrency().is_none()
    }

    /// The stable name of its kind, as in the files.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Concurrency(_) => "concurrency",
            Self::Rate(_) => "rate",
            Self::Replay(_) => "replay",
        }
    }

    /// The number of that kind: requests in flight, requests a second, or the speed of a replay.
    pub fn value(self) -> f64 {
        match self {
            Self::Concurrency(requests) => f64::from(requests),
            Self::Rate(rate) => rate.per_second,
            Self::Replay(replay) => replay.speed,
        }
    }

    /// How such parts of a file's name begin.
    pub const FILE_NAMES: [&str; 3] = ["concurrency_", "rate_", "replay_"];

    /// The part of a file's name that tells it: `concurrency_4`, `rate_8`, `replay`.
    pub fn file_name(self) -> String {
        match self {
            Self::Concurrency(requests) => format!("concurrency_{requests}"),
            Self::Rate(rate) => format!("rate_{}", rate.per_second),
            Self::Replay(_) => "replay".to_owned(),
        }
    }
}

impl Default for Load {
    /// One request after the other.
    fn default() -> Self {
        Self::Concurrency(1)
    }
}

impl From<u32> for Load {
    fn from(requests: u32) -> Self {
        Self::Concurrency(requests)
    }
}

impl fmt::Display for Load {
    /// The number of a closed loop; `8/s` of Poisson arrivals, and of others their name; `replay ×2`
    /// of a faster trace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Concurrency(requests) => requests.fmt(f),
            Self::Rate(rate) => rate.fmt(f),
            Self::Replay(replay) => replay.fmt(f),
        }
    }
}

impl fmt::Display for ArrivalRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.per_second)?;
        match self.arrivals {
            Arrivals::Poisson => Ok(()),
            Arrivals::Constant => f.write_str(" constant"),
            Arrivals::Gamma { shape } => write!(f, " gamma {shape}"),
        }
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("replay")?;
        if self.speed.to_bits() != 1.0_f64.to_bits() {
            write!(f, " ×{}", self.speed)?;
        }
        match self.gap_cap_s {
            Some(cap) => write!(f, ", gaps up to {cap} s"),
            None => Ok(()),
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

    const TWICE: Load = Load::Replay(Replay {
        speed: 2.0,
        gap_cap_s: None,
    });

    #[test]
    fn each_kind_has_its_names() {
        let loads = [Load::from(4), EIGHT, TWICE];
        let names = loads.map(|load| (load.kind(), load.value(), load.to_string()));
        let told = [
            ("concurrency", 4.0, "4".to_owned()),
            ("rate", 8.0, "8/s constant".to_owned()),
            ("replay", 2.0, "replay ×2".to_owned()),
        ];
        assert_eq!(names, told);
        let files = loads.map(Load::file_name);
        assert_eq!(files, ["concurrency_4", "rate_8", "replay"]);
        for (file, begin) in files.iter().zip(Load::FILE_NAMES) {
            assert!(format!("{file}_round_1.json").starts_with(begin));
        }
        assert_eq!(loads.map(Load::concurrency), [Some(4), None, None]);
        assert_eq!(loads.map(Load::is_open), [false, true, true]);
    }

    #[test]
    fn arrivals_of_a_poisson_process_are_gamma_of_shape_one() {
        let all = [
            Arrivals::Constant,
            Arrivals::Poisson,
            Arrivals::Gamma { shape: 0.5 },
        ];
        assert_eq!(all.map(Arrivals::shape), [None, Some(1.0), Some(0.5)]);
        let stored = serde_json::to_string(&all).unwrap();
        assert_eq!(stored, r#"["constant","poisson",{"gamma":{"shape":0.5}}]"#);
    }
}
