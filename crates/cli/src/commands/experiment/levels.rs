//! The levels of a run, one after the other: each round is on disk before the next one starts.

use super::{Experiment, observers::RoundObservers};
use crate::{
    commands::from_journal::{FromJournal, compare_level},
    exit::BudgetSpent,
    progress::{RoundPosition, UntilPosition},
    screen,
};
use dualround_loadgen::Cancel;
use dualround_model::{
    Lang, Load, RoundMeta, RoundResult, RoundSpec, RoundStop, RoundSummary, Warning,
};
use dualround_report::warning_text;

impl Experiment<'_> {
    /// Runs the levels that are not finished yet.
    ///
    /// # Errors
    /// When a round cannot start as planned, or its files cannot be written.
    pub(super) fn levels(&mut self, cancel: &Cancel) -> anyhow::Result<()> {
        let (finished, all) = (self.comparison.levels.len(), self.stored.levels.len());
        for level in (0..).take(all).skip(finished) {
            // Of a level that goes on until it is decided, cycles may be there already.
            let first = self
                .rounds
                .partition_point(|round| round.meta.level < level);
            let refused = self.rounds_of(level, first, cancel)?;
            self.compare_level(first)?;
            if let Some(refused) = refused {
                return Err(refused);
            }
            if cancel.is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    /// Runs the rounds of a level, until one of them had too many failures. Returns why the run cannot
    /// go on, where it cannot.
    fn rounds_of(
        &mut self,
        level: u32,
        first: usize,
        cancel: &Cancel,
    ) -> anyhow::Result<Option<anyhow::Error>> {
        if let Some(until) = self.stored.until {
            let refused = self.until_decided(level, first, until, cancel)?;
            return Ok(refused.map(Into::into));
        }
        for spec in self.stored.rounds() {
            if cancel.is_cancelled() {
                break;
            }
            if let Some(spent) = self.budget_spent(spec) {
                return Ok(Some(spent.into()));
            }
            self.round(level, spec, None, cancel)?;
            if self.had_too_many_failures() {
                break;
            }
        }
        Ok(None)
    }

    /// Why a round is not to begin, where the budget of tokens has no room for another one like the last
    /// of its kind.
    fn budget_spent(&self, spec: RoundSpec) -> Option<BudgetSpent> {
        let budget = self.stored.limits.budget_tokens?;
        let used: u64 = self.rounds.iter().map(tokens_of).sum();
        let mut alike = self.rounds.iter().rev();
        let last = alike.find(|round| round.meta.spec.kind == spec.kind);
        let next = last.map_or(0, tokens_of);
        if used + next <= budget {
            return None;
        }
        let letter = spec.kind.letter();
        Some(BudgetSpent(format!(
            "--budget {budget}tok: {used} tokens were used, and the last round of this kind ({letter}) took {next}, so no further round is begun; what is complete is reported"
        )))
    }

    /// The last round was ended by its failures.
    pub(super) fn had_too_many_failures(&self) -> bool {
        let stopped = self.rounds.last().and_then(|round| round.meta.stopped);
        stopped.is_some_and(RoundStop::is_failure)
    }

    pub(super) fn round(
        &mut self,
        level: u32,
        spec: RoundSpec,
        until: Option<UntilPosition>,
        cancel: &Cancel,
    ) -> anyhow::Result<()> {
        let load = self.stored.load_of(level, spec.kind);
        self.progress.begin(RoundPosition {
            level: (level, self.stored.levels.len()),
            load,
            spec,
            rounds: self.stored.rounds().len(),
            until,
            asks_turns: self.stored.dataset.sessions.is_some(),
        });
        let mut observers = RoundObservers {
            progress: &mut self.progress,
            live: self.live.as_ref().map(|live| live.round(load, spec)),
            journal: &mut self.journal,
            answers: self.answers.as_mut(),
            fold: None,
            options: &self.options,
            failure: None,
            watch: match &mut self.watch {
                Some(watch) => Some(&mut **watch),
                None => None,
            },
            cancel,
        };
        let ended = self
            .session
            .run_round(level, spec, &mut |event| observers.on(&event));
        let mut meta = ended?;
        let observed = observers.end();
        meta.client.progress_ns = observed.progress_ns;
        if spec.number == 1 {
            let first = self.first_warnings.iter();
            let of_level = first
                .filter(|warning| is_of_level(warning, level, load))
                .cloned();
            meta.warnings.splice(0..0, of_level);
        }
        if let Some(failure) = observed.failure {
            return Err(failure.into());
        }
        tell_blocks(&meta, self.stored.output.lang);
        let requests = self.journal.round(&meta)?;
        let result = observed.fold.finish(meta, requests);
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
        self.find_ids(at);
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
}

/// Tokens that a round has used, of prompts and answers, as far as the server counted them.
fn tokens_of(round: &RoundResult) -> u64 {
    let rows = round.requests.iter();
    let counts =
        rows.map(|(_, row)| row.input_tokens().unwrap_or(0) + row.output_tokens().unwrap_or(0));
    counts.sum()
}

/// Says at once what the cold round of an open loop has told of its mixed rounds.
fn tell_blocks(round: &RoundMeta, lang: Lang) {
    let few = |warning: &&Warning| matches!(warning, Warning::FewBlocks { .. });
    if round.load.is_open() {
        let few = round.warnings.iter().filter(few);
        few.for_each(|warning| screen::note(&warning_text(warning, lang)));
    }
}

/// What was said of the samples is said of the first level, and what is about one level of that one.
fn is_of_level(warning: &Warning, level: u32, load: Load) -> bool {
    match warning {
        Warning::FewBlocks { load: of, .. } => *of == load,
        _ => level == 0,
    }
}
