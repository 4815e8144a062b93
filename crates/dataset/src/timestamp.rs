//! When rows were asked: under which key a row states it, in which unit, exact to the nanosecond.
//! Units are known by the keys of a row or said by the user, never guessed from numbers.

use crate::{
    decimal::{Flaw, decimal, plain},
    quote::short,
    trace::TraceKind,
    weka,
};
use dualround_model::TimestampUnit;
use jiff::{Timestamp, civil::DateTime, tz::Offset};
use serde_json::Value;

/// A row whose time is not there, or cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// It states none.
    #[error("no `{key}`, which would say when it was asked")]
    Missing {
        /// The key of times.
        key: &'static str,
    },
    /// What stands there is no time.
    #[error("`{key}` is {value}, not {wanted}")]
    NotATime {
        /// The key of times.
        key: &'static str,
        /// What stands there, shortened.
        value: String,
        /// What would be one.
        wanted: &'static str,
    },
    /// A time before every trace.
    #[error("`{key}` is {value}: times begin at 0, dates in 1970")]
    Negative {
        /// The key of times.
        key: &'static str,
        /// What stands there, shortened.
        value: String,
    },
    /// A time after every trace.
    #[error("`{key}` is {value}: no trace goes on beyond 584 years")]
    TooLate {
        /// The key of times.
        key: &'static str,
        /// What stands there, shortened.
        value: String,
    },
    /// The times of a sub-agent begin with it, and it states none.
    #[error("its sub-agent has no usable `t`, from which its own counts")]
    NoBeginning,
    /// A number whose unit nothing tells.
    #[error("the unit of `{key}` is not known: say whether it is seconds or milliseconds")]
    UnknownUnit {
        /// The key of times.
        key: &'static str,
    },
    /// The unit that was said is not that of the format.
    #[error("`{key}` of this {format} is {known}, not {}", TimeForm::Number(*given).words())]
    OtherUnit {
        /// The key of times.
        key: &'static str,
        /// The name of the format.
        format: &'static str,
        /// What times of this format are.
        known: &'static str,
        /// The unit that they were said to have.
        given: TimestampUnit,
    },
}

impl TimeError {
    /// Why the row is passed over; `None` where no row of the file would do better.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        match self {
            Self::UnknownUnit { .. } | Self::OtherUnit { .. } => None,
            Self::Missing { .. } | Self::NoBeginning => Some("no time"),
            Self::NotATime { .. } | Self::Negative { .. } | Self::TooLate { .. } => {
                Some("unreadable time")
            }
        }
    }
}

/// How times are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TimeForm {
    Number(TimestampUnit),
    DateTime,
    /// As a date-time, or as a number of a unit that the user says.
    Either(Option<TimestampUnit>),
}

impl TimeForm {
    fn words(self) -> &'static str {
        match self {
            Self::Number(TimestampUnit::Seconds) => "a number of seconds",
            Self::Number(TimestampUnit::Milliseconds) => "a number of milliseconds",
            Self::DateTime => "a date-time",
            Self::Either(_) => "a number or a date-time",
        }
    }
}

/// The time of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowTime {
    /// On the clock of its trace, ns.
    pub(crate) ns: u64,
    /// The key that states it.
    pub(crate) key: &'static str,
    /// As it stands there, shortened.
    pub(crate) stated: String,
    /// Whether all rows are on one clock, so that their times grow with the file.
    pub(crate) in_order: bool,
}

/// The unit of the times of a trace; `None` where those are date-times.
pub(crate) fn unit_of(trace: TraceKind) -> Option<TimestampUnit> {
    match trace {
        TraceKind::Mooncake => Some(TimestampUnit::Milliseconds),
        TraceKind::Bailian | TraceKind::Burstgpt | TraceKind::Weka => Some(TimestampUnit::Seconds),
        TraceKind::Azure => None,
    }
}

/// Reads the time of a row of this trace; `None`: of any other row. `unit` is what the user says.
pub(crate) fn of(
    row: &Value,
    trace: Option<TraceKind>,
    unit: Option<TimestampUnit>,
) -> Result<RowTime, TimeError> {
    let key = match trace {
        None | Some(TraceKind::Mooncake | TraceKind::Bailian) => "timestamp",
        Some(TraceKind::Burstgpt) => "Timestamp",
        Some(TraceKind::Azure) => "TIMESTAMP",
        Some(TraceKind::Weka) => "t",
    };
    let form = match trace {
        None => TimeForm::Either(unit),
        Some(trace) => unit_of(trace).map_or(TimeForm::DateTime, TimeForm::Number),
    };
    if let (Some(trace), Some(given)) = (trace, unit)
        && TimeForm::Number(given) != form
    {
        return Err(TimeError::OtherUnit {
            key,
            format: trace.name(),
            known: form.words(),
            given,
        });
    }
    let value = row.get(key).filter(|value| !value.is_null());
    let value = value.ok_or(TimeError::Missing { key })?;
    let ns = read(key, value, form)?;
    let ns = match row.get(weka::SINCE) {
        None => ns,
        Some(since) => {
            let since = since.as_u64().ok_or(TimeError::NoBeginning)?;
            let sum = since.checked_add(ns);
            sum.ok_or_else(|| Flaw::TooLate.at(key, value, form))?
        }
    };
    Ok(RowTime {
        ns,
        key,
        stated: short(value),
        in_order: trace != Some(TraceKind::Weka),
    })
}

fn read(key: &'static str, value: &Value, form: TimeForm) -> Result<u64, TimeError> {
    let text = plain(value).ok_or_else(|| Flaw::NotATime.at(key, value, form))?;
    let read = match form {
        TimeForm::DateTime => date_time(&text),
        TimeForm::Either(_) if decimal(&text, 0) == Err(Flaw::NotATime) => date_time(&text),
        TimeForm::Either(None) => return Err(TimeError::UnknownUnit { key }),
        TimeForm::Number(unit) | TimeForm::Either(Some(unit)) => match unit {
            TimestampUnit::Seconds => decimal(&text, 9),
            TimestampUnit::Milliseconds => decimal(&text, 6),
        },
    };
    read.map_err(|flaw| flaw.at(key, value, form))
}

impl Flaw {
    fn at(self, key: &'static str, value: &Value, form: TimeForm) -> TimeError {
        let value = short(value);
        match self {
            Self::NotATime => TimeError::NotATime {
                key,
                value,
                wanted: form.words(),
            },
            Self::Negative => TimeError::Negative { key, value },
            Self::TooLate => TimeError::TooLate { key, value },
        }
    }
}

/// A date-time as ns since 1970, with `T` or a space in it; UTC where it states no offset. Digits
/// beyond the ninth are cut.
fn date_time(text: &str) -> Result<u64, Flaw> {
    let (second, fraction, zone) = parts(text);
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Flaw::NotATime);
    }
    let zone = if zone == "UTC" { "Z" } else { zone };
    let whole = instant(&[second, zone].concat()).ok_or(Flaw::NotATime)?;
    let fraction = decimal(&format!("0.{fraction}"), 9)?;
    let ns = i128::from(whole.as_second()) * 1_000_000_000 + i128::from(fraction);
    if ns < 0 {
        return Err(Flaw::Negative);
    }
    u64::try_from(ns).map_err(|_| Flaw::TooLate)
}

/// A date-time up to its seconds, the digits of its fraction, and the zone where that stands apart.
fn parts(text: &str) -> (&str, &str, &str) {
    if let Some((second, rest)) = text.split_once('.') {
        let end = rest.find(|c: char| !c.is_ascii_digit());
        let (fraction, zone) = rest.split_at(end.unwrap_or(rest.len()));
        return (second, fraction, zone.trim_start());
    }
    match text.rsplit_once(' ') {
        Some((second, zone)) if zone.starts_with(['+', '-', 'Z', 'U']) => (second, "", zone),
        _ => (text, "", ""),
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    Offset::UTC
        .to_timestamp(text.parse::<DateTime>().ok()?)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_times_are_exact_to_the_nanosecond() {
        let second = 1_704_067_200_000_000_000;
        for (text, ns) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2024-01-01 00:00:00", second),
            ("2024-01-01T00:00:00Z", second),
            ("2024-01-01 00:00:00 UTC", second),
            ("2024-01-01 02:00:00+02:00", second),
            ("2023-12-31 22:00:00 -02:00", second),
            ("2024-01-01 00:00:00.25", second + 250_000_000),
            ("2024-01-01 00:00:00.2501234", second + 250_123_400),
            ("2024-01-01T00:00:00.123456789Z", second + 123_456_789),
            (
                "2024-01-01 02:00:00.123456789999+02:00",
                second + 123_456_789,
            ),
            // As Parquet's columns of times are shown.
            ("2024-01-01 00:00:00.000009 +00:00", second + 9_000),
        ] {
            assert_eq!(date_time(text), Ok(ns), "{text}");
        }
        for (text, flaw) in [
            ("", Flaw::NotATime),
            ("yesterday", Flaw::NotATime),
            ("2024-13-01 00:00:00", Flaw::NotATime),
            ("2024-01-01 00:00:00.2x", Flaw::NotATime),
            ("1969-12-31T23:59:59.999Z", Flaw::Negative),
            ("2600-01-01 00:00:00", Flaw::TooLate),
        ] {
            assert_eq!(date_time(text), Err(flaw), "{text}");
        }
    }
}
