//! `dualround compare`: saved runs against a base run.

use super::{saved, saved::SavedRun};
use crate::screen::{alarm, print};
use crate::{
    args::{CompareArgs, words::LangWord},
    comparable::{self, Difference},
    exit::{self, Usage},
    gate::Gate,
    gate_schema::Levels,
    prices,
};
use dualround_model::{Lang, PriceTable, RunChange, Which};
use dualround_report::{
    ComparedRun, GateResult, Versus, junit, level_change_json, load_text, versus_json,
    versus_markdown, versus_table,
};
use dualround_stats::{RunData, versus};
use std::{fs, path::Path};

/// Runs `dualround compare`: one run against another.
pub(crate) fn run(args: &CompareArgs) -> anyhow::Result<u8> {
    let lang = LangWord::or_locale(args.lang);
    let gates: Result<Vec<Gate>, Usage> = args.fail_if.iter().map(|g| Gate::parse(g)).collect();
    let gates = gates?;
    gates
        .iter()
        .try_for_each(|gate| gate.fits(Levels::Compare))?;
    if let Some(margin) = args.margin.filter(|margin| !(0.0..1.0).contains(margin)) {
        return Err(Usage(format!(
            "--margin {margin}: give a share from 0 to 1, e.g. 0.05"
        ))
        .into());
    }
    let piped = [&args.json, &args.markdown, &args.junit];
    let piped = piped.into_iter().flatten();
    let piped = piped
        .filter(|path| path.as_path() == Path::new("-"))
        .count();
    if piped > 1 {
        let why = "only one of --json, --markdown and --junit can go to stdout (-); give the others a file";
        return Err(Usage(why.to_owned()).into());
    }
    let (base_dir, new_dirs) = match args.dirs.split_first() {
        Some((base, rest)) if !rest.is_empty() => (base, rest),
        _ => return Err(Usage("compare needs two folders of runs: BASE NEW…".to_owned()).into()),
    };
    let prices = args.prices.as_deref().map(prices::read).transpose()?;
    let base = whole(base_dir, prices.as_ref())?;
    let mut found = Vec::new();
    for dir in new_dirs {
        let new = whole(dir, prices.as_ref())?;
        found.push((dir, compared(&base, base_dir, &new, dir, args)?, new));
    }
    let all: Vec<Versus<'_>> = found
        .iter()
        .map(|(dir, change, new)| Versus {
            base: side(base_dir, &base),
            new: side(dir, new),
            change,
        })
        .collect();
    let results = held(&gates, &all, lang)?;
    write(args.json.as_deref(), || {
        let text = serde_json::to_string_pretty(&versus_json(&all)).unwrap_or_default();
        text + "\n"
    })?;
    write(args.markdown.as_deref(), || {
        all.iter()
            .map(|one| versus_markdown(*one, lang))
            .collect::<Vec<_>>()
            .join("\n")
    })?;
    write(args.junit.as_deref(), || junit(&all, &results))?;
    if piped == 0 {
        for one in &all {
            print(&versus_table(*one, lang));
        }
    }
    let mut code = exit::OK;
    for result in &results {
        if let Some(reason) = &result.failed {
            alarm(&format!("{}: {reason} (exit code 4)", result.name));
            code = exit::GATE;
        }
    }
    Ok(code)
}

fn side<'a>(dir: &'a Path, run: &'a SavedRun) -> ComparedRun<'a> {
    let run = &run.info;
    ComparedRun { dir, run }
}

/// A run that has something to compare.
fn whole(dir: &Path, prices: Option<&PriceTable>) -> anyhow::Result<SavedRun> {
    let run = saved::read_as(dir, |plan| {
        plan.prices = prices.cloned().or(plan.prices.take());
    })?;
    prices::check_model(&run.info.plan)?;
    if run.rounds.is_empty() {
        let dir = dir.display();
        return Err(Usage(format!("{dir}: the run has no finished round to compare")).into());
    }
    Ok(run)
}

/// The comparison of two runs, or why there is none.
fn compared(
    base: &SavedRun,
    base_dir: &Path,
    new: &SavedRun,
    dir: &Path,
    args: &CompareArgs,
) -> anyhow::Result<RunChange> {
    let differences = comparable::differences(&base.info, &new.info);
    let (allowed, refused): (Vec<_>, Vec<_>) = differences.into_iter().partition(|difference| {
        args.allow
            .iter()
            .any(|kind| kind.means() == difference.kind)
    });
    if !refused.is_empty() {
        let why: Vec<String> = refused
            .iter()
            .map(|difference| format!("  {}", difference.text(Lang::En)))
            .collect();
        let mut kinds: Vec<&str> = refused.iter().map(|d| d.kind).collect();
        kinds.dedup();
        return Err(Usage(format!(
            "{} and {} are not comparable:\n{}\nto compare them all the same: --allow {}",
            base_dir.display(),
            dir.display(),
            why.join("\n"),
            kinds.join(" --allow ")
        ))
        .into());
    }
    let mut change = versus(
        RunData {
            rounds: &base.rounds,
            levels: &base.comparison.levels,
        },
        RunData {
            rounds: &new.rounds,
            levels: &new.comparison.levels,
        },
        args.margin,
    );
    if change.levels.is_empty() {
        return Err(Usage(format!(
            "{} and {} have no level in common: [{}] and [{}]",
            base_dir.display(),
            dir.display(),
            base.info.plan.level_names().join(", "),
            new.info.plan.level_names().join(", ")
        ))
        .into());
    }
    let allowed = allowed.into_iter().map(Difference::caveat);
    change.caveats.extend(allowed);
    change
        .caveats
        .extend(comparable::remarks(&base.info, &new.info));
    Ok(change)
}

/// Every gate against every level of every run; it fails of a level that one of them lacks.
fn held(gates: &[Gate], all: &[Versus<'_>], lang: Lang) -> Result<Vec<GateResult>, Usage> {
    let mut out = Vec::new();
    for gate in gates {
        for versus in all {
            for level in &versus.change.levels {
                let failed = gate.check(&level_change_json(level))?.failure(gate, lang);
                let (dir, at) = (versus.new.dir.display(), load_text(level.load, lang));
                let name = format!("--fail-if '{}' for {dir} at {at}", gate.text());
                out.push(GateResult { name, failed });
            }
            for level in &versus.change.missing {
                let (dir, at) = (versus.new.dir.display(), load_text(level.load, lang));
                let name = format!("--fail-if '{}' for {dir} at {at}", gate.text());
                let words = match level.only_in {
                    Which::New => ["the level is in the new run only", "只有新运行有该负载级别"],
                    Which::Base | Which::Both => [
                        "the level is in the base run only",
                        "只有基准运行有该负载级别",
                    ],
                };
                let failed = Some(lang.pick(words).to_owned());
                out.push(GateResult { name, failed });
            }
        }
    }
    Ok(out)
}

/// To a file, or to stdout as `-`.
fn write(path: Option<&Path>, text: impl FnOnce() -> String) -> Result<(), Usage> {
    match path {
        None => Ok(()),
        Some(path) if path == Path::new("-") => {
            print(text().trim_end_matches('\n'));
            Ok(())
        }
        Some(path) => fs::write(path, text())
            .map_err(|error| Usage(format!("cannot write {}: {error}", path.display()))),
    }
}
