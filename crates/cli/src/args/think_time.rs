//! `--think-time`: how long a user waits between an answer and the next turn.

use dualround_model::ThinkTime;
use std::{fmt, str::FromStr, time::Duration};

/// A wait between two turns, as given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GivenThinkTime(pub(crate) ThinkTime);

/// A text that is none.
#[derive(Debug, thiserror::Error)]
#[error("give recorded, none, or seconds of 0 or more")]
pub(crate) struct NoThinkTime;

impl GivenThinkTime {
    /// What it means.
    pub(crate) fn means(self) -> ThinkTime {
        self.0
    }
}

impl FromStr for GivenThinkTime {
    type Err = NoThinkTime;

    fn from_str(text: &str) -> Result<Self, NoThinkTime> {
        let time = match text.trim() {
            "recorded" => ThinkTime::Recorded,
            "none" => ThinkTime::Fixed(0),
            seconds => {
                let seconds: f64 = seconds.parse().map_err(|_| NoThinkTime)?;
                let time = Duration::try_from_secs_f64(seconds).map_err(|_| NoThinkTime)?;
                ThinkTime::Fixed(u64::try_from(time.as_nanos()).map_err(|_| NoThinkTime)?)
            }
        };
        Ok(Self(time))
    }
}

impl fmt::Display for GivenThinkTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ThinkTime::Recorded => f.write_str("recorded"),
            ThinkTime::Fixed(0) => f.write_str("none"),
            ThinkTime::Fixed(ns) => Duration::from_nanos(ns).as_secs_f64().fmt(f),
        }
    }
}

given_as_text!(
    GivenThinkTime,
    "give recorded, none, or seconds of 0 or more"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_recorded_none_or_seconds_and_written_as_it_is_read() {
        for (text, time) in [
            ("recorded", ThinkTime::Recorded),
            ("none", ThinkTime::Fixed(0)),
            ("0.25", ThinkTime::Fixed(250_000_000)),
            ("3", ThinkTime::Fixed(3_000_000_000)),
        ] {
            let given: GivenThinkTime = text.parse().unwrap();
            assert_eq!((given.means(), given.to_string()), (time, text.to_owned()));
        }
        for bad in ["", "-1", "nan", "inf", "1e30", "soon", "5s"] {
            assert!(bad.parse::<GivenThinkTime>().is_err(), "{bad}");
        }
    }
}
