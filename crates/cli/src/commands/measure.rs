//! The main job: rounds are run, and each is journaled, summed up, written and printed before the
//! next one starts.

use super::{
    from_journal::{FromJournal, compare_level},
    resume::{self, Resumed},
    saved,
    verdict::verdict,
};
use crate::{
    exit,
    gate::Gate,
    gate_schema::Levels,
    live::{Live, LivePlan},
    progress::{Progress, ProgressFormat, RoundPosition},
    redacted::{redacted_engines, redacted_plan},
    screen::{self, note},
    signals,
};
use dualround_loadgen::{Cancel, Clock, RoundEvent, Session, parse_rfc3339, rfc3339};
use dualround_model::{
    Comparison, Evidence, Lang, Plan, RoundKind, RoundResult, RoundSpec, RoundStop, RoundSummary,
    RunEvidence, Selection, Warning,
};
use dualround_report::{FolderLock, Journal, RunFiles, RunInfo, warning_text};
use dualround_stats::{RoundFold, SummaryOptions, expected, reuse};
use std::{
    collections::HashSet,
    path::Path,
    sync::atomic::Ordering::SeqCst,
    time::{Duration, SystemTime},
};

struct Experiment {
    session: Session,
    files: RunFiles,
    journal: Journal,
    stored: Plan,
    options: SummaryOptions,
    known: RunEvidence,
    rounds: Vec<RoundResult>,
    comparison: Comparison,
    /// Token ids of the prompts of a level; `Some(None)`: they were asked for in vain.
    ids: Option<Option<TokenIds>>,
    progress: Progress,
    live: Option<Live>,
    first_warnings: Vec<Warning>,
}

/// Token ids of what one epoch sent.
struct TokenIds {
    prompts: Vec<Vec<u32>>,
    /// Tokens of its marker.
    marker_tokens: Option<u64>,
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

/// Runs an experiment; returns the exit code.
pub(crate) fn run_experiment(job: ExperimentRequest<'_>) -> anyhow::Result<u8> {
    let ExperimentRequest {
        plan,
        selection,
        default_dir,
        how,
        ..
    } = job;
    let started = SystemTime::now();
    let run_id = rfc3339(started).replace([':', '.'], "-");
    let live = Live::start(job.live, &run_id, &plan)?;
    let cancel = Cancel::new();
    let given = signals::listen(&cancel);
    let lang = plan.output.lang;
    let first_warnings = dataset_warnings(&plan, &selection);
    for text in &selection.notes {
        note(text);
    }
    // What no comparison can hold is found out before anything is sent.
    for text in &plan.cold.fail_if {
        Gate::parse(text)?.fits(Levels::Run)?;
    }
    if job.resume {
        saved::must_hold_run(&plan.output.dir)?;
    }
    // And so is an unwritable or occupied folder.
    let may_replace = plan.output.overwrite || job.resume;
    RunFiles::check(&plan.output.dir, may_replace, default_dir)?;
    // Held to the end: what another process would write there at the same time is nobody's run.
    let _lock = FolderLock::take(&plan.output.dir)?;
    let resumed = if job.resume {
        Some(resume::read(&plan.output.dir, &plan, &selection)?)
    } else {
        None
    };
    if let Some(resumed) = &resumed {
        let (kept, all) = (resumed.levels.len(), plan.levels.len());
        if kept == all {
            return judge_again(resumed, &plan);
        }
        note(&format!("{kept} of {all} levels are kept"));
    }
    let anchor = resumed
        .as_ref()
        .and_then(|resumed| parse_rfc3339(&resumed.info.clock_anchor));
    let clock = anchor.map_or_else(Clock::start, Clock::resumed);
    let levels = selection.levels.clone();
    let mut session = Session::open_with(plan, levels, cancel.clone(), clock)?;
    if let Some(ms) = job.wait_ready_ms
        && let Some(waited) = session.wait_ready(Duration::from_millis(ms))?
    {
        note(&format!(
            "the server was ready after {:.1} s",
            waited.as_secs_f64()
        ));
    }
    let canary = session.preflight()?;
    let metric_warnings = session.look_up_metrics()?;
    for warning in first_warnings.iter().chain(&metric_warnings) {
        note(&warning_text(warning, lang));
    }
    let plan = session.plan().clone();
    if let Some(live) = &live {
        live.model(&plan.model);
    }
    if plan.request.insecure {
        note("warning: the server's certificate is not verified (--insecure)");
    }
    let (files, rounds, levels, earlier) = match resumed {
        Some(resumed) => (
            resumed.files,
            resumed.rounds,
            resumed.levels,
            Some(resumed.info),
        ),
        None => {
            let dir = &plan.output.dir;
            let (files, moved) = RunFiles::open(dir, plan.output.overwrite, default_dir)?;
            if let Some(moved) = moved {
                note(&format!("the earlier run was moved to {}", moved.display()));
            }
            (files, Vec::new(), Vec::new(), None)
        }
    };
    let mut info = RunInfo {
        run_id,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        plan: redacted_plan(&plan),
        dataset: selection,
        started_at: rfc3339(started),
        finished_at: None,
        clock_anchor: rfc3339(session.clock().anchor_wall()),
        environment: environment(),
        canary: canary.clone(),
        engines: redacted_engines(&session),
        reuse: None,
        plan_digest: resume::digest(&plan),
        resumed_at: Vec::new(),
        warnings: first_warnings
            .iter()
            .chain(&metric_warnings)
            .cloned()
            .collect(),
        interrupted: false,
        exit_code: None,
    };
    if let Some(earlier) = earlier {
        info.resumed_at = earlier.resumed_at;
        info.resumed_at.push(info.started_at);
        (info.run_id, info.started_at) = (earlier.run_id, earlier.started_at);
        info.reuse = earlier.reuse;
    }
    files.write_run(&info)?;
    let options = SummaryOptions::of(&plan, canary.as_ref(), &info.engines);
    let mut run = Experiment {
        journal: files.journal()?,
        stored: info.plan.clone(),
        options: options.clone(),
        ids: None,
        comparison: Comparison {
            levels,
            canary: canary.clone(),
        },
        session,
        files,
        known: RunEvidence {
            canary,
            engines: info.engines.clone(),
            reuse: info.reuse,
        },
        rounds,
        progress: Progress::new(how, lang, options),
        live,
        first_warnings,
    };
    let result = run.levels(&cancel);
    screen::end(
        &info.plan,
        &info.warnings,
        &run.rounds,
        &run.comparison.levels,
    );
    let code = match given.load(SeqCst) {
        0 => result.as_ref().map_or_else(exit::explain, |()| {
            verdict(&plan, &run.rounds, &run.comparison.levels)
        }),
        signal => signal,
    };
    // Its bodies are the most that is in memory, and nothing is sent any more.
    drop(run.session);
    info.finished_at = Some(rfc3339(SystemTime::now()));
    info.interrupted = cancel.is_cancelled() || result.is_err();
    info.exit_code = Some(i32::from(code));
    info.reuse = run.known.reuse;
    let report = || {
        let details = FromJournal::new(&run.files, &run.options);
        let (rounds, comparison) = (&run.rounds, &run.comparison);
        run.files.write_report(&info, rounds, comparison, &details)
    };
    let written = run.files.write_run(&info).and_then(|()| report());
    // Where the run itself failed, that is what the user must hear.
    if result.is_ok() {
        written?;
    }
    tell_files(run.files.dir(), given.load(SeqCst) != 0, lang);
    Ok(code)
}

/// Says where the files are, and how a run that was ended by a signal goes on.
fn tell_files(dir: &Path, by_signal: bool, lang: Lang) {
    let dir = dir.display();
    note(&lang.pick([format!("files: {dir}"), format!("文件：{dir}")]));
    if by_signal {
        note(&lang.pick([
            format!("to go on at its first unfinished level: the same command with --resume {dir}"),
            format!("可从首个未完成的并发级别继续：在原命令后加上 --resume {dir}"),
        ]));
    }
}

impl Experiment {
    fn levels(&mut self, cancel: &Cancel) -> anyhow::Result<()> {
        let levels = self.stored.levels.clone();
        let specs = self.stored.rounds();
        let finished = self.comparison.levels.len();
        for (level, concurrency) in (0..).zip(levels).skip(finished) {
            let first = self.rounds.len();
            for spec in &specs {
                if cancel.is_cancelled() {
                    break;
                }
                self.round(level, concurrency, *spec, cancel)?;
                let stopped = self.rounds.last().and_then(|round| round.meta.stopped);
                if stopped.is_some_and(RoundStop::is_failure) {
                    break;
                }
            }
            self.compare_level(first)?;
            if cancel.is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    fn round(
        &mut self,
        level: u32,
        concurrency: u32,
        spec: RoundSpec,
        cancel: &Cancel,
    ) -> anyhow::Result<()> {
        let mut failed = None;
        let (journal, live, options) = (&mut self.journal, &self.live, &self.options);
        let progress = &mut self.progress;
        progress.begin(RoundPosition {
            level: (level, self.stored.levels.len()),
            concurrency,
            spec,
            rounds: self.stored.rounds().len(),
        });
        let mut fold = RoundFold::new(self.options.clone(), 0);
        let mut watch = |event: RoundEvent<'_>| {
            progress.on(&event);
            if let Some(live) = live {
                live.on(&event, concurrency, spec, options);
            }
            let written = match event {
                _ if failed.is_some() => Ok(()),
                RoundEvent::Started { begun } => {
                    fold = RoundFold::new(options.clone(), begun.planned);
                    journal.begun(begun)
                }
                RoundEvent::Finished(record) => {
                    fold.add(record);
                    journal.append(record)
                }
                RoundEvent::Taken => journal.flush(),
                _ => Ok(()),
            };
            if let Err(error) = written {
                failed = Some(error);
                // Nothing that is measured from here on could be kept.
                cancel.cancel();
            }
        };
        let mut meta = self
            .session
            .run_round(level, concurrency, spec, &mut watch)?;
        let spent = self.progress.end().map(|spent| spent.as_nanos());
        meta.client.progress_ns = spent.and_then(|ns| u64::try_from(ns).ok());
        if let Some(live) = live {
            live.idle(concurrency, spec);
        }
        if level == 0 && spec.number == 1 {
            let first = self.first_warnings.iter().cloned();
            meta.warnings.splice(0..0, first);
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        let requests = self.journal.round(&meta)?;
        let result = fold.finish(meta, requests);
        self.write_round(&result)?;
        let earlier = self.rounds.iter().rev();
        let earlier = earlier
            .take_while(|round| round.meta.level == level)
            .count();
        let earlier = &self.rounds[self.rounds.len() - earlier..];
        screen::round(&result, earlier, &self.stored);
        self.rounds.push(result);
        self.files.write_summaries(&self.rounds, &self.stored)?;
        Ok(())
    }

    fn compare_level(&mut self, first: usize) -> anyhow::Result<()> {
        if self.rounds[first..].is_empty() {
            return Ok(());
        }
        let at = self.rounds[first].meta.level;
        self.find_ids(at)?;
        self.find_reuse();
        self.find_expected(first, at)?;
        let rounds = &mut self.rounds[first..];
        let known = self.known.at_level(at, &self.stored.dataset);
        let before: Vec<RoundSummary> = rounds.iter().map(|r| r.summary.clone()).collect();
        let level = compare_level(&self.files, &self.stored, rounds, &known)?;
        // The comparison marks requests, and what a level shows may change how silence about cached
        // tokens is read; their files say so too.
        let rounds = self.rounds[first..].iter().zip(&before);
        let changed: Vec<&RoundResult> = rounds
            .filter_map(|(round, before)| (round.summary != *before).then_some(round))
            .collect();
        for round in &changed {
            self.write_round(round)?;
        }
        if !changed.is_empty() {
            self.files.write_summaries(&self.rounds, &self.stored)?;
        }
        screen::level(&level, &self.rounds[first..], &self.stored);
        self.comparison.levels.push(level);
        self.files.write_comparison(&self.comparison)?;
        Ok(())
    }

    fn write_round(&self, round: &RoundResult) -> anyhow::Result<()> {
        let details = FromJournal::new(&self.files, &self.options);
        Ok(self.files.write_round(round, &self.stored, &details)?)
    }

    /// Token ids of what the level sent, asked for after it was sent. Levels that ask the same have
    /// the same, but for the marker.
    fn find_ids(&mut self, level: u32) -> anyhow::Result<()> {
        let again = level > 0 && self.stored.dataset.levels_differ();
        if self.ids.is_none() || again {
            let cold = self
                .rounds
                .iter()
                .rev()
                .find_map(|round| round.meta.cold.as_ref());
            let marker_tokens = cold.and_then(|cold| cold.marker_tokens);
            let ids = self.session.take_token_ids()?;
            self.ids = Some(ids.map(|prompts| TokenIds {
                prompts,
                marker_tokens,
            }));
        }
        Ok(())
    }

    /// After the first level: what the token ids that were sent let a cache reuse.
    fn find_reuse(&mut self) {
        let Some((block, capacity)) = self.known.cache_unit() else {
            return;
        };
        if self.known.reuse.is_none() && self.comparison.levels.is_empty() {
            let ids = self.ids.iter().flatten().next();
            self.known.reuse = ids.and_then(|ids| reuse(&ids.prompts, block, capacity));
        }
    }

    /// What the level's cold rounds may hit of themselves, for the journal: the level can then be
    /// judged again without the server.
    fn find_expected(&mut self, first: usize, level: u32) -> anyhow::Result<()> {
        let mut evidence = Evidence {
            level,
            canary: self.known.canary.clone(),
            expected: Vec::new(),
            reuse: if level == 0 { self.known.reuse } else { None },
        };
        if let Some(Some(ids)) = &self.ids {
            let rounds = self.rounds[first..].iter_mut();
            for round in rounds.filter(|round| round.meta.spec.kind == RoundKind::Cold) {
                let found = expected(round, &ids.prompts, ids.marker_tokens);
                evidence.expected.push(found.clone());
                round.expected = Some(found);
            }
        }
        Ok(self.journal.evidence(&evidence)?)
    }
}

/// Every level is there: the run is judged again, by the gates of now.
fn judge_again(resumed: &Resumed, plan: &Plan) -> anyhow::Result<u8> {
    note(plan.output.lang.pick([
        "every level of that run is finished; it is judged again",
        "该次运行的所有并发级别均已完成，重新判定",
    ]));
    let rounds = &resumed.rounds;
    let by_level = rounds.chunk_by(|a, b| a.meta.level == b.meta.level);
    for (level, rounds) in resumed.levels.iter().zip(by_level) {
        screen::level(level, rounds, plan);
    }
    screen::end(plan, &resumed.info.warnings, rounds, &resumed.levels);
    let code = verdict(plan, rounds, &resumed.levels);
    let mut info = resumed.info.clone();
    info.exit_code = Some(i32::from(code));
    info.plan.cold = plan.cold.clone();
    info.plan.round_noise = plan.round_noise;
    let comparison = Comparison {
        levels: resumed.levels.clone(),
        canary: info.canary.clone(),
    };
    let options = SummaryOptions::of(&info.plan, info.canary.as_ref(), &info.engines);
    let details = FromJournal::new(&resumed.files, &options);
    resumed.files.write_run(&info)?;
    resumed.files.write_comparison(&comparison)?;
    (resumed.files).write_report(&info, rounds, &comparison, &details)?;
    Ok(code)
}

fn dataset_warnings(plan: &Plan, selection: &Selection) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for level in 0..plan.levels.len() {
        let available = selection.of_level(level).len() as u64;
        let asked = plan.dataset.samples_of(level);
        if let Some(asked) = asked.filter(|asked| *asked > available) {
            let warning = Warning::FewerSamples { asked, available };
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    if selection.duplicate_prompts > 0 {
        warnings.push(Warning::DuplicatePrompts {
            count: selection.duplicate_prompts,
        });
    }
    let repeated = selection.levels.iter().map(|samples| {
        let ids: Vec<&str> = samples.iter().filter_map(|s| s.id.as_deref()).collect();
        let distinct: HashSet<&str> = ids.iter().copied().collect();
        (ids.len() - distinct.len()) as u64
    });
    let count = repeated.max().unwrap_or(0);
    if count > 0 {
        warnings.push(Warning::EqualIds { count });
    }
    if !selection.unsent.is_empty() {
        let fields = selection.unsent.clone();
        warnings.push(Warning::RowFieldsUnsent { fields });
    }
    if let Some(limit) = plan.dataset.max_input_length
        && selection.truncated > 0
    {
        let (count, unit) = (selection.truncated, plan.dataset.unit().to_owned());
        warnings.push(Warning::TruncatedInput { count, limit, unit });
    }
    warnings
}

fn environment() -> serde_json::Value {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    serde_json::json!({
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "processors": cores,
    })
}
