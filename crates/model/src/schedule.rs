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
    /// `M`: blocks of requests that repeat the bytes of the epoch, and blocks of the same requests
    /// behind one fresh value, drawn by a coin.
    Mixed,
    /// `N`: a fresh value for every request, so that nothing can be reused, not even what requests
    /// of one round share.
    NoReuse,
    /// After the schedule: the same with only a share of each prompt kept (`--shared-prefix`).
    Partial,
}

impl RoundKind {
    /// All kinds, in the order in which a schedule may have them.
    pub const ALL: [Self; 6] = [
        Self::Cold,
        Self::Warm,
        Self::External,
        Self::Mixed,
        Self::NoReuse,
        Self::Partial,
    ];

    /// The letter in a schedule.
    pub fn letter(self) -> char {
        match self {
            Self::Cold => 'C',
            Self::Warm => 'W',
            Self::External => 'E',
            Self::Mixed => 'M',
            Self::NoReuse => 'N',
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

    /// It sends text of its own that must meet no cache: a fresh value must be proven to separate.
    pub fn needs_fresh_text(self) -> bool {
        matches!(self, Self::Mixed | Self::NoReuse)
    }

    /// It sends the bytes of a cold round that stands before it.
    pub fn repeats_cold(self) -> bool {
        !matches!(self, Self::Cold | Self::NoReuse)
    }

    /// The stable name, as in the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
            Self::External => "external",
            Self::Mixed => "mixed",
            Self::NoReuse => "no_reuse",
            Self::Partial => "partial",
        }
    }
}

/// One round of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundSpec {
    /// 1-based number of the round within its level.
    pub number: u32,
    /// 0-based epoch: how many `C` stand before or at this round, minus one; `None` of a round whose
    /// requests have nothing in common with any other.
    pub epoch: Option<u32>,
    /// What it starts from.
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
    /// It does not begin with `C` or `N`, is empty or holds another letter.
    #[error(
        "schedule `{0}` must begin with C or N and hold only C (cold), W (warm), E (outer cache tiers only), M (mixed) and N (no reuse), e.g. CW, CWC, CWE, CWM or NCW"
    )]
    Invalid(String),
    /// A letter repeats what no cold round before it has sent.
    #[error(
        "schedule `{schedule}`: {letter} repeats the bytes of a cold round, so a C must stand before it"
    )]
    NothingToRepeat {
        /// The schedule.
        schedule: String,
        /// The first such letter.
        letter: char,
    },
}

impl Schedule {
    /// The rounds in order, with numbers and epochs.
    pub fn rounds(&self) -> Vec<RoundSpec> {
        let mut epoch = None;
        let mut rounds = Vec::with_capacity(self.0.len());
        for (number, kind) in (1..).zip(&self.0) {
            if *kind == RoundKind::Cold {
                epoch = Some(epoch.map_or(0, |epoch| epoch + 1));
            }
            rounds.push(RoundSpec {
                number,
                epoch: if *kind == RoundKind::NoReuse {
                    None
                } else {
                    epoch
                },
                kind: *kind,
                kept_percent: None,
            });
        }
        rounds
    }

    /// One cold round.
    pub fn cold_alone() -> Self {
        Self(vec![RoundKind::Cold])
    }

    /// It has a round of this kind.
    pub fn has(&self, kind: RoundKind) -> bool {
        self.0.contains(&kind)
    }

    /// It has a pair to make: a round whose requests are held against a cold round's.
    pub fn has_pair(&self) -> bool {
        self.has(RoundKind::Warm)
            || self.has(RoundKind::Mixed)
            || (self.has(RoundKind::NoReuse) && self.has(RoundKind::Cold))
    }

    /// The same, followed by a partial round for each share. The largest share goes first: a cache
    /// that keeps one copy of a prompt then still holds what the next one keeps.
    pub fn rounds_with(&self, shares: &[u32]) -> Vec<RoundSpec> {
        let mut rounds = self.rounds();
        let epoch = rounds.iter().rev().find_map(|round| round.epoch);
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
        let kinds = kinds.ok_or_else(|| ScheduleError::Invalid(text.to_owned()))?;
        let starts = [Some(&RoundKind::Cold), Some(&RoundKind::NoReuse)];
        if !starts.contains(&kinds.first()) {
            return Err(ScheduleError::Invalid(text.to_owned()));
        }
        let mut before_cold = kinds.iter().take_while(|kind| **kind != RoundKind::Cold);
        match before_cold.find(|kind| kind.repeats_cold()) {
            Some(kind) => Err(ScheduleError::NothingToRepeat {
                schedule: text.to_owned(),
                letter: kind.letter(),
            }),
            None => Ok(Self(kinds)),
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
        let rounds = "NCWWNCWM".parse::<Schedule>().unwrap().rounds();
        let epochs: Vec<Option<u32>> = rounds.iter().map(|r| r.epoch).collect();
        let (first, second) = (Some(0), Some(1));
        assert_eq!(
            epochs,
            [None, first, first, first, None, second, second, second]
        );
        assert_eq!(rounds[5].number, 6);
        assert_eq!(rounds[5].kind, RoundKind::Cold);
    }

    #[test]
    fn partial_rounds_come_last_and_the_largest_share_first() {
        let schedule: Schedule = "CWC".parse().unwrap();
        let rounds = schedule.rounds_with(&[0, 50, 100, 50]);
        let told: Vec<_> = rounds[3..]
            .iter()
            .map(|round| (round.number, round.epoch, round.kept_percent))
            .collect();
        let epoch = Some(1);
        assert_eq!(
            told,
            [
                (4, epoch, Some(100)),
                (5, epoch, Some(50)),
                (6, epoch, Some(0))
            ]
        );
        assert_eq!(schedule.rounds_with(&[]), schedule.rounds());
        let behind: Schedule = "CN".parse().unwrap();
        assert_eq!(behind.rounds_with(&[50])[2].epoch, Some(0));
    }

    #[test]
    fn a_schedule_begins_with_a_round_that_repeats_nothing() {
        for bad in ["", "W", "WC", "CX", "C W", "EC", "CP", "Cç", "M", "MC"] {
            assert!(bad.parse::<Schedule>().is_err(), "{bad}");
        }
        for bad in ["NW", "NNMC", "NEC"] {
            let error = bad.parse::<Schedule>().unwrap_err();
            assert!(
                matches!(error, ScheduleError::NothingToRepeat { .. }),
                "{bad}"
            );
        }
        for good in ["N", "NC", "CN", "NCW", "CM", "CWMM", "CWNM"] {
            assert!(good.parse::<Schedule>().is_ok(), "{good}");
        }
        assert_eq!("cw".parse::<Schedule>().unwrap(), Schedule::default());
    }

    #[test]
    fn what_has_a_pair_to_make() {
        for (schedule, pair) in [
            ("CW", true),
            ("CM", true),
            ("NC", true),
            ("C", false),
            ("N", false),
        ] {
            assert_eq!(
                schedule.parse::<Schedule>().unwrap().has_pair(),
                pair,
                "{schedule}"
            );
        }
    }
}
