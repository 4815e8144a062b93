//! `dualround generate`: a workload whose prompts share beginnings.

use super::convert::whole_or_nothing;
use crate::screen::note;
use crate::{
    args::{GenerateArgs, spoken},
    exit,
    exit::Usage,
    hub, settings,
};
use dualround_dataset::{FileTokenizer, Length, Workload};

/// Runs `dualround generate`: makes a workload and says what share of it a cold round could hit.
pub(crate) fn run(args: &GenerateArgs) -> anyhow::Result<u8> {
    let output = args.output_length.as_deref();
    let mut workload = Workload {
        groups: args.groups,
        prompts: args.prompts.unwrap_or(args.groups.saturating_mul(10)),
        shared: length("--shared", &args.shared)?,
        unique: length("--unique", &args.unique)?,
        output: output
            .map(|text| length("--output-length", text))
            .transpose()?,
        zipf: args.zipf,
        turns: args.turns,
        gap_s: gap(args)?,
        lang: args.text.means(),
        seed: args.seed,
    };
    if !args.zipf.is_finite() || args.zipf < 0.0 {
        return Err(Usage(format!("--zipf {}: give 0 or more", args.zipf)).into());
    }
    if let Some(ratio) = args.hit_ratio {
        workload.aim_at(ratio)?;
    }
    let network = settings::network_plan(&args.network)?;
    let tokens = hub::tokenizer(args.tokenizer.as_deref(), &network)?;
    let tokens = tokens.as_deref().map(FileTokenizer::open).transpose()?;
    let made = whole_or_nothing(&args.output, |out| {
        workload.write(tokens.as_ref(), out).map_err(Into::into)
    })?;
    let (file, rows, length) = (args.output.display(), made.rows, made.length);
    let share = 100.0 * made.cold_share;
    note(&spoken().pick([
        format!(
            "{file}: {rows} rows, {length} words; {share:.1} % of them stand at the beginning of an earlier row too: what a cold round could hit in a cache that forgets nothing. A warm round could hit all but each prompt's last token and last part of a block"
        ),
        format!(
            "{file}：{rows} 行，{length} 个词；其中 {share:.1}% 也位于更早某行的开头，即缓存不驱逐时冷轮可命中的比例。热轮可命中除每个提示词最后一个 token 与最后一个不完整缓存块以外的全部"
        ),
    ]));
    Ok(exit::OK)
}

/// The wait before each turn but the first, s.
fn gap(args: &GenerateArgs) -> Result<Option<f64>, Usage> {
    match args.gap {
        Some(_) if args.turns < 2 => Err(Usage(
            "--gap is the wait between two turns: give --turns 2 or more with it".to_owned(),
        )),
        Some(gap) if !gap.is_finite() || gap < 0.0 => {
            Err(Usage(format!("--gap {gap}: give seconds, 0 or more")))
        }
        gap => Ok(gap),
    }
}

fn length(flag: &str, text: &str) -> Result<Length, Usage> {
    text.parse().map_err(|why| Usage(format!("{flag}: {why}")))
}
