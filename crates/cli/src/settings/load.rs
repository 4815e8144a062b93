//! The load of each level: requests in flight, requests a second, or the times of the data set.

use super::usage;
use crate::{
    args::{
        RunArgs,
        words::{ArrivalWord, ProcessName, TurnsWord},
    },
    exit::Usage,
};
use dualround_model::{ArrivalRate, Arrivals, Load, Replay, Turns};
use std::ops::RangeInclusive;

/// The load of each level, in order.
///
/// # Errors
/// [`Usage`] naming the setting, and the one that it cannot stand beside.
pub(super) fn levels(args: &RunArgs, notes: &mut Vec<String>) -> Result<Vec<Load>, Usage> {
    refuse_contradictions(args)?;
    let levels = if let Some(rates) = &args.request_rate {
        let arrivals = arrivals(args)?;
        rates
            .iter()
            .map(|per_second| rate(*per_second, arrivals))
            .collect::<Result<_, _>>()?
    } else if args.replay == Some(true) {
        vec![Load::Replay(replay(args)?)]
    } else {
        concurrency(args)?
    };
    if levels.is_empty() {
        return Err(usage("--request-rate: give one rate at least"));
    }
    let mut earlier = levels.iter().enumerate();
    if earlier.any(|(at, level)| levels[..at].contains(level)) {
        notes.push("a level is given twice: its second run is kept apart as run 2".to_owned());
    }
    Ok(levels)
}

/// Most requests in flight of an open loop.
///
/// # Errors
/// [`Usage`] where there are none.
pub(super) fn max_concurrency(args: &RunArgs) -> Result<Option<u32>, Usage> {
    match args.max_concurrency {
        Some(0) => Err(usage("--max-concurrency 0: at least 1 is needed")),
        given => Ok(given),
    }
}

/// What decides when requests go, as it was given.
fn chosen(args: &RunArgs) -> Vec<&'static str> {
    let all = [
        (args.concurrency.is_some(), "--concurrency"),
        (args.request_rate.is_some(), "--request-rate"),
        (args.replay == Some(true), "--replay"),
    ];
    let given = all.into_iter().filter(|(is_given, _)| *is_given);
    given.map(|(_, flag)| flag).collect()
}

fn refuse_contradictions(args: &RunArgs) -> Result<(), Usage> {
    let chosen = chosen(args);
    if let [one, other, ..] = chosen[..] {
        return Err(usage(format!(
            "{one} and {other}: each says when requests go, so give one of them"
        )));
    }
    let of_rates = [
        (args.arrival.is_some(), "--arrival"),
        (args.burstiness.is_some(), "--burstiness"),
        (args.max_concurrency.is_some(), "--max-concurrency"),
    ];
    let asks_sessions = args.turns.map(TurnsWord::means) == Some(Turns::All);
    let of_replays = [
        (args.replay_speed.is_some(), "--replay-speed"),
        (
            !asks_sessions && args.timestamp_unit.is_some(),
            "--timestamp-unit",
        ),
    ];
    if !asks_sessions && args.gap_cap.is_some() && !chosen.contains(&"--replay") {
        return Err(usage(
            "--gap-cap needs --replay, or --turns all: it is about the times of a data set"
                .to_owned(),
        ));
    }
    for (flags, needs) in [
        (&of_rates[..], "--request-rate"),
        (&of_replays[..], "--replay"),
    ] {
        if let (Some(flag), false) = (first_given(flags), chosen.contains(&needs)) {
            return Err(usage(format!("{flag} needs {needs}")));
        }
    }
    if let (true, [open @ ("--request-rate" | "--replay")]) =
        (args.shuffle_round2 == Some(true), &chosen[..])
    {
        return Err(usage(format!(
            "{open} sends the same requests at the same instants in every round, so --shuffle-round2 cannot stand beside it"
        )));
    }
    Ok(())
}

/// The first of some flags that was given.
fn first_given(flags: &[(bool, &'static str)]) -> Option<&'static str> {
    let given = flags.iter().find(|(is_given, _)| *is_given);
    given.map(|(_, flag)| *flag)
}

fn concurrency(args: &RunArgs) -> Result<Vec<Load>, Usage> {
    let levels = args.concurrency.clone().unwrap_or_else(|| vec![1]);
    if levels.is_empty() || levels.contains(&0) {
        return Err(usage(
            "--concurrency: every level needs at least 1 request in flight",
        ));
    }
    Ok(levels.into_iter().map(Load::Concurrency).collect())
}

/// Poisson arrivals at a rate that was given.
///
/// # Errors
/// [`Usage`] for one that is none.
pub(crate) fn poisson(per_second: f64) -> Result<Load, Usage> {
    rate(per_second, Arrivals::Poisson)
}

fn rate(per_second: f64, arrivals: Arrivals) -> Result<Load, Usage> {
    Ok(Load::Rate(ArrivalRate {
        per_second: rate_in_reach("--request-rate", per_second)?,
        arrivals,
    }))
}

/// Rates that a client may be asked for: a request in some hours, to more than a machine can send.
const RATES: RangeInclusive<f64> = 0.0001..=100_000.0;

/// Holds a rate against what can be had.
///
/// # Errors
/// [`Usage`] naming the flag and the range.
pub(crate) fn rate_in_reach(flag: &str, per_second: f64) -> Result<f64, Usage> {
    let per_second = above_zero(flag, per_second, "requests a second")?;
    if RATES.contains(&per_second) {
        return Ok(per_second);
    }
    Err(usage(format!(
        "{flag} {per_second:e}: give requests a second, from {} to {}",
        RATES.start(),
        RATES.end()
    )))
}

fn arrivals(args: &RunArgs) -> Result<Arrivals, Usage> {
    let process = args
        .arrival
        .map_or(ProcessName::Poisson, ArrivalWord::means);
    match (process, args.burstiness) {
        (ProcessName::Gamma, given) => {
            let shape = above_zero("--burstiness", given.unwrap_or(1.0), "a shape")?;
            Ok(Arrivals::Gamma { shape })
        }
        (_, Some(shape)) => Err(usage(format!(
            "--burstiness {shape} is the shape of gamma arrivals: give --arrival gamma with it"
        ))),
        (ProcessName::Poisson, None) => Ok(Arrivals::Poisson),
        (ProcessName::Constant, None) => Ok(Arrivals::Constant),
    }
}

fn replay(args: &RunArgs) -> Result<Replay, Usage> {
    let speed = args.replay_speed.unwrap_or(1.0);
    Ok(Replay {
        speed: above_zero("--replay-speed", speed, "how many times as fast")?,
        gap_cap_s: match args.gap_cap {
            Some(cap) => Some(above_zero("--gap-cap", cap, "seconds")?),
            None => None,
        },
    })
}

fn above_zero(flag: &str, given: f64, what: &str) -> Result<f64, Usage> {
    if given.is_finite() && given > 0.0 {
        return Ok(given);
    }
    Err(usage(format!("{flag} {given}: give {what}, above 0")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{resolve, tests::given};

    fn at_rate() -> RunArgs {
        RunArgs {
            request_rate: Some(vec![2.0, 0.5]),
            ..given()
        }
    }

    fn replayed() -> RunArgs {
        RunArgs {
            replay: Some(true),
            ..given()
        }
    }

    #[test]
    fn rates_arrive_by_the_process_that_was_asked_for() {
        let of = |args: RunArgs| resolve(args).unwrap().plan;
        let plan = of(RunArgs {
            max_concurrency: Some(64),
            ..at_rate()
        });
        let load = |per_second, arrivals| {
            Load::Rate(ArrivalRate {
                per_second,
                arrivals,
            })
        };
        let poisson = Arrivals::Poisson;
        assert_eq!(plan.levels, [load(2.0, poisson), load(0.5, poisson)]);
        assert_eq!(plan.max_concurrency, Some(64));
        let gamma = of(RunArgs {
            arrival: Some(ArrivalWord::Gamma),
            burstiness: Some(0.5),
            ..at_rate()
        });
        assert_eq!(gamma.levels[0], load(2.0, Arrivals::Gamma { shape: 0.5 }));
        let slower = of(RunArgs {
            replay_speed: Some(0.5),
            gap_cap: Some(30.0),
            ..replayed()
        });
        let replay = Replay {
            speed: 0.5,
            gap_cap_s: Some(30.0),
        };
        assert_eq!(slower.levels, [Load::Replay(replay)]);
        assert!(slower.dataset.replay);
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        let refused = |args: RunArgs, words: &[&str]| {
            let said = resolve(args).unwrap_err().to_string();
            assert!(words.iter().all(|word| said.contains(word)), "{said}");
        };
        let both = RunArgs {
            concurrency: Some(vec![1]),
            ..at_rate()
        };
        refused(both, &["--concurrency", "--request-rate"]);
        let both = RunArgs {
            replay: Some(true),
            ..at_rate()
        };
        refused(both, &["--request-rate", "--replay"]);
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let args = RunArgs {
                request_rate: Some(vec![bad]),
                ..given()
            };
            refused(args, &["--request-rate", "above 0"]);
            let args = RunArgs {
                replay_speed: Some(bad),
                ..replayed()
            };
            refused(args, &["--replay-speed", "above 0"]);
        }
        for args in [
            RunArgs {
                arrival: Some(ArrivalWord::Constant),
                ..given()
            },
            RunArgs {
                max_concurrency: Some(2),
                ..replayed()
            },
        ] {
            refused(args, &["needs --request-rate"]);
        }
        let args = RunArgs {
            gap_cap: Some(2.0),
            ..at_rate()
        };
        refused(args, &["--gap-cap", "needs --replay"]);
        let args = RunArgs {
            burstiness: Some(2.0),
            ..at_rate()
        };
        refused(args, &["--burstiness", "--arrival gamma"]);
        for open in [at_rate(), replayed()] {
            let args = RunArgs {
                shuffle_round2: Some(true),
                ..open
            };
            refused(args, &["--shuffle-round2"]);
        }
    }
}
