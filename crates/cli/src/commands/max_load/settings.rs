//! The settings of a search: those of a run without a load of its own, and what bounds the search.

use crate::{
    args::{Budget, MaxLoadArgs, RunArgs, words::LoadUnitWord},
    engine_tokens,
    exit::Usage,
    progress::ProgressFormat,
    settings,
};
use dualround_model::{ArrivalRate, Arrivals, Lang, Load, LoadSide, LoadUnit, Plan, Slo, whole_up};
use dualround_stats::{LoadSearch, ShareRule};
use std::{path::PathBuf, time::Duration};

/// A probe lasts so many times the largest limit of the SLO.
const LONG: f64 = 20.0;
/// Where the search goes by default.
const FOLDER: &str = "max-load";

/// The settings of a search.
pub(super) struct MaxLoadSettings {
    /// The plan of each probe, but for its load and its folder.
    pub(super) plan: Plan,
    pub(super) slo: Slo,
    pub(super) unit: LoadUnit,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) share: f64,
    /// How the requests of a rate arrive.
    arrivals: Arrivals,
    /// How long the whole search may take.
    pub(super) budget: Option<Duration>,
    /// Prompts of the data set.
    pub(super) rows: u64,
    pub(super) dir: PathBuf,
    pub(super) overwrite: bool,
    pub(super) progress: ProgressFormat,
    pub(super) lang: Lang,
    pub(super) wait_ready_ms: Option<u64>,
    pub(super) notes: Vec<String>,
}

impl MaxLoadSettings {
    /// The load of a probe.
    pub(super) fn load(&self, load: f64) -> Load {
        match self.unit {
            LoadUnit::Rate => Load::Rate(ArrivalRate {
                per_second: load,
                arrivals: self.arrivals,
            }),
            LoadUnit::Concurrency => Load::Concurrency(whole_up(load)),
        }
    }

    /// The rule of a probe at this load: it has the requests that its share needs, and lasts 20 × the
    /// largest SLO: at a rate so many arrive; of so many in flight each is asked so often.
    pub(super) fn rule(&self, load: f64) -> ShareRule {
        let least = load * self.requests_of_a_load();
        ShareRule::of(self.share, u64::from(whole_up(least)))
    }

    /// Requests of a probe for each one that arrives in a second, or that is in flight.
    fn requests_of_a_load(&self) -> f64 {
        match self.unit {
            LoadUnit::Rate => LONG * self.largest_s(),
            LoadUnit::Concurrency => LONG,
        }
    }

    /// Requests of a probe at the least.
    pub(super) fn fewest(&self) -> u64 {
        ShareRule::of(self.share, 0).requests
    }

    /// The highest load that a side may be tried at: cold prompts are asked once.
    #[expect(clippy::cast_precision_loss, reason = "rows of a data set")]
    pub(super) fn most_of(&self, side: LoadSide) -> f64 {
        let most = self.rows as f64 / self.requests_of_a_load();
        match side {
            LoadSide::Warm => self.to,
            LoadSide::Cold if self.unit.is_whole() => self.to.min(most.floor()),
            LoadSide::Cold => self.to.min(most),
        }
        .max(self.from)
    }

    /// How long a probe takes at least that is not missed at once.
    #[expect(clippy::cast_precision_loss, reason = "requests of a probe")]
    pub(super) fn least_of_probe(&self, load: f64) -> Duration {
        let long = LONG * self.largest_s();
        let seconds = match self.unit {
            LoadUnit::Rate => long.max(self.rule(load).requests as f64 / load),
            LoadUnit::Concurrency => 0.0,
        };
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// The largest limit, s.
    fn largest_s(&self) -> f64 {
        let limits = self.slo.limits().into_iter().map(|(_, ms)| ms / 1e3);
        limits.fold(0.0, f64::max)
    }
}

/// The least time that a search takes which finds a load on both sides, s: over all places at which
/// the most may lie, the smallest sum of what the loads take that are met.
pub(super) fn least_seconds(settings: &MaxLoadSettings) -> f64 {
    let of_side = |side: LoadSide| {
        let search = LoadSearch::between(settings.from, settings.most_of(side), settings.unit);
        least_from(&search, settings)
    };
    of_side(LoadSide::Cold) + of_side(LoadSide::Warm)
}

fn least_from(search: &LoadSearch, settings: &MaxLoadSettings) -> f64 {
    let Some(load) = search.next() else {
        // Where nothing is met, nothing is found.
        return search.found().value.map_or(f64::INFINITY, |_| 0.0);
    };
    let after = |is_met| {
        let mut next = search.clone();
        next.take(load, is_met);
        least_from(&next, settings)
    };
    let met = settings.least_of_probe(load).as_secs_f64() + after(true);
    // A load that is far too high is missed at once.
    met.min(after(false))
}

/// Resolves what was given.
///
/// # Errors
/// [`Usage`] naming the setting, and what is wrong with the data set.
pub(super) fn resolve(args: MaxLoadArgs) -> anyhow::Result<MaxLoadSettings> {
    let unit = args.by.map_or(LoadUnit::Rate, LoadUnitWord::means);
    let mut run = settings::merged(args.run)?;
    run.config = None;
    refuse_what_it_decides(&run)?;
    let (from, to) = ends(unit, args.from, args.to)?;
    let share = share(args.share)?;
    let budget = time_budget(run.budget.take())?;
    if unit == LoadUnit::Rate {
        // Any: each probe has its own.
        run.request_rate = Some(vec![from]);
    }
    let own_folder = run.output_dir.is_some();
    let overwrite = run.overwrite.unwrap_or(false);
    let mut resolved = settings::resolve(run)?;
    let Some(slo) = resolved.plan.slo else {
        return Err(Usage(
            "--slo-file FILE is required: max-load looks for the most load within it, e.g. slo: {ttft_ms: 1000}"
                .to_owned(),
        )
        .into());
    };
    let arrivals = match resolved.plan.levels.first() {
        Some(Load::Rate(rate)) => rate.arrivals,
        _ => Arrivals::Poisson,
    };
    let selection = engine_tokens::samples(&mut resolved.plan)?;
    let settings = MaxLoadSettings {
        slo,
        unit,
        from,
        to,
        share,
        arrivals,
        budget,
        rows: selection.of_level(0).len() as u64,
        dir: if own_folder {
            resolved.plan.output.dir.clone()
        } else {
            FOLDER.into()
        },
        overwrite,
        progress: if resolved.quiet {
            ProgressFormat::None
        } else {
            resolved.progress
        },
        lang: resolved.plan.output.lang,
        wait_ready_ms: resolved.wait_ready_ms,
        notes: resolved.notes,
        plan: resolved.plan,
    };
    enough_rows(&settings)?;
    Ok(settings)
}

/// The time that a search may take.
///
/// # Errors
/// [`Usage`] for a budget in tokens.
fn time_budget(given: Option<Budget>) -> Result<Option<Duration>, Usage> {
    let Some(given) = given else {
        return Ok(None);
    };
    match given.as_ms() {
        Some(ms) => Ok(Some(Duration::from_millis(ms))),
        None => Err(Usage(format!(
            "--budget {given}: a search is bounded by time, e.g. --budget 30m"
        ))),
    }
}

/// Refuses what a search decides itself, and what has no place in it.
fn refuse_what_it_decides(args: &RunArgs) -> Result<(), Usage> {
    let is_given = [
        (args.concurrency.is_some(), "--concurrency"),
        (args.request_rate.is_some(), "--request-rate"),
        (args.replay.is_some(), "--replay"),
        (args.replay_speed.is_some(), "--replay-speed"),
        (args.gap_cap.is_some(), "--gap-cap"),
        (args.timestamp_unit.is_some(), "--timestamp-unit"),
        (args.turns.is_some(), "--turns"),
        (args.rounds.is_some(), "--rounds"),
        (args.shared_prefix.is_some(), "--shared-prefix"),
        (args.until.is_some(), "--until"),
        (args.shuffle_round2.is_some(), "--shuffle-round2"),
        (args.duration.is_some(), "--duration"),
        (args.sampling.is_some(), "--sampling"),
        (args.fail_if.is_some(), "--fail-if"),
        (args.require_cold.is_some(), "--require-cold"),
        (args.resume.is_some(), "--resume"),
        (args.metrics_listen.is_some(), "--metrics-listen"),
        (args.remote_write.is_some(), "--remote-write"),
        (args.print_config.is_some(), "--print-config"),
    ];
    match is_given.into_iter().find(|(given, _)| *given) {
        Some((_, flag)) => Err(Usage(format!(
            "{flag}: max-load finds the load itself, by cold and warm probes: leave {flag} out (--by, --from, --to and --share are what it takes)"
        ))),
        None => Ok(()),
    }
}

fn ends(unit: LoadUnit, from: Option<f64>, to: Option<f64>) -> Result<(f64, f64), Usage> {
    let most: f64 = if unit.is_whole() { 512.0 } else { 1000.0 };
    let from = from.unwrap_or(1.0);
    let to = to.unwrap_or_else(|| most.max(from));
    for (flag, load) in [("--from", from), ("--to", to)] {
        if !(load.is_finite() && load > 0.0) {
            return Err(Usage(format!("{flag} {load}: give a load above 0")));
        }
        if unit.is_whole() && load.fract() > 0.0 {
            return Err(Usage(format!(
                "{flag} {load}: requests in flight are a whole number"
            )));
        }
        if unit == LoadUnit::Rate {
            settings::rate_in_reach(flag, load)?;
        }
    }
    if from > to {
        return Err(Usage(format!("--from {from} is above --to {to}")));
    }
    Ok((from, to))
}

fn share(given: Option<f64>) -> Result<f64, Usage> {
    let share = given.unwrap_or(0.99);
    if (0.5..=0.999).contains(&share) {
        return Ok(share);
    }
    Err(Usage(format!(
        "--share {share}: give the share of requests that must be within the SLO, 0.5 to 0.999"
    )))
}

/// The lowest load at least can be tried with prompts that are each asked once.
fn enough_rows(settings: &MaxLoadSettings) -> Result<(), Usage> {
    let (needed, rows) = (settings.rule(settings.from).requests, settings.rows);
    if rows >= needed {
        return Ok(());
    }
    let (share, from) = (settings.share, settings.from);
    Err(Usage(format!(
        "--dataset has {rows} prompts, and a cold probe at --from {from} asks {needed} different ones (--share {share}, and 20 × the largest SLO): give more rows (dualround generate makes some), a smaller --share or --from"
    )))
}
