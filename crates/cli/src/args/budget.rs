//! `--budget`: how long a run may take, as `10m`, `1h 30m` or a number of seconds; or how many tokens it
//! may use, as `2Mtok`.

use std::{fmt, str::FromStr, time::Duration};

/// What a run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    /// A time, ms.
    Time(u64),
    /// Tokens, of prompts and answers.
    Tokens(u64),
}

/// A text that is no budget.
#[derive(Debug, thiserror::Error)]
#[error("give a time such as 10m, 90s or 1h30m, or tokens such as 2Mtok or 500ktok")]
pub(crate) struct NoBudget;

impl Budget {
    /// So many ms.
    pub(crate) fn of_ms(ms: u64) -> Self {
        Self::Time(ms)
    }

    /// The time, ms; `None` of tokens.
    pub(crate) fn as_ms(self) -> Option<u64> {
        match self {
            Self::Time(ms) => Some(ms),
            Self::Tokens(_) => None,
        }
    }

    /// The tokens; `None` of a time.
    pub(crate) fn as_tokens(self) -> Option<u64> {
        match self {
            Self::Time(_) => None,
            Self::Tokens(tokens) => Some(tokens),
        }
    }
}

/// Units of tokens, the longest first.
const TOKENS: [(&str, f64); 4] = [("Gtok", 1e9), ("Mtok", 1e6), ("ktok", 1e3), ("tok", 1.0)];

/// The tokens that a text says.
fn tokens(text: &str) -> Option<u64> {
    let (number, unit) = TOKENS
        .iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)))?;
    let count = number.trim().parse::<f64>().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "held against its range first"
    )]
    let whole = (count * unit) as u64;
    (1.0..1e18).contains(&(count * unit)).then_some(whole)
}

impl FromStr for Budget {
    type Err = NoBudget;

    fn from_str(text: &str) -> Result<Self, NoBudget> {
        let text = text.trim();
        if text.ends_with("tok") {
            return tokens(text).map(Self::Tokens).ok_or(NoBudget);
        }
        let time = match text.parse::<f64>() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            Err(_) => {
                let parsed = text.parse::<jiff::SignedDuration>();
                parsed.ok().and_then(|time| Duration::try_from(time).ok())
            }
        };
        let ms = time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        ms.filter(|ms| *ms > 0).map(Self::Time).ok_or(NoBudget)
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = match *self {
            Self::Time(ms) => ms,
            Self::Tokens(tokens) => return write!(f, "{tokens}tok"),
        };
        match (ms % 1000, ms / 1000) {
            (0, seconds) if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            (0, seconds) => write!(f, "{seconds}s"),
            _ => write!(f, "{ms}ms"),
        }
    }
}

given_as_text!(
    Budget,
    "give a time such as 10m, 90s or 1h30m, or tokens such as 2Mtok"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_usual_form() {
        let ms = |text: &str| text.parse::<Budget>().ok().and_then(Budget::as_ms);
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
    fn tokens_are_read_by_their_unit() {
        let of = |text: &str| text.parse::<Budget>().ok().and_then(Budget::as_tokens);
        assert_eq!(of("2Mtok"), Some(2_000_000));
        assert_eq!(of("0.5ktok"), Some(500));
        assert_eq!(of(" 7tok"), Some(7));
        for bad in [
            "tok", "0tok", "-1Mtok", "nanMtok", "2mtok", "10m", "1e30Gtok",
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in ["10m", "90s", "1500ms", "2000000tok"] {
            assert_eq!(text.parse::<Budget>().unwrap().to_string(), text);
        }
    }
}
