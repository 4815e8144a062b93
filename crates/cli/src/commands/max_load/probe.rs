//! One probe: a run at one load, which ends as soon as it is decided.

use super::{folder, settings::MaxLoadSettings};
use crate::{
    commands::experiment::{ExperimentRequest, conduct},
    engine_tokens,
    live::LivePlan,
    screen,
    signals::ReceivedSignal,
    ticking::Ticking,
};
use dualround_loadgen::Cancel;
use dualround_model::{
    LoadProbe, LoadSide, Outcome, Plan, ProbeVerdict, RequestMetrics, RequestRecord, RoundResult,
    Schedule, Slo, Verdict,
};
use dualround_stats::{ShareRule, lowest_share, within};
use std::time::Instant;

/// Requests in flight that fill the cache before a warm probe.
const PRIMING: u32 = 8;

/// Runs the probes of a search.
pub(super) struct LoadProber<'a> {
    settings: &'a MaxLoadSettings,
    /// Given by the user.
    cancel: &'a Cancel,
    signal: &'a ReceivedSignal,
}

/// A probe, and whether its cold round was one.
pub(super) struct JudgedProbe {
    pub(super) probe: LoadProbe,
    pub(super) contaminated: bool,
}

/// What a probe has come to so far.
struct ProbeTally {
    rule: ShareRule,
    slo: Slo,
    /// The number of the round that is judged.
    round: u32,
    met: u64,
    missed: u64,
    verdict: Option<ProbeVerdict>,
}

impl ProbeTally {
    /// Takes a request that has ended.
    fn add(&mut self, record: &RequestRecord, metrics: &RequestMetrics) {
        let counts = record.round == self.round && record.outcome != Outcome::Cancelled;
        if !counts || self.verdict.is_some() {
            return;
        }
        let is_met = record.outcome.is_success() && within(metrics, &self.slo);
        self.met += u64::from(is_met);
        self.missed += u64::from(!is_met);
        self.verdict = self.rule.decided(self.met, self.missed);
    }
}

impl<'a> LoadProber<'a> {
    pub(super) fn new(
        settings: &'a MaxLoadSettings,
        cancel: &'a Cancel,
        signal: &'a ReceivedSignal,
    ) -> Self {
        Self {
            settings,
            cancel,
            signal,
        }
    }

    /// Runs one probe and judges it; at the deadline it ends, decided or not.
    ///
    /// # Errors
    /// When its run cannot begin, or cannot be written.
    pub(super) fn probe(
        &mut self,
        side: LoadSide,
        load: f64,
        number: usize,
        deadline: Option<Instant>,
    ) -> anyhow::Result<JudgedProbe> {
        let settings = self.settings;
        let rule = settings.rule(load);
        let folder = folder::of_probe(side, number);
        let mut plan = self.plan(side, load, rule.requests);
        plan.output.dir = settings.dir.join(&folder);
        plan.output.overwrite = true;
        let mut tally = ProbeTally {
            rule,
            slo: settings.slo,
            round: if side == LoadSide::Cold { 1 } else { 2 },
            met: 0,
            missed: 0,
            verdict: None,
        };
        let began = Instant::now();
        let decided = self.cancel.child();
        let at_deadline = decided.clone();
        let _deadline = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(began);
            Ticking::once(left, move || at_deadline.cancel())
        });
        let mut watch = |record: &RequestRecord, metrics: &RequestMetrics| {
            tally.add(record, metrics);
            if tally.verdict == Some(ProbeVerdict::NotMet) {
                decided.cancel();
            }
        };
        let selection = engine_tokens::samples(&mut plan)?;
        let request = ExperimentRequest {
            plan,
            selection,
            default_dir: false,
            how: settings.progress,
            live: &LivePlan::default(),
            resume: false,
            wait_ready_ms: settings.wait_ready_ms,
        };
        screen::be_silent(true);
        let ended = conduct(&request, &decided, self.signal, Some(&mut watch));
        screen::be_silent(false);
        let ended = ended?;
        let round = ended
            .rounds
            .iter()
            .find(|one| one.meta.spec.number == tally.round);
        let cold = ended.levels.first().map(|level| level.cold.verdict);
        let n = tally.met + tally.missed;
        Ok(JudgedProbe {
            contaminated: cold == Some(Verdict::Contaminated),
            probe: LoadProbe {
                load,
                n,
                met: tally.met,
                share: share(tally.met, n),
                low: lowest_share(tally.met, n),
                verdict: verdict(&tally, round, decided.is_cancelled()),
                seconds: began.elapsed().as_secs_f64(),
                folder,
            },
        })
    }

    /// The plan of a probe: cold, or warm behind a round that fills the cache.
    fn plan(&self, side: LoadSide, load: f64, requests: u64) -> Plan {
        let mut plan = self.settings.plan.clone();
        plan.levels = vec![self.settings.load(load)];
        plan.dataset.num_samples = vec![requests];
        let is_warm = side == LoadSide::Warm;
        plan.dataset.oversample = is_warm;
        plan.priming = is_warm.then_some(PRIMING);
        plan.schedule = if is_warm {
            Schedule::default()
        } else {
            Schedule::cold_alone()
        };
        plan
    }
}

fn verdict(tally: &ProbeTally, round: Option<&RoundResult>, is_cut: bool) -> ProbeVerdict {
    let arrivals = round.and_then(|round| round.summary.arrivals.as_ref());
    match tally.verdict {
        // What is within the SLO so far would not be for long.
        Some(ProbeVerdict::Met)
            if arrivals.is_some_and(|one| one.backlog.overloaded == Some(true)) =>
        {
            ProbeVerdict::Overloaded
        }
        Some(verdict) => verdict,
        None if is_cut => ProbeVerdict::CutShort,
        None => ProbeVerdict::Undecided,
    }
}

#[expect(clippy::cast_precision_loss, reason = "requests of a probe")]
fn share(met: u64, n: u64) -> Option<f64> {
    (n > 0).then(|| met as f64 / n as f64)
}
