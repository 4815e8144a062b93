//! `dualround check dataset`: what a file holds, and the first request that a run would send.

use super::check::{CheckTarget, line, settle, show_request};
use crate::{
    args::CheckDatasetArgs, engine_tokens::to_token_ids, exit, exit::Usage, hint, progress,
    replay_words::replay_words, screen::print,
};
use dualround_dataset::{BadLine, DatasetError, Inspection, inspect, load};
use dualround_loadgen::sendable;
use dualround_model::{Lang, Warning};
use dualround_report::{sessions_text, warning_text};

/// Runs `dualround check dataset`: what is read of it, and the first request.
pub(crate) fn run(args: CheckDatasetArgs) -> anyhow::Result<u8> {
    let own = CheckTarget {
        dataset: args.file,
        ..CheckTarget::default()
    };
    let settled = settle(args.run, own)?;
    if let Some(text) = &settled.print_config {
        print(text);
        return Ok(exit::OK);
    }
    if !settled.has_dataset {
        return Err(Usage("give the file: dualround check dataset FILE".to_owned()).into());
    }
    let plan = settled.plan;
    let reading = progress::reading(&[&plan.dataset.path]);
    let found = inspect(&plan.dataset)?;
    let selection = load(&plan.dataset, plan.levels.len());
    drop(reading);
    let (lang, name) = (plan.output.lang, plan.dataset.path.display());
    line(&lang.pick([format!("file: {name}"), format!("文件：{name}")]));
    describe(&found, lang);
    if found.first.is_none() {
        let name = plan.dataset.path.display().to_string();
        let detail = String::new();
        return Err(DatasetError::Empty { name, detail }.into());
    }
    match selection {
        Ok(mut selection) => {
            if let Some(facts) = &selection.sessions {
                line(&lang.pick(sessions_text(facts)));
            }
            // Without a server to ask, a run's own look is left to the run.
            if plan.request.prompt_token_ids
                && (plan.dataset.tokenizer.is_some() || settled.has_endpoint)
            {
                to_token_ids(&plan, &mut selection)?;
            }
            for (level, samples) in (0..).zip(&selection.levels) {
                sendable(&plan, samples)?;
                if let Some(text) = replay_words(&plan, level, samples)? {
                    line(&text);
                }
            }
            if let Some(sample) = selection.of_level(0).first() {
                show_request(&plan, sample, settled.has_endpoint)?;
            }
        }
        Err(error) => {
            let advice = in_brackets(hint::dataset_flag(&error), lang);
            line(&lang.pick([
                format!("a run would refuse it: {error}{advice}"),
                format!("运行会拒绝它：{error}{advice}"),
            ]));
            return Ok(exit::USAGE);
        }
    }
    Ok(if found.bad.is_empty() || plan.dataset.skip_bad_rows {
        exit::OK
    } else {
        exit::USAGE
    })
}

fn describe(found: &Inspection, lang: Lang) {
    let say = |both: [String; 2]| line(&lang.pick(both));
    let (rows, usable) = (found.rows, found.usable);
    say([
        format!("format: {}", found.format),
        format!("格式：{}", found.format),
    ]);
    say([
        format!("rows: {rows} ({usable} usable)"),
        format!("行数：{rows}（可用 {usable}）"),
    ]);
    for (reason, count) in &found.skipped {
        say([
            format!("  left out: {count} {reason}"),
            format!("  未使用：{count} {reason}"),
        ]);
    }
    for BadLine { number, error } in &found.bad {
        let advice = in_brackets(hint::row_flag(error), lang);
        say([
            format!("  line {number}: {error}{advice}"),
            format!("  第 {number} 行：{error}{advice}"),
        ]);
    }
    if !found.unsent.is_empty() {
        let fields = found.unsent.clone();
        line(&warning_text(&Warning::RowFieldsUnsent { fields }, lang));
    }
    let characters = lang.pick(["characters", "字符数"]);
    for (unit, lengths) in [(characters, found.chars), ("tokens", found.tokens)] {
        if let Some([min, mid, high, max]) = lengths {
            say([
                format!("{unit}: min {min}, P50 {mid}, P99 {high}, max {max}"),
                format!("{unit}：最小值 {min}，P50 {mid}，P99 {high}，最大值 {max}"),
            ]);
        }
    }
    let shared = 100.0 * found.shared_prefix_share;
    say([
        format!("repeated prompts: {}", found.duplicates),
        format!("重复的提示词：{}", found.duplicates),
    ]);
    say([
        format!(
            "shared beginnings: {shared:.1} % of all characters stand in an earlier prompt too"
        ),
        format!("共享前缀：全部字符的 {shared:.1}% 也出现在更早的提示词中"),
    ]);
    say([
        format!("rows with an output length: {}", found.row_output_lengths),
        format!("自带输出长度的行：{}", found.row_output_lengths),
    ]);
    say([
        format!("prompts with a system message: {}", found.with_system),
        format!("带系统消息的提示词：{}", found.with_system),
    ]);
}

/// Advice behind what is wrong, if there is any.
fn in_brackets(advice: Option<[&str; 2]>, lang: Lang) -> String {
    advice.map_or_else(String::new, |advice| {
        let [en, zh] = advice;
        lang.pick([format!(" ({en})"), format!("（{zh}）")])
    })
}
