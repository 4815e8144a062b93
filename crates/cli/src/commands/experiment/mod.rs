//! The main job: rounds are run, and each is journaled, summed up, written and printed before the
//! next one starts.

mod dataset_warnings;
mod evidence;
mod judge_again;
mod levels;
mod observers;
mod opening;
mod until;

use super::{from_journal::FromJournal, resume, verdict::verdict};
use crate::{
    exit,
    live::{Live, LivePlan},
    progress::{Progress, ProgressFormat},
    screen::{self, note},
    signals::{self, ReceivedSignal},
};
use dualround_loadgen::{Cancel, Session, rfc3339};
use dualround_model::{
    Comparison, Lang, LevelComparison, Plan, RequestMetrics, RequestRecord, RoundResult,
    RunEvidence, Selection, StoreText, Warning,
};
use dualround_report::{AnswerFile, Journal, RunFiles, RunInfo};
use dualround_stats::{MarkedIds, SummaryOptions};
use std::{path::Path, sync::atomic::Ordering::SeqCst, time::SystemTime};

/// A run under way, with all that it has written so far.
struct Experiment<'a> {
    session: Session,
    files: RunFiles,
    journal: Journal,
    /// Where pinned answers are kept; `None` where no text is.
    answers: Option<AnswerFile>,
    /// The plan as it is written down.
    stored: Plan,
    options: SummaryOptions,
    known: RunEvidence,
    rounds: Vec<RoundResult>,
    comparison: Comparison,
    /// Token ids of the prompts of a level; `Some(None)`: they were asked for in vain.
    ids: Option<Option<MarkedIds>>,
    progress: Progress,
    live: Option<Live>,
    first_warnings: Vec<Warning>,
    watch: Option<RequestWatch<'a>>,
}

/// A request for an experiment: the plan, the samples, and how it is shown.
pub(crate) struct ExperimentRequest<'a> {
    pub(crate) plan: Plan,
    pub(crate) selection: Selection,
    /// The output folder was not chosen.
    pub(crate) default_dir: bool,
    pub(crate) how: ProgressFormat,
    pub(crate) live: &'a LivePlan,
    /// Go on with the run in the output folder.
    pub(crate) resume: bool,
    /// How long to wait until the server is ready, ms.
    pub(crate) wait_ready_ms: Option<u64>,
}

/// Sees each request of a run as it ends and is measured.
pub(crate) type RequestWatch<'a> = &'a mut dyn FnMut(&RequestRecord, &RequestMetrics);

/// A run that has ended and was written down.
pub(crate) struct EndedRun {
    /// Its exit code.
    pub(crate) code: u8,
    pub(crate) rounds: Vec<RoundResult>,
    pub(crate) levels: Vec<LevelComparison>,
}

/// Runs an experiment; returns the exit code.
///
/// # Errors
/// When it cannot begin, or what it is worth cannot be written.
pub(crate) fn run_experiment(request: &ExperimentRequest<'_>) -> anyhow::Result<u8> {
    let cancel = Cancel::new();
    let signal = signals::listen(&cancel);
    Ok(conduct(request, &cancel, &signal, None)?.code)
}

/// Runs an experiment that `cancel` ends early; `signal` has the exit code of what gave it. Under
/// `watch` somebody else judges what came of it.
///
/// # Errors
/// As [`run_experiment`].
pub(crate) fn conduct(
    request: &ExperimentRequest<'_>,
    cancel: &Cancel,
    signal: &ReceivedSignal,
    watch: Option<RequestWatch<'_>>,
) -> anyhow::Result<EndedRun> {
    let started = SystemTime::now();
    let run_id = rfc3339(started).replace([':', '.'], "-");
    let live = Live::start(request.live, &run_id, &request.plan)?;
    let is_judged = watch.is_none();
    let lang = request.plan.output.lang;
    let progress_format = request.how;
    for text in &request.selection.notes {
        note(text);
    }
    // Held to the end: what another process would write there at the same time is nobody's run.
    let _lock = opening::check(request)?;
    let resumed = opening::resumed(request)?;
    if let Some(resumed) = &resumed
        && resumed.levels.len() == request.plan.levels.len()
    {
        return Ok(EndedRun {
            code: judge_again::judge_again(resumed, &request.plan)?,
            rounds: Vec::new(),
            levels: Vec::new(),
        });
    }
    let connected = opening::connect(request, resumed.as_ref(), cancel)?;
    if let Some(live) = &live {
        live.model(&connected.session.plan().model);
    }
    let folder = opening::folder(request, resumed)?;
    let mut info = opening::run_info(request, &connected, &folder, run_id, started);
    folder.files.write_run(&info)?;
    let plan = connected.session.plan().clone();
    let options = SummaryOptions::of(&plan, connected.canary.as_ref(), &info.engines);
    let mut run = Experiment {
        journal: folder.files.journal()?,
        answers: (plan.output.store_text != StoreText::None).then(|| folder.files.answers()),
        stored: info.plan.clone(),
        options,
        ids: None,
        comparison: Comparison {
            levels: folder.levels,
            canary: connected.canary.clone(),
        },
        session: connected.session,
        files: folder.files,
        known: RunEvidence {
            canary: connected.canary,
            engines: info.engines.clone(),
            reuse: info.reuse,
        },
        rounds: folder.rounds,
        progress: Progress::new(progress_format, lang),
        live,
        first_warnings: connected.dataset_warnings,
        watch,
    };
    let result = run.levels(cancel);
    screen::end(
        &info.plan,
        &info.warnings,
        &run.rounds,
        &run.comparison.levels,
    );
    info.interrupted = cancel.is_cancelled() || result.is_err();
    if is_judged {
        judged(run, info, &plan, signal.load(SeqCst), &result)
    } else {
        result?;
        run.write_end(info, signal.load(SeqCst))
    }
}

/// Judges a run that has ended, writes it down, and says where.
fn judged(
    run: Experiment<'_>,
    info: RunInfo,
    plan: &Plan,
    signal: u8,
    result: &anyhow::Result<()>,
) -> anyhow::Result<EndedRun> {
    let lang = plan.output.lang;
    let code = match (signal, result) {
        (0, Ok(())) => verdict(plan, &run.rounds, &run.comparison.levels),
        (0, Err(error)) => exit::explain(error, lang),
        (signal, _) => signal,
    };
    let dir = run.files.dir().to_owned();
    let ended = run.write_end(info, code);
    // Where the run itself failed, that is what the user must hear.
    if result.is_ok() && ended.is_err() {
        return ended;
    }
    tell_files(&dir, signal != 0, lang);
    Ok(ended.unwrap_or(EndedRun {
        code,
        rounds: Vec::new(),
        levels: Vec::new(),
    }))
}

impl Experiment<'_> {
    /// Writes what stands at the end of a run that ends with this code.
    fn write_end(self, mut info: RunInfo, code: u8) -> anyhow::Result<EndedRun> {
        // Its bodies are the most that is in memory, and nothing is sent any more.
        drop(self.session);
        info.finished_at = Some(rfc3339(SystemTime::now()));
        info.exit_code = Some(i32::from(code));
        info.reuse = self.known.reuse;
        self.files.write_run(&info)?;
        let details = FromJournal::new(&self.files, &self.options);
        let (rounds, comparison) = (&self.rounds, &self.comparison);
        self.files
            .write_report(&info, rounds, comparison, &details)?;
        Ok(EndedRun {
            code,
            rounds: self.rounds,
            levels: self.comparison.levels,
        })
    }
}

/// Says where the files are, and how a run that was ended by a signal goes on.
fn tell_files(dir: &Path, by_signal: bool, lang: Lang) {
    screen::files(dir, lang);
    if by_signal {
        let dir = dir.display();
        note(&lang.pick([
            format!("to go on at its first unfinished level: the same command with --resume {dir}"),
            format!("可从首个未完成的负载级别继续：在原命令后加上 --resume {dir}"),
        ]));
    }
}
