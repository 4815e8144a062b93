//! `dualround max-load`: the most load that a server takes within an SLO, cold and warm. Each load
//! that is tried is a run of its own, in a folder below that of the search.

mod folder;
mod probe;
mod settings;

use crate::{
    args::MaxLoadArgs,
    exit::{self, Usage},
    screen::{files, note, print},
    signals,
};
use anyhow::Context;
use dualround_loadgen::Cancel;
use dualround_model::{LoadBound, LoadSide, MaxLoad, MostLoad, ProbeVerdict, three_digits};
use dualround_report::{max_load_text, probe_text};
use dualround_stats::LoadSearch;
use probe::LoadProber;
use settings::{MaxLoadSettings, least_seconds};
use std::{sync::atomic::Ordering::SeqCst, time::Instant};

/// Runs `dualround max-load`.
pub(crate) fn run(args: MaxLoadArgs) -> anyhow::Result<u8> {
    let settings = settings::resolve(args)?;
    for text in &settings.notes {
        note(text);
    }
    folder::check(&settings)?;
    refuse_small_budget(&settings)?;
    let cancel = Cancel::new();
    let signal = signals::listen(&cancel);
    let began = Instant::now();
    let mut sides = Vec::new();
    let mut prober = LoadProber::new(&settings, &cancel, &signal);
    for side in [LoadSide::Cold, LoadSide::Warm] {
        sides.push(search(side, &settings, &mut prober, began)?);
        // What is there is not lost, whatever becomes of the other side.
        let found = MaxLoad::of(settings.share, settings.fewest(), sides.clone());
        folder::write(&settings, &found)?;
        if cancel.is_cancelled() {
            break;
        }
    }
    let found = MaxLoad::of(settings.share, settings.fewest(), sides);
    print(&max_load_text(&found, &settings.slo, settings.lang));
    files(&settings.dir, settings.lang);
    Ok(match signal.load(SeqCst) {
        0 if found.sides.iter().any(is_short) => exit::NOTHING,
        code => code,
    })
}

/// The budget ended the search of a side.
fn is_short(side: &MostLoad) -> bool {
    side.bound == Some(LoadBound::Unfinished)
}

/// Refuses a budget in which no search can end, whatever is found.
///
/// # Errors
/// [`Usage`] with the time that it takes at least.
fn refuse_small_budget(settings: &MaxLoadSettings) -> Result<(), Usage> {
    let Some(budget) = settings.budget else {
        return Ok(());
    };
    let needed = least_seconds(settings);
    if budget.as_secs_f64() >= needed {
        return Ok(());
    }
    let seconds = needed.ceil();
    Err(Usage(format!(
        "--budget {} s: a search from {} to {} takes {seconds} s at least to find anything (a load that is met takes 20 × the largest SLO, and as long as its requests take to arrive): give --budget {seconds}s or more, a smaller --share, or --from and --to nearer to each other",
        budget.as_secs_f64(),
        settings.from,
        settings.to
    )))
}

/// Searches one side.
fn search(
    side: LoadSide,
    settings: &MaxLoadSettings,
    prober: &mut LoadProber<'_>,
    began: Instant,
) -> anyhow::Result<MostLoad> {
    let to = settings.most_of(side);
    if to < settings.to {
        note(&settings.lang.pick(too_few_rows(settings, to)));
    }
    let mut search = LoadSearch::between(settings.from, to, settings.unit);
    // None for a budget that reaches beyond all instants.
    let deadline = settings.budget.and_then(|budget| began.checked_add(budget));
    let (mut probes, mut bound) = (Vec::new(), None);
    while let Some(load) = search.next() {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left <= settings.least_of_probe(load)) {
            break;
        }
        let number = probes.len() + 1;
        let probed = prober
            .probe(side, load, number, deadline)
            .with_context(|| format!("{} probe {number}", side.name()))?;
        note(
            &settings
                .lang
                .pick(probe_text(side, number, settings.unit, &probed.probe)),
        );
        let verdict = probed.probe.verdict;
        probes.push(probed.probe);
        if probed.contaminated {
            bound = Some(LoadBound::Contaminated);
            break;
        }
        if verdict == ProbeVerdict::CutShort {
            break;
        }
        search.take(load, verdict == ProbeVerdict::Met);
    }
    let found = search.found();
    let bound = bound.or(found.bound);
    let is_taken_back = bound == Some(LoadBound::Contaminated);
    Ok(MostLoad {
        side,
        value: if is_taken_back { None } else { found.value },
        not_met: found.not_met,
        unit: settings.unit,
        bound,
        probes,
    })
}

/// The data set bounds the cold side: a probe asks each of its prompts once.
fn too_few_rows(settings: &MaxLoadSettings, to: f64) -> [String; 2] {
    let rows = settings.rows;
    [
        format!(
            "the data set has {rows} prompts, and a cold probe asks each once: up to {} is tried, not {}; more rows allow more (and a larger --num-samples, where it is given)",
            three_digits(to),
            settings.to
        ),
        format!(
            "数据集有 {rows} 条提示词，而冷侧每次探测每条只问一次：最高尝试到 {}，而不是 {}；行数（或给出的 --num-samples）更多则可更高",
            three_digits(to),
            settings.to
        ),
    ]
}
