//! What comes before the first round: what cannot end well is refused before anything is sent.

use super::{ExperimentRequest, dataset_warnings::dataset_warnings, resume};
use crate::{
    commands::{resume::Resumed, saved},
    exit::Usage,
    gate::Gate,
    gate_schema::Levels,
    prices,
    redacted::{redacted_engines, redacted_plan},
    replay_words::replay_words,
    screen::note,
};
use dualround_loadgen::{Cancel, Clock, Session, parse_rfc3339, rfc3339, sendable};
use dualround_model::{
    CanaryReport, ControlEffect, LevelComparison, RoundResult, Selection, StoreText, Warning,
};
use dualround_report::{
    FolderLock, PinnedAnswer, RunFiles, RunInfo, control_text, sessions_text, warning_text,
};
use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

/// A session whose server was found.
pub(super) struct Connected {
    pub(super) session: Session,
    pub(super) canary: Option<CanaryReport>,
    /// What is to be said of the samples.
    pub(super) dataset_warnings: Vec<Warning>,
    /// What is to be said of the asked metrics.
    metric_warnings: Vec<Warning>,
}

/// The folder of a run, with what an earlier run left in it.
pub(super) struct RunFolder {
    pub(super) files: RunFiles,
    pub(super) rounds: Vec<RoundResult>,
    pub(super) levels: Vec<LevelComparison>,
    /// The run that goes on.
    earlier: Option<RunInfo>,
}

/// Refuses gates that no comparison can hold, and a folder that cannot be written or is another
/// run's. Returns the lock of the folder,
/// where the system has locks.
///
/// # Errors
/// What is wrong with them.
pub(super) fn check(request: &ExperimentRequest<'_>) -> anyhow::Result<Option<FolderLock>> {
    let plan = &request.plan;
    for text in &plan.cold.fail_if {
        Gate::parse(text)?.fits(Levels::Run)?;
    }
    let dir = &plan.output.dir;
    if request.resume {
        saved::must_hold_run(dir)?;
    }
    let may_replace = plan.output.overwrite || request.resume;
    RunFiles::check(dir, may_replace, request.default_dir)?;
    Ok(FolderLock::take(dir)?)
}

/// Reads the run that is to go on; `None` where a new one begins.
///
/// # Errors
/// When there is no such run, or it had other settings.
pub(super) fn resumed(request: &ExperimentRequest<'_>) -> anyhow::Result<Option<Resumed>> {
    if !request.resume {
        return Ok(None);
    }
    let plan = &request.plan;
    refuse_lost_answers(request)?;
    let resumed = resume::read(&plan.output.dir, plan, &request.selection)?;
    let (kept, all) = (resumed.levels.len(), plan.levels.len());
    if kept < all {
        let begun = resumed
            .rounds
            .iter()
            .filter(|round| round.meta.level as usize == kept);
        let cycles = begun.count() / 2;
        note(&if cycles > 0 {
            format!("{kept} of {all} levels are kept, and {cycles} whole cycles of the next one")
        } else {
            format!("{kept} of {all} levels are kept")
        });
    }
    Ok(Some(resumed))
}

/// Refuses to go on with a run whose answers were pinned and not kept.
fn refuse_lost_answers(request: &ExperimentRequest<'_>) -> Result<(), Usage> {
    let sessions = request.selection.sessions;
    let is_pinned = sessions.is_some_and(|facts| facts.pinned_turns > 0);
    if is_pinned && request.plan.output.store_text == StoreText::None {
        return Err(Usage(
            "--resume: the answers that later turns build on were not kept (--store-text none), so the run cannot go on: begin it anew"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Refuses to go on where an answer is gone on which turns of the rounds that are kept were built.
fn refuse_missing(
    resumed: &Resumed,
    selection: &Selection,
    answers: &[PinnedAnswer],
) -> anyhow::Result<()> {
    let pinned: HashSet<(u32, u32)> = answers
        .iter()
        .map(|answer| (answer.turn.session, answer.turn.turn))
        .collect();
    for round in &resumed.rounds {
        for (index, _) in round.requests.successes() {
            let samples = selection.of_level(round.meta.level as usize);
            let history = samples
                .get(index as usize)
                .and_then(|sample| sample.history());
            let Some((_, history)) = history.filter(|(_, history)| history.pinned) else {
                continue;
            };
            let before = history.before.turn.as_deref();
            let Some(before) = before.filter(|turn| !pinned.contains(&(turn.session, turn.turn)))
            else {
                continue;
            };
            let (turn, name) = (before.turn, &before.name);
            return Err(Usage(format!(
                "--resume: answers.jsonl lacks the answer to turn {turn} of session {name}, on which the rounds that are kept build, so the run cannot go on: begin it anew"
            ))
            .into());
        }
    }
    Ok(())
}

/// Opens a session, finds the server and what is asked of it, and says what is to be said before
/// the first round.
///
/// # Errors
/// When the server or what the plan asks of it cannot be had.
pub(super) fn connect(
    request: &ExperimentRequest<'_>,
    resumed: Option<&Resumed>,
    cancel: &Cancel,
) -> anyhow::Result<Connected> {
    let dataset_warnings = dataset_warnings(&request.plan, &request.selection);
    // The clock of the run that goes on, so that instants of both can be compared.
    let anchor = resumed.and_then(|resumed| parse_rfc3339(&resumed.info.clock_anchor));
    let clock = anchor.map_or_else(Clock::start, Clock::resumed);
    let levels = request.selection.levels.clone();
    if let Some(facts) = &request.selection.sessions {
        note(&request.plan.output.lang.pick(sessions_text(facts)));
    }
    // A row that the API cannot take is told before anything is asked of the server.
    for (level, samples) in (0..).zip(&levels) {
        sendable(&request.plan, samples)?;
        if let Some(text) = replay_words(&request.plan, level, samples)? {
            note(&text);
        }
    }
    let mut session = Session::open_with(request.plan.clone(), levels, cancel.clone(), clock)?;
    if let Some(ms) = request.wait_ready_ms
        && let Some(waited) = session.wait_ready(Duration::from_millis(ms))?
    {
        let seconds = waited.as_secs_f64();
        note(&format!("the server was ready after {seconds:.1} s"));
    }
    if let Some(resumed) = resumed {
        let answers = resumed.files.pinned_answers()?;
        refuse_missing(resumed, &request.selection, &answers)?;
        for answer in answers {
            session.pin(&answer.turn, answer.messages);
        }
        // Of a level that goes on.
        let first = resumed
            .rounds
            .iter()
            .filter(|round| round.meta.spec.number == 1);
        for round in first.filter(|round| round.requests.has_turns()) {
            let answered = round.requests.successes().map(|(index, _)| index);
            session.take_answered(round.meta.level, answered.collect());
        }
    }
    let canary = session.preflight()?;
    prices::check_model(session.plan())?;
    let metric_warnings = session.look_up_metrics()?;
    let plan = session.plan();
    for warning in dataset_warnings.iter().chain(&metric_warnings) {
        note(&warning_text(warning, plan.output.lang));
    }
    // What does not work is a caveat of the first round.
    let control = canary.as_ref().and_then(|canary| canary.control.as_ref());
    if let Some(report) = control.filter(|report| report.effect() == ControlEffect::Works) {
        note(&plan.output.lang.pick(control_text(report)));
    }
    if plan.request.key_as_bearer {
        note(plan.output.lang.pick([
            "the key is sent as `Authorization: Bearer`: the server answered 401 to `x-api-key`",
            "密钥以 `Authorization: Bearer` 发送：服务端对 `x-api-key` 返回了 401",
        ]));
    }
    if plan.request.network.insecure {
        note("warning: the server's certificate is not verified (--insecure)");
    }
    Ok(Connected {
        session,
        canary,
        dataset_warnings,
        metric_warnings,
    })
}

/// Opens the folder of the run.
///
/// # Errors
/// When it cannot be written.
pub(super) fn folder(
    request: &ExperimentRequest<'_>,
    resumed: Option<Resumed>,
) -> anyhow::Result<RunFolder> {
    if let Some(resumed) = resumed {
        return Ok(RunFolder {
            files: resumed.files,
            rounds: resumed.rounds,
            levels: resumed.levels,
            earlier: Some(resumed.info),
        });
    }
    let output = &request.plan.output;
    let (files, moved) = RunFiles::open(&output.dir, output.overwrite, request.default_dir)?;
    if let Some(moved) = moved {
        note(&format!("the earlier run was moved to {}", moved.display()));
    }
    Ok(RunFolder {
        files,
        rounds: Vec::new(),
        levels: Vec::new(),
        earlier: None,
    })
}

/// What is known of the run before its first round.
pub(super) fn run_info(
    request: &ExperimentRequest<'_>,
    connected: &Connected,
    folder: &RunFolder,
    run_id: String,
    started: SystemTime,
) -> RunInfo {
    let session = &connected.session;
    let (first, metric) = (&connected.dataset_warnings, &connected.metric_warnings);
    let mut info = RunInfo {
        run_id,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        plan: redacted_plan(session.plan()),
        dataset: request.selection.clone(),
        started_at: rfc3339(started),
        finished_at: None,
        clock_anchor: rfc3339(session.clock().anchor_wall()),
        environment: environment(),
        canary: connected.canary.clone(),
        engines: redacted_engines(session),
        reuse: None,
        plan_digest: resume::digest(session.plan()),
        resumed_at: Vec::new(),
        warnings: first.iter().chain(metric).cloned().collect(),
        interrupted: false,
        exit_code: None,
    };
    if let Some(earlier) = &folder.earlier {
        info.resumed_at.clone_from(&earlier.resumed_at);
        info.resumed_at.push(info.started_at.clone());
        info.run_id.clone_from(&earlier.run_id);
        info.started_at.clone_from(&earlier.started_at);
        info.reuse = earlier.reuse;
    }
    info
}

fn environment() -> serde_json::Value {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    serde_json::json!({
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "processors": cores,
    })
}
