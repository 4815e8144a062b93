//! The settings of sessions: conversations whose turns are all asked.

use super::usage;
use crate::{
    args::{
        GivenThinkTime, RunArgs,
        words::{AnswersWord, TurnsWord},
    },
    exit::Usage,
};
use dualround_model::{SessionPlan, Turns};

/// How sessions are played; `None` where rows are asked one by one.
///
/// # Errors
/// [`Usage`] naming the setting, and the one that it cannot stand beside.
pub(super) fn resolve(args: &RunArgs) -> Result<Option<SessionPlan>, Usage> {
    let turns = args.turns.map(TurnsWord::means).unwrap_or_default();
    if turns == Turns::First {
        return refuse_without_sessions(args).map(|()| None);
    }
    refuse_beside_sessions(args)?;
    refuse_mixed_at_a_rate(args)?;
    let of_default = SessionPlan::default();
    Ok(Some(SessionPlan {
        turns,
        answers: args.answers.map(AnswersWord::means).unwrap_or_default(),
        think_time: args
            .think_time
            .map_or(of_default.think_time, GivenThinkTime::means),
        gap_cap_ns: match args.gap_cap {
            None => of_default.gap_cap_ns,
            Some(seconds) => gap_cap_ns(seconds)?,
        },
    }))
}

fn gap_cap_ns(seconds: f64) -> Result<u64, Usage> {
    let time = std::time::Duration::try_from_secs_f64(seconds).ok();
    let ns = time.and_then(|time| u64::try_from(time.as_nanos()).ok());
    ns.filter(|ns| *ns > 0)
        .ok_or_else(|| usage(format!("--gap-cap {seconds}: give seconds, above 0")))
}

/// The header of a session, where one was asked for.
///
/// # Errors
/// [`Usage`] for a name that is none, or that another setting has taken.
pub(super) fn header(args: &RunArgs) -> Result<Option<String>, Usage> {
    let Some(name) = &args.session_header else {
        return Ok(None);
    };
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(usage(format!(
            "--session-header {name}: give the name of a header, such as x-session-id"
        )));
    }
    let own = [
        "host",
        "content-length",
        "content-type",
        "authorization",
        "transfer-encoding",
    ];
    if own.iter().any(|own| name.eq_ignore_ascii_case(own)) {
        return Err(usage(format!(
            "--session-header {name}: that header has a meaning of its own; give another"
        )));
    }
    Ok(Some(name.clone()))
}

fn refuse_without_sessions(args: &RunArgs) -> Result<(), Usage> {
    let given = [
        (args.answers.is_some(), "--answers"),
        (args.think_time.is_some(), "--think-time"),
        (args.session_header.is_some(), "--session-header"),
    ];
    match given.into_iter().find(|(is_given, _)| *is_given) {
        Some((_, flag)) => Err(usage(format!("{flag} needs --turns all"))),
        None => Ok(()),
    }
}

/// Blocks of a mixed round are of whole sessions, and how long those last at a rate is the server's.
fn refuse_mixed_at_a_rate(args: &RunArgs) -> Result<(), Usage> {
    let is_mixed = args
        .rounds
        .as_deref()
        .is_some_and(|rounds| rounds.contains(['M', 'm']));
    let open = [
        (args.request_rate.is_some(), "--request-rate"),
        (args.replay == Some(true), "--replay"),
    ];
    match open.into_iter().find(|(is_given, _)| *is_given) {
        Some((_, flag)) if is_mixed => Err(usage(format!(
            "{flag} with M does not go with --turns all: use --concurrency for mixed rounds of sessions"
        ))),
        _ => Ok(()),
    }
}

fn refuse_beside_sessions(args: &RunArgs) -> Result<(), Usage> {
    let cuts = "would break off what its turns have in common";
    let draws = "draws single rows, not sessions";
    let given = [
        (args.max_input_length.is_some(), "--max-input-length", cuts),
        (
            args.prompt_token_ids == Some(true),
            "--prompt-token-ids",
            "takes one text a row",
        ),
        (args.shared_prefix.is_some(), "--shared-prefix", cuts),
        (args.oversample == Some(true), "--oversample", draws),
        (args.weight_key.is_some(), "--weight-key", draws),
        (
            args.shuffle_round2 == Some(true),
            "--shuffle-round2",
            "has no meaning where turns follow one another",
        ),
    ];
    match given.into_iter().find(|(is_given, ..)| *is_given) {
        Some((_, flag, why)) => Err(usage(format!(
            "{flag} does not go with --turns all: it {why}"
        ))),
        None => Ok(()),
    }
}
