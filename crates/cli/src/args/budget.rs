//! `--budget`: how long a run may take, as `10m`, `1h 30m` or a number of seconds.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr, time::Duration};

/// A time that a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget(Duration);

/// A text that is no time.
#[derive(Debug, thiserror::Error)]
#[error("give a time such as 10m, 90s or 1h30m")]
pub(crate) struct NoTime;

impl Budget {
    /// So many ms.
    pub(crate) fn of_ms(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// The time, ms.
    pub(crate) fn as_ms(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl FromStr for Budget {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        let text = text.trim();
        let time = match text.parse::<f64>() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            Err(_) => {
                let parsed = text.parse::<jiff::SignedDuration>();
                parsed.ok().and_then(|time| Duration::try_from(time).ok())
            }
        };
        let time = time.filter(|time| time.as_millis() > 0);
        time.map(Self).ok_or(NoTime)
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.as_ms();
        match (ms % 1000, ms / 1000) {
            (0, seconds) if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            (0, seconds) => write!(f, "{seconds}s"),
            _ => write!(f, "{ms}ms"),
        }
    }
}

impl Serialize for Budget {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Budget {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "give a time such as 10m, 90s or 1h30m")]
        enum Given {
            Seconds(f64),
            Text(String),
        }
        let text = match Given::deserialize(from)? {
            Given::Seconds(seconds) => seconds.to_string(),
            Given::Text(text) => text,
        };
        let budget = text.parse::<Self>();
        budget.map_err(|error| D::Error::custom(format!("`{text}`: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_usual_form() {
        let ms = |text: &str| text.parse::<Budget>().map(Budget::as_ms).ok();
        assert_eq!(ms("10m"), Some(600_000));
        assert_eq!(ms("1h30m"), Some(5_400_000));
        assert_eq!(ms(" 90s "), Some(90_000));
        assert_eq!(ms("90"), Some(90_000));
        assert_eq!(ms("1.5"), Some(1_500));
        for bad in [
            "",
            "0",
            "-5m",
            "ten",
            "nan",
            "inf",
            "10 parsecs",
            "0s",
            "1e400",
        ] {
            assert_eq!(ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in ["10m", "90s", "1500ms"] {
            assert_eq!(text.parse::<Budget>().unwrap().to_string(), text);
        }
    }
}
