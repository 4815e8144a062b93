//! Faults in one word of a command line: `WHEN:WHAT`, such as `5%:status=503` or `request=3:stall=0,2000`.

use super::{Fault, FaultOn, FaultRule};
use std::str::FromStr;

/// A fault that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault `{text}`: {reason}")]
pub struct FaultError {
    /// As given.
    pub text: String,
    /// Why, and what can be given.
    pub reason: String,
}

impl FaultError {
    fn new(text: &str, reason: impl Into<String>) -> Self {
        Self {
            text: text.to_owned(),
            reason: reason.into(),
        }
    }
}

const WHEN: &str =
    "before the colon stands all, every=N, request=N, from=N, or a share as rate=0.05 or 5%";

/// Every fault with its numbers, as a message names them.
const WHAT: &str = "status=CODE[,RETRY_AFTER] error_event=TOKENS error_field=TOKENS finish=REASON reset=TOKENS reset_at_byte=BYTES \
    close_early=TOKENS cut_body=TOKENS stall=TOKENS,MS drip=BYTES,MS split=BYTES merge=EVENTS \
    garbage=TOKENS missing_done empty_output not_streamed crlf cr bom no_space comments \
    usage=TOKENS late=MS buffered endless_line=BYTES";

impl FromStr for FaultRule {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (when, what) = text
            .split_once(':')
            .ok_or_else(|| FaultError::new(text, format!("give WHEN:WHAT; {WHEN}")))?;
        let on = when_of(when.trim()).ok_or_else(|| FaultError::new(text, WHEN))?;
        if let Some(reason) = what.trim().strip_prefix("finish=") {
            let reason = reason.trim().to_owned();
            return Ok(Self {
                on,
                fault: Fault::Finish { reason },
            });
        }
        let (name, numbers) = match what.trim().split_once('=') {
            None => (what.trim(), Vec::new()),
            Some((name, given)) => {
                let numbers = given.split(',').map(|number| number.trim().parse());
                let numbers: Result<Vec<u64>, _> = numbers.collect();
                let numbers = numbers
                    .map_err(|_| FaultError::new(text, format!("`{given}` is no number")))?;
                (name.trim(), numbers)
            }
        };
        let fault = fault_of(name, &numbers).ok_or_else(|| {
            FaultError::new(text, format!("after the colon stands one of: {WHAT}"))
        })?;
        Ok(Self { on, fault })
    }
}

fn when_of(text: &str) -> Option<FaultOn> {
    if text == "all" {
        return Some(FaultOn::All);
    }
    if let Some(percent) = text.strip_suffix('%') {
        return share_of(percent.parse::<f64>().ok()? / 100.0);
    }
    let (name, value) = text.split_once('=')?;
    match name {
        "every" => value.parse().ok().filter(|n| *n > 0).map(FaultOn::Every),
        "request" => value.parse().ok().map(FaultOn::Request),
        "from" => value.parse().ok().map(FaultOn::From),
        "rate" => share_of(value.parse().ok()?),
        _ => None,
    }
}

fn share_of(share: f64) -> Option<FaultOn> {
    (0.0..=1.0).contains(&share).then_some(FaultOn::Rate(share))
}

fn fault_of(name: &str, numbers: &[u64]) -> Option<Fault> {
    let first = numbers.first().and_then(|n| usize::try_from(*n).ok());
    let second = numbers.get(1).copied();
    let one = numbers.len() == 1;
    Some(match name {
        "status" if !numbers.is_empty() => Fault::Status {
            code: u16::try_from(numbers[0])
                .ok()
                .filter(|code| (100..1000).contains(code))?,
            body: None,
            retry_after: second,
        },
        "error_event" if one => Fault::ErrorEvent {
            after_tokens: first?,
            message: "made to fail".to_owned(),
        },
        "failed_event" if one => Fault::FailedEvent {
            after_tokens: first?,
            message: "made to fail".to_owned(),
        },
        "error_field" if one => Fault::ErrorField {
            after_tokens: first?,
        },
        "reset" if one => Fault::Reset {
            after_tokens: first?,
        },
        "reset_at_byte" if one => Fault::ResetAtByte { byte: first? },
        "close_early" if one => Fault::CloseEarly {
            after_tokens: first?,
        },
        "cut_body" if one => Fault::CutBody {
            after_tokens: first?,
        },
        "stall" => Fault::Stall {
            after_tokens: first?,
            ms: second?,
        },
        "drip" => Fault::Drip {
            bytes: first?.max(1),
            ms: second?,
        },
        "split" if one => Fault::Split {
            bytes: first?.max(1),
        },
        "merge" if one => Fault::Merge {
            events: first?.max(1),
        },
        "garbage" if one => Fault::GarbageEvent {
            after_tokens: first?,
        },
        "usage" if one => Fault::UsageMismatch {
            completion_tokens: numbers[0],
        },
        "late" if one => Fault::Late { ms: numbers[0] },
        "endless_line" if one => Fault::EndlessLine { bytes: first? },
        "missing_done" => Fault::MissingDone,
        "empty_output" => Fault::EmptyOutput,
        "not_streamed" => Fault::NotStreamed,
        "crlf" => Fault::Crlf,
        "cr" => Fault::Cr,
        "bom" => Fault::Bom,
        "no_space" => Fault::NoSpace,
        "comments" => Fault::Comments,
        "buffered" => Fault::Buffered,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_from_a_word() {
        let read = |text: &str| text.parse::<FaultRule>().unwrap();
        assert_eq!(read("5%:status=429,7").on, FaultOn::Rate(0.05));
        assert_eq!(
            read("every=10:stall=0,2000").fault,
            Fault::Stall {
                after_tokens: 0,
                ms: 2000
            }
        );
        assert_eq!(read("request=3:reset_at_byte=100").on, FaultOn::Request(3));
        assert_eq!(read("from=2:cr").fault, Fault::Cr);
        for name in WHAT.split_whitespace() {
            let numbers = name.replace("CODE[,RETRY_AFTER]", "503");
            let numbers = numbers.replace(|c: char| c.is_ascii_uppercase(), "");
            let name = match numbers.trim_end_matches(',') {
                plain if !plain.ends_with('=') => plain.to_owned(),
                named => format!("{named}1,1"),
            };
            let read = |word: &str| format!("all:{word}").parse::<FaultRule>();
            assert!(
                read(&name).is_ok() || read(name.trim_end_matches(",1")).is_ok(),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_no_fault_says_what_can_be_given() {
        for (text, word) in [
            ("status=503", "WHEN:WHAT"),
            ("often:status=503", "every=N"),
            ("150%:crlf", "every=N"),
            ("all:explode", "stall=TOKENS,MS"),
            ("all:stall=3", "stall=TOKENS,MS"),
            ("all:status=x", "no number"),
            ("every=0:crlf", "every=N"),
        ] {
            let error = text.parse::<FaultRule>().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
