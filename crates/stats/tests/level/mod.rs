//! A cold and a warm round of one level, for tests of what is said of hits.
#![allow(dead_code, reason = "each test binary uses some")]

pub(crate) mod rounds;

use crate::common::{meta, success, usage};
use dualround_model::{
    CanaryReport, ColdAction, ColdMethod, EngineDelta, EngineReport, Expected, Judging,
    LevelComparison, MetricTrack, RequestRecord, Reuse, RoundKind, RoundRun, RoundSpec,
    RunEvidence, Schedule, TierDelta, Verdict,
};
use dualround_stats::{SummaryOptions, compare, summarise};

/// Prompt and cached tokens of a request, as its answer reports them.
pub(crate) type Reported = (Option<u64>, Option<u64>);

/// A cold and a warm round.
pub(crate) struct Level {
    pub(crate) cold: Vec<Reported>,
    pub(crate) warm: Vec<Reported>,
    /// TTFT, cold and warm, ms.
    pub(crate) ttft: (f64, f64),
    /// Characters that each prompt shares with one sent before.
    pub(crate) shared_chars: u64,
    pub(crate) expected: Option<Expected>,
    pub(crate) canary: Option<CanaryReport>,
    pub(crate) engines: Vec<EngineDelta>,
    pub(crate) metrics: Vec<MetricTrack>,
    /// Under a salt instead of a marker.
    pub(crate) salt: bool,
    /// What is known of the servers.
    pub(crate) servers: Vec<EngineReport>,
    /// Under `--cold none`, where the cold round is asked once more after the warm one, with the
    /// hits and times of a warm one.
    pub(crate) third: bool,
    /// Ids of the answers of a round, by its number.
    pub(crate) ids: fn(u32, u32) -> Option<String>,
    /// Warm answers come whole.
    pub(crate) whole_warm: bool,
    /// Cold answers do.
    pub(crate) whole_cold: bool,
    /// What is done to each record, by its round.
    pub(crate) change: fn(u32, &mut RequestRecord),
    /// Its place among the levels.
    pub(crate) at: u32,
    /// The counters of a warm round, where they are not those of the cold one.
    pub(crate) warm_engines: Option<Vec<EngineDelta>>,
    /// What a prefix cache could give.
    pub(crate) reuse: Option<Reuse>,
}

impl Level {
    /// The canary hit 880 of its 900 tokens, and nothing under another marker.
    pub(crate) fn of(cold: Vec<Reported>, warm: Vec<Reported>) -> Self {
        Self {
            cold,
            warm,
            ttft: (100.0, 10.0),
            shared_chars: 0,
            expected: None,
            canary: canary(Some(0), Some(880)),
            engines: Vec::new(),
            metrics: Vec::new(),
            salt: false,
            servers: Vec::new(),
            third: false,
            ids: |_, _| None,
            whole_warm: false,
            whole_cold: false,
            change: |_, _| {},
            at: 0,
            warm_engines: None,
            reuse: None,
        }
    }

    pub(crate) fn judged(self) -> LevelComparison {
        let schedule: Schedule = if self.third { "CWC" } else { "CW" }.parse().unwrap();
        let again = (&self.warm, self.ttft.1);
        let parts = [(&self.cold, self.ttft.0), again, again];
        let round = |(spec, (reported, ttft)): (RoundSpec, (&Vec<Reported>, f64))| {
            let record = |(index, (prompt, cached)): (u32, &Reported)| {
                let whole = match spec.kind {
                    RoundKind::Warm => self.whole_warm,
                    _ => self.whole_cold,
                };
                let gap = if whole { 0.05 } else { 10.0 };
                let tokens = [ttft, ttft + gap, ttft + 2.0 * gap];
                let mut usage = usage(0, 3, *cached);
                usage.prompt_tokens = *prompt;
                let mut record = success(index, 0.0, &tokens, usage);
                record.shared_chars = self.shared_chars;
                record.response_id = (self.ids)(spec.number, index).map(Into::into);
                (self.change)(spec.number, &mut record);
                record
            };
            let records: Vec<RequestRecord> = (0..).zip(reported).map(record).collect();
            let mut meta = meta(spec, records.len());
            meta.level = self.at;
            let warm = self.warm_engines.as_ref();
            let counters = warm.filter(|_| spec.kind == RoundKind::Warm);
            meta.engines = counters.unwrap_or(&self.engines).clone();
            meta.metrics.clone_from(&self.metrics);
            if let Some(cold) = meta.cold.as_mut().filter(|_| self.salt) {
                cold.method = ColdMethod::Salt;
                cold.marker = None;
                cold.marker_tokens = None;
            }
            if let Some(cold) = meta.cold.as_mut().filter(|_| self.third) {
                *cold = ColdAction::default();
            }
            let mut round = summarise(RoundRun { meta, records }, &SummaryOptions::default());
            round.expected.clone_from(&self.expected);
            round
        };
        let specs = schedule.rounds().into_iter();
        let mut rounds: Vec<_> = specs.zip(parts).map(round).collect();
        let judging = Judging {
            until: false,
            schedule,
            round_noise: None,
            same_samples: true,
        };
        let known = RunEvidence {
            canary: self.canary,
            engines: self.servers,
            reuse: self.reuse,
        };
        compare(&mut rounds, &judging, &known)
    }

    pub(crate) fn verdict(self) -> Verdict {
        self.judged().cold.verdict
    }
}

pub(crate) fn canary(first: Option<u64>, repeated: Option<u64>) -> Option<CanaryReport> {
    Some(CanaryReport {
        prompt_tokens: Some(900),
        first,
        repeated,
        other_marker: Some(0),
        salt_field: None,
        other_counted: true,
        other_text: None,
        replayed: false,
        written: None,
        control: None,
        unasked: false,
    })
}

/// `n` requests that report the same.
pub(crate) fn each(n: usize, prompt: u64, cached: u64) -> Vec<Reported> {
    vec![(Some(prompt), Some(cached)); n]
}

/// The counters of an engine.
pub(crate) fn engine(looked_up: f64, hits: f64) -> EngineDelta {
    EngineDelta {
        tiers: vec![TierDelta {
            tier: "local".to_owned(),
            hits: Some(hits),
            queries: Some(looked_up),
        }],
        ..EngineDelta::default()
    }
}
