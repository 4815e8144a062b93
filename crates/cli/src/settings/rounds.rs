//! The rounds of each level, and what may not stand beside them.

use super::usage;
use crate::{
    args::{Budget, RunArgs, words::UntilWord},
    exit::Usage,
};
use dualround_model::{ColdPolicy, RoundKind, Schedule, UntilPlan};

/// The rounds of every level.
pub(super) struct RoundSettings {
    pub(super) schedule: Schedule,
    pub(super) shared_prefix: Vec<u32>,
    pub(super) until: Option<UntilPlan>,
}

/// Resolves the rounds under a cold policy.
///
/// # Errors
/// [`Usage`] naming the setting, and the one that it cannot stand beside.
pub(super) fn resolve(args: &RunArgs, policy: ColdPolicy) -> Result<RoundSettings, Usage> {
    let schedule = args.rounds.as_deref().unwrap_or("CW").parse();
    let schedule: Schedule = schedule.map_err(|error| usage(format!("--rounds: {error}")))?;
    let settings = RoundSettings {
        shared_prefix: shared_prefix(args)?,
        until: until(args)?,
        schedule,
    };
    settings.refuse_contradictions(args, policy)?;
    Ok(settings)
}

impl RoundSettings {
    fn refuse_contradictions(&self, args: &RunArgs, policy: ColdPolicy) -> Result<(), Usage> {
        let rounds = &self.schedule;
        let fresh = rounds.rounds().into_iter().map(|round| round.kind);
        let fresh = fresh.filter(|kind| kind.needs_fresh_text());
        if let (ColdPolicy::Reset | ColdPolicy::None, Some(kind)) =
            (policy, fresh.min_by_key(|kind| kind.letter()))
        {
            let (letter, policy) = (kind.letter(), policy.name());
            return Err(usage(format!(
                "--rounds {rounds}: {letter} puts fresh text before prompts, which --cold {policy} rules out: leave {letter} out, or use --cold auto"
            )));
        }
        if rounds.has(RoundKind::Mixed) && args.shuffle_round2 == Some(true) {
            return Err(usage(format!(
                "--rounds {rounds}: M orders its requests itself, so --shuffle-round2 cannot stand beside it"
            )));
        }
        if self.until.is_none() {
            return Ok(());
        }
        if policy == ColdPolicy::None {
            return Err(usage(
                "--until decided repeats a cold round, which --cold none makes warm by the second one: use another --cold",
            ));
        }
        if *rounds != Schedule::default() {
            return Err(usage(format!(
                "--until decided repeats CW until it is sure, so --rounds {rounds} cannot stand beside it"
            )));
        }
        if !self.shared_prefix.is_empty() {
            return Err(usage(
                "--until decided repeats CW until it is sure, so --shared-prefix cannot stand beside it",
            ));
        }
        Ok(())
    }
}

fn until(args: &RunArgs) -> Result<Option<UntilPlan>, Usage> {
    let time = args.budget.and_then(Budget::as_ms);
    match (args.until.map(UntilWord::means), time) {
        (None, None) => Ok(None),
        (Some(()), Some(budget_ms)) => Ok(Some(UntilPlan { budget_ms })),
        (Some(()), None) => Err(usage(
            "--until decided needs a time to stop at: give --budget, e.g. --budget 10m",
        )),
        (None, Some(_)) => Err(usage(
            "--budget with a time bounds a run that goes on until it is sure: give --until decided with it, or --duration to bound a round (tokens, such as --budget 2Mtok, bound any run)",
        )),
    }
}

fn shared_prefix(args: &RunArgs) -> Result<Vec<u32>, Usage> {
    let shares = args.shared_prefix.clone().unwrap_or_default();
    match shares.iter().find(|share| **share > 100) {
        Some(share) => Err(usage(format!(
            "--shared-prefix {share}: give 0 to 100 percent"
        ))),
        None => Ok(shares),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        args::words::ColdWord,
        settings::{resolve, tests::given},
    };

    fn refused(args: RunArgs, words: &[&str]) {
        let said = resolve(args).unwrap_err().to_string();
        for word in words {
            assert!(said.contains(word), "{said}");
        }
    }

    fn rounds(text: &str) -> RunArgs {
        RunArgs {
            rounds: Some(text.to_owned()),
            ..given()
        }
    }

    #[test]
    fn fresh_text_needs_a_policy_that_may_put_it_there() {
        for cold in [ColdWord::None, ColdWord::Reset] {
            for letters in ["CWM", "NC"] {
                let args = RunArgs {
                    cold: Some(cold),
                    ..rounds(letters)
                };
                refused(args, &["--rounds", letters, "--cold"]);
            }
        }
        assert!(resolve(rounds("NCWM")).is_ok());
    }

    #[test]
    fn a_mixed_round_is_not_shuffled() {
        let args = RunArgs {
            shuffle_round2: Some(true),
            ..rounds("CWM")
        };
        refused(args, &["--shuffle-round2", "CWM"]);
    }

    #[test]
    fn until_and_budget_stand_together_and_beside_cw_alone() {
        let both = RunArgs {
            until: Some(UntilWord::Decided),
            budget: Some("10m".parse().unwrap()),
            ..given()
        };
        let plan = resolve(both.clone()).unwrap().plan;
        assert_eq!(plan.until.map(|until| until.budget_ms), Some(600_000));
        refused(
            RunArgs {
                budget: None,
                ..both.clone()
            },
            &["--until", "--budget"],
        );
        refused(
            RunArgs {
                until: None,
                ..both.clone()
            },
            &["--budget", "--until"],
        );
        for letters in ["CWE", "CWM", "NCW", "CWC"] {
            let args = RunArgs {
                rounds: Some(letters.to_owned()),
                ..both.clone()
            };
            refused(args, &["--until", letters]);
        }
        let warm = RunArgs {
            cold: Some(ColdWord::None),
            ..both.clone()
        };
        refused(warm, &["--until", "--cold none"]);
        let shares = RunArgs {
            shared_prefix: Some(vec![50]),
            ..both
        };
        refused(shares, &["--until", "--shared-prefix"]);
    }
}
