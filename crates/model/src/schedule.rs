//! Which rounds are run and which of them start cold.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a round starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundKind {
    /// `C`: starts an epoch; the cold policy acts before it.
    Cold,
    /// `W`: repeats the bytes of its epoch.
    Warm,
    /// `E`: the same after a reset of the engine's own cache, with outer tiers kept: what those
    /// alone are worth.
    External,
}

/// One round of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundSpec {
    /// 1-based number of the round within its level.
    pub number: u32,
    /// 0-based epoch: how many `C` stand before or at this round, minus one.
    pub epoch: u32,
    /// Cold or warm.
    pub kind: RoundKind,
}

/// A sequence of rounds such as `CW` (the default) or `CWC`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule(Vec<RoundKind>);

/// A schedule that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// It does not begin with `C`, is empty or holds another letter.
    #[error(
        "schedule `{0}` must begin with C and hold only C (cold), W (warm) and E (outer cache tiers only), e.g. CW, CWC or CWE"
    )]
    Invalid(String),
}

impl Schedule {
    /// The rounds in order, with numbers and epochs.
    pub fn rounds(&self) -> Vec<RoundSpec> {
        let mut epoch = 0;
        let mut rounds = Vec::with_capacity(self.0.len());
        for (number, kind) in (1..).zip(&self.0) {
            if *kind == RoundKind::Cold && number > 1 {
                epoch += 1;
            }
            rounds.push(RoundSpec {
                number,
                epoch,
                kind: *kind,
            });
        }
        rounds
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self(vec![RoundKind::Cold, RoundKind::Warm])
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let kinds = text.chars().map(|c| match c.to_ascii_uppercase() {
            'C' => Some(RoundKind::Cold),
            'W' => Some(RoundKind::Warm),
            'E' => Some(RoundKind::External),
            _ => None,
        });
        match kinds.collect::<Option<Vec<_>>>() {
            Some(kinds) if kinds.first() == Some(&RoundKind::Cold) => Ok(Self(kinds)),
            _ => Err(ScheduleError::Invalid(text.to_owned())),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in &self.0 {
            f.write_str(match kind {
                RoundKind::Cold => "C",
                RoundKind::Warm => "W",
                RoundKind::External => "E",
            })?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Schedule {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, ScheduleError> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_c_starts_an_epoch() {
        let rounds = "CWWCW".parse::<Schedule>().unwrap().rounds();
        let epochs: Vec<u32> = rounds.iter().map(|r| r.epoch).collect();
        assert_eq!(epochs, [0, 0, 0, 1, 1]);
        assert_eq!(rounds[3].number, 4);
        assert_eq!(rounds[3].kind, RoundKind::Cold);
    }

    #[test]
    fn a_schedule_begins_cold() {
        for bad in ["", "W", "WC", "CX", "C W", "EC"] {
            assert!(bad.parse::<Schedule>().is_err(), "{bad}");
        }
        assert_eq!("cw".parse::<Schedule>().unwrap(), Schedule::default());
    }
}
