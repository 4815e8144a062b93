//! `dualround check`: looks before anything is measured, with the settings of the run that is to come.

use crate::screen::{note, print};
use crate::{
    args::{RunArgs, SettingSource},
    endpoint::socket_url,
    exit::Usage,
    settings,
};
use dualround_loadgen::preview;
use dualround_model::{Api, ColdPolicy, Lang, Plan, Sample};
use dualround_report::safe_text;
use std::path::PathBuf;

/// Characters of a body that are shown.
const SHOWN: usize = 3000;

pub(super) fn line(text: &str) {
    print(&safe_text(text));
}

/// What a check needs of a run: the settings, with what was given as the command's own word.
#[derive(Default)]
pub(super) struct CheckTarget {
    pub(super) dataset: Option<PathBuf>,
    pub(super) endpoint: Option<String>,
    /// A page of metrics.
    pub(super) page: Option<String>,
}

/// What a check has settled.
pub(super) struct CheckSettings {
    pub(super) plan: Plan,
    /// A data set was named.
    pub(super) has_dataset: bool,
    /// An endpoint was named.
    pub(super) has_endpoint: bool,
    /// Pages of metrics as they were given, the command's own first.
    pub(super) pages: Vec<String>,
    /// Print this and stop (`--print-config`).
    pub(super) print_config: Option<String>,
}

/// The settings of the run; a data set or an endpoint that the check can do without may be missing.
///
/// # Errors
/// [`Usage`] naming the setting.
pub(super) fn settle(run: RunArgs, own: CheckTarget) -> Result<CheckSettings, Usage> {
    let mut args = settings::merged(run)?;
    if own.dataset.is_some() {
        refuse_twice(&args, "dataset")?;
        args.dataset = own.dataset;
    }
    if own.endpoint.is_some() {
        refuse_twice(&args, "endpoint")?;
        args.endpoint = own.endpoint;
    }
    if let Some(page) = own.page {
        let pages = args.prometheus_url.get_or_insert_default();
        pages.insert(0, page);
    }
    let pages = args.prometheus_url.iter().flatten();
    let pages: Vec<String> = pages
        .map(|page| socket_url(page).unwrap_or_else(|| page.clone()))
        .collect();
    let (has_dataset, has_endpoint) = (args.dataset.is_some(), args.endpoint.is_some());
    args.dataset.get_or_insert_with(|| "-".into());
    args.endpoint
        .get_or_insert_with(|| "http://localhost".to_owned());
    let resolved = settings::resolve(args)?;
    if resolved.print_config.is_none() {
        // Nothing is drawn that could be repeated.
        for text in resolved
            .notes
            .iter()
            .filter(|text| !text.starts_with("seed: "))
        {
            note(text);
        }
    }
    Ok(CheckSettings {
        plan: resolved.plan,
        has_dataset,
        has_endpoint,
        pages,
        print_config: resolved.print_config,
    })
}

/// Refuses a setting that was given as a word of its own when a flag gives it too.
fn refuse_twice(args: &RunArgs, setting: &str) -> Result<(), Usage> {
    if args.sources.get(setting) != Some(&SettingSource::Flag) {
        return Ok(());
    }
    Err(Usage(format!(
        "--{setting} stands beside the same as a word of its own: give one"
    )))
}

/// Shows a request as the run would send it.
pub(super) fn show_request(plan: &Plan, sample: &Sample, has_endpoint: bool) -> anyhow::Result<()> {
    let mut plan = plan.clone();
    if plan.model.is_empty() {
        let listed = plan
            .output
            .lang
            .pick(["(the one that the server lists)", "（服务列出的模型）"]);
        listed.clone_into(&mut plan.model);
    }
    let lang = plan.output.lang;
    let shown = preview(&plan, sample)?;
    line(lang.pick(["first request:", "第一个请求："]));
    if has_endpoint {
        line(&format!("POST {}", shown.url));
        for (name, value) in &shown.headers {
            line(&format!("{name}: {value}"));
        }
    }
    line(&shorten(&serde_json::to_string_pretty(&shown.body)?, lang));
    line(lang.pick(freshness(plan.cold.policy)));
    if plan.api() == Api::Messages {
        line(&breakpoints(&shown.breakpoints, lang));
    }
    Ok(())
}

/// What a cold round puts into the request.
fn freshness(policy: ColdPolicy) -> [&'static str; 2] {
    match policy {
        ColdPolicy::Auto => [
            "each cold round puts a value of its own before the first text (or into the engine's field that separates caches, where that is proven)",
            "每个冷轮在第一段文本前加一个自己的值（已证实能隔离缓存时，改写入引擎的对应字段）",
        ],
        ColdPolicy::Salt => [
            "each cold round puts a value of its own into the engine's field that separates caches",
            "每个冷轮在引擎用于隔离缓存的字段中写入自己的值",
        ],
        ColdPolicy::Reset | ColdPolicy::None => ["cold rounds send it as it is", "冷轮原样发送"],
    }
}

/// Where the cache is asked to keep the prompt up to.
fn breakpoints(places: &[(String, String)], lang: Lang) -> String {
    if places.is_empty() {
        let none = lang.pick([
            "cache_control: no breakpoint; a cache that is asked for keeps nothing (--cache-control places them)",
            "cache_control：没有断点；只按要求缓存的服务不会缓存任何内容（--cache-control 会加上断点）",
        ]);
        return none.to_owned();
    }
    let shown = places.iter().map(|(place, ttl)| format!("{place} ({ttl})"));
    let shown: Vec<String> = shown.collect();
    let shown = shown.join(", ");
    lang.pick([
        format!("cache_control: breakpoints at the end of {shown}"),
        format!("cache_control：断点位于以下各处末尾：{shown}"),
    ])
}

fn shorten(text: &str, lang: Lang) -> String {
    let length = text.chars().count();
    if length <= SHOWN {
        return text.to_owned();
    }
    // The fields behind a long prompt are what one wants to see.
    let start: String = text.chars().take(SHOWN / 2).collect();
    let end: String = text.chars().skip(length - SHOWN / 2).collect();
    let left_out = length - SHOWN;
    lang.pick([
        format!("{start} … ({left_out} characters) … {end}"),
        format!("{start} …（{left_out} 个字符）… {end}"),
    ])
}
