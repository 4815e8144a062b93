//! Below the first screen: places for the charts and the table of requests, the plan, the
//! environment, and every definition.

use super::{both, escape, spans};
use crate::{
    TermKind,
    json::arrivals::load,
    labels,
    report_input::ReportInput,
    terms,
    words::{cost::round_cost, level_cell, load_head, load_kind},
};
use dualround_model::Lang;
use std::io::{self, Write};

/// Writes the sections below the first screen.
pub(super) fn write(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    costs(page, out)?;
    writeln!(
        out,
        "<noscript><p>{}</p></noscript>",
        both(
            "Charts and the table of requests need JavaScript; everything above does not.",
            "图表与请求表需要 JavaScript，以上内容不需要。"
        )
    )?;
    let [kind, kind_zh] = load_kind(page.run.plan.own_load(0));
    let over = [format!("Over {kind}"), format!("随{kind_zh}的变化")];
    charts(out, "sweep", [&over[0], &over[1]], "")?;
    let chooser = "<div class=\"levels\" id=\"levels\" role=\"group\"></div>";
    charts(out, "charts", ["Within a level", "单个负载级别"], chooser)?;
    let title = [
        "Server metrics, from the start of each round",
        "Prometheus 指标（各轮自开始起对齐）",
    ];
    charts(out, "metrics", title, "")?;
    writeln!(
        out,
        "<section><h2>{}</h2><div id=\"requests\"></div></section>",
        both("Requests", "请求")
    )?;
    json(
        out,
        &both("Resolved plan", "最终生效的计划"),
        &page.run.plan,
    )?;
    json(
        out,
        &both("Environment and servers", "环境与服务"),
        &environment(page),
    )?;
    definitions(out)
}

/// What each round cost, where the run has prices.
fn costs(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut priced = page
        .rounds
        .iter()
        .filter(|round| round.summary.cost.is_some())
        .peekable();
    if priced.peek().is_none() {
        return Ok(());
    }
    let [[head, head_zh], _] = load_head(page.run.plan.own_load(0));
    writeln!(
        out,
        "<section id=\"costs\"><h2>{}</h2><table><caption class=\"unseen\">{}</caption><thead><tr>\
         <th scope=\"col\">{}</th><th scope=\"col\" class=\"words\">{}</th><th scope=\"col\" class=\"words\">{}</th></tr></thead><tbody>",
        both("Cost", "费用"),
        both("Cost of each round", "各轮的费用"),
        both(head, head_zh),
        both("Round", "轮次"),
        both("Cost of its successful requests", "成功请求的费用")
    )?;
    for round in priced {
        let Some(cost) = &round.summary.cost else {
            continue;
        };
        let [en, zh] = round_cost(cost);
        let [name, name_zh] = level_cell(round.meta.load, &page.level_name(round.meta.level));
        let spec = round.meta.spec;
        let [kind, kind_zh] = [Lang::En, Lang::Zh].map(|lang| labels(lang).kind(spec));
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"word\">{} ({})</td><td class=\"words\">{}</td></tr>",
            both(&name, &name_zh),
            spec.number,
            both(&kind, &kind_zh),
            both(&en, &zh)
        )?;
    }
    writeln!(out, "</tbody></table></section>")
}

/// A section for charts, and for what is left out of them; the scripts show it where there is any.
fn charts(out: &mut impl Write, id: &str, [en, zh]: [&str; 2], controls: &str) -> io::Result<()> {
    let title = both(en, zh);
    writeln!(
        out,
        "<section id=\"{id}-section\" hidden><h2>{title}</h2>{controls}\
         <div class=\"grid\" id=\"{id}\"></div><div id=\"{id}-left-out\"></div></section>"
    )
}

fn environment(page: ReportInput<'_>) -> serde_json::Value {
    let run = page.run;
    serde_json::json!({
        "run_id": run.run_id,
        "version": run.version,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "interrupted": run.interrupted,
        "environment": run.environment,
        "dataset": run.dataset,
        "engines": run.engines,
        "canary": run.canary,
        "reuse": run.reuse,
        "client": page.rounds.iter().map(|round| serde_json::json!({
            "concurrency": round.meta.load.concurrency(),
            "load": load(round.meta.load),
            "round": round.meta.spec.number,
            "health": round.summary.client,
        })).collect::<Vec<_>>(),
    })
}

fn json(out: &mut impl Write, title: &str, value: &impl serde::Serialize) -> io::Result<()> {
    let text = escape(&serde_json::to_string_pretty(value)?);
    writeln!(
        out,
        "<section><h2>{title}</h2><details><summary>JSON</summary><pre tabindex=\"0\">{text}</pre></details></section>"
    )
}

fn definitions(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<section><h2>{}</h2>", both("Definitions", "定义"))?;
    for kind in TermKind::ALL {
        let [en, zh] = [Lang::En, Lang::Zh].map(|lang| kind.title(lang));
        writeln!(out, "<details><summary>{}</summary><dl>", both(en, zh))?;
        for term in terms(kind) {
            let titles = [Lang::En, Lang::Zh].map(|lang| term.title(lang));
            let texts = [Lang::En, Lang::Zh].map(|lang| term.text(lang));
            writeln!(
                out,
                "<dt id=\"def-{}\">{}</dt><dd>{}</dd>",
                escape(term.id),
                spans(titles),
                spans(texts)
            )?;
        }
        writeln!(out, "</dl></details>")?;
    }
    writeln!(out, "</section>")
}
