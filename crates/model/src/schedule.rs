//! Which rounds are run and which of them start cold.

use serde::{Deserialize, Serialize};
use std::{
    fmt::{self, Write},
    str::FromStr,
};

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
    /// After the schedule: the same with only a share of each prompt kept (`--shared-prefix`).
    Partial,
}

impl RoundKind {
    /// All kinds, in the order in which a schedule may have them.
    pub const ALL: [Self; 4] = [Self::Cold, Self::Warm, Self::External, Self::Partial];

    /// The letter in a schedule.
    pub fn letter(self) -> char {
        match self {
            Self::Cold => 'C',
            Self::Warm => 'W',
            Self::External => 'E',
            Self::Partial => 'P',
        }
    }

    /// The kind of a letter of either case; `None` of a letter that no schedule may have.
    fn of_letter(letter: char) -> Option<Self> {
        let letter = letter.to_ascii_uppercase();
        let kinds = Self::ALL.into_iter();
        kinds
            // Asked for by its own setting.
            .filter(|kind| *kind != Self::Partial)
            .find(|kind| kind.letter() == letter)
    }

    /// The stable name, as in the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
            Self::External => "external",
            Self::Partial => "partial",
        }
    }
}

/// One round of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundSpec {
    /// 1-based number of the round within its level.
    pub number: u32,
    /// 0-based epoch: how many `C` stand before or at this round, minus one.
    pub epoch: u32,
    /// Cold or warm.
    pub kind: RoundKind,
    /// The share of each prompt that is kept, percent, in a round of [`RoundKind::Partial`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_percent: Option<u32>,
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
                kept_percent: None,
            });
        }
        rounds
    }

    /// It has a pair to make: a warm round, which repeats a cold one.
    pub fn has_pair(&self) -> bool {
        self.0.contains(&RoundKind::Warm)
    }

    /// The same, followed by a partial round for each share. The largest share goes first: a cache
    /// that keeps one copy of a prompt then still holds what the next one keeps.
    pub fn rounds_with(&self, shares: &[u32]) -> Vec<RoundSpec> {
        let mut rounds = self.rounds();
        let epoch = rounds.last().map_or(0, |round| round.epoch);
        let mut shares = shares.to_vec();
        shares.sort_unstable_by(|a, b| b.cmp(a));
        shares.dedup();
        for share in shares {
            rounds.push(RoundSpec {
                number: u32::try_from(rounds.len() + 1).unwrap_or(u32::MAX),
                epoch,
                kind: RoundKind::Partial,
                kept_percent: Some(share),
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
        let kinds: Option<Vec<RoundKind>> = text.chars().map(RoundKind::of_letter).collect();
        match kinds {
            Some(kinds) if kinds.first() == Some(&RoundKind::Cold) => Ok(Self(kinds)),
            _ => Err(ScheduleError::Invalid(text.to_owned())),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in &self.0 {
            f.write_char(kind.letter())?;
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
    fn partial_rounds_come_last_and_the_largest_share_first() {
        let schedule: Schedule = "CWC".parse().unwrap();
        let rounds = schedule.rounds_with(&[0, 50, 100, 50]);
        let told: Vec<_> = rounds[3..]
            .iter()
            .map(|round| (round.number, round.epoch, round.kept_percent))
            .collect();
        assert_eq!(told, [(4, 1, Some(100)), (5, 1, Some(50)), (6, 1, Some(0))]);
        assert_eq!(schedule.rounds_with(&[]), schedule.rounds());
    }

    #[test]
    fn a_schedule_begins_cold() {
        for bad in ["", "W", "WC", "CX", "C W", "EC", "CP", "Cç"] {
            assert!(bad.parse::<Schedule>().is_err(), "{bad}");
        }
        assert_eq!("cw".parse::<Schedule>().unwrap(), Schedule::default());
    }
}
