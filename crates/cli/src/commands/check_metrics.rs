//! `dualround check metrics`: what a page, or a Prometheus server, has.

use super::check::{CheckTarget, line, settle};
use crate::{args::CheckMetricsArgs, exit, exit::Usage, screen::print};
use dualround_loadgen::{Clock, Network, PrometheusError, PrometheusServer, fetch, redact_url};
use dualround_model::Secret;
use dualround_wire::{
    FoundMetric, PromSample, Scrape, Selector, error_text, no_page, parse_exposition, toggled_total,
};
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// Values and series that are shown of a metric.
const SHOWN: usize = 4;

/// How long the page may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs `dualround check metrics`: looks by the ways and with the headers that a run would take to such
/// a page; no key goes there.
pub(crate) fn run(args: CheckMetricsArgs) -> anyhow::Result<u8> {
    let own = CheckTarget {
        page: args.url,
        ..CheckTarget::default()
    };
    let settled = settle(args.run, own)?;
    if let Some(text) = &settled.print_config {
        print(text);
        return Ok(exit::OK);
    }
    let Some(url) = settled.pages.first() else {
        return Err(Usage("give the page: dualround check metrics URL".to_owned()).into());
    };
    let names = if args.names.is_empty() {
        settled.plan.prometheus.metrics
    } else {
        args.names
    };
    // `auto` is a choice of a run's own; here all of the page is shown.
    let names: Vec<String> = names.into_iter().filter(|name| name != "auto").collect();
    let source = PageSource {
        url,
        network: Network::new(&settled.plan.request.network, Clock::start())?,
        headers: &settled.plan.prometheus.headers,
    };
    metrics(&source, &names)
}

/// Where metrics are looked for, and how.
struct PageSource<'a> {
    url: &'a str,
    network: Network,
    /// Those of metric sources alone.
    headers: &'a [(String, Secret)],
}

fn metrics(source: &PageSource<'_>, names: &[String]) -> anyhow::Result<u8> {
    let PageSource {
        url,
        network,
        headers,
    } = source;
    let whole = url.starts_with("unix:") || Url::parse(url).is_ok_and(|url| url.has_host());
    if !whole {
        let example = "http://localhost:8000/metrics";
        return Err(Usage(format!("{url}: give a whole URL, e.g. {example}")).into());
    }
    if let Some(found) = PrometheusServer::find(url, network, headers, LIMIT)? {
        return server(found, names);
    }
    page(source, names)
}

fn page(source: &PageSource<'_>, names: &[String]) -> anyhow::Result<u8> {
    let url = source.url;
    let answer = fetch(url, &source.network, source.headers, LIMIT)?;
    if answer.status != 200 {
        let (shown, status) = (redact_url(url), answer.status);
        let words = error_text(&answer.body);
        let said = match &answer.location {
            Some(to) => format!(", a redirect to {}", redact_url(to)),
            None if words.is_empty() => String::new(),
            None => format!(": {words}"),
        };
        return Err(Usage(format!(
            "{shown} answers HTTP {status}{said}; is this the metrics page?"
        ))
        .into());
    }
    if let Some(found) = no_page(&answer.body) {
        let shown = redact_url(url);
        let coding = answer.content_encoding.as_deref().unwrap_or("");
        let coding = match coding {
            "" => String::new(),
            coding => format!(" (Content-Encoding: {coding})"),
        };
        return Err(Usage(format!(
            "{shown} is no page of metrics, but {found}{coding}"
        ))
        .into());
    }
    let page = parse_exposition(&answer.body);
    let all = page.names();
    line(&format!(
        "{} metrics, {} samples, {} unreadable lines",
        all.len(),
        page.samples.len(),
        page.bad_lines
    ));
    if names.is_empty() {
        for name in all {
            describe(&page, name, None);
        }
        return Ok(exit::OK);
    }
    let mut missing = false;
    for name in names {
        let Some((selector, "")) = Selector::parse(name) else {
            let text = "neither NAME nor NAME{label=\"x\"}; only a Prometheus server takes more";
            return Err(Usage(format!("{name}: {text}")).into());
        };
        if describe(&page, &selector.name, Some(&selector)) {
            continue;
        }
        missing = true;
        match page.find(&selector.name) {
            Some(found) => say_series_there(name, &found.samples),
            None => say_close(name, &selector.name, &all),
        }
    }
    Ok(if missing { exit::USAGE } else { exit::OK })
}

fn say_close(asked: &str, name: &str, all: &[&str]) {
    let mut close = all.to_vec();
    // The closest first.
    close.sort_by(|a, b| strsim::jaro_winkler(b, name).total_cmp(&strsim::jaro_winkler(a, name)));
    close.truncate(3);
    line(&format!(
        "{asked}: not there; close names: {}",
        close.join(", ")
    ));
}

/// A metric of which no series meets the conditions.
fn say_series_there(asked: &str, samples: &[&PromSample]) {
    let series: Vec<String> = samples.iter().take(SHOWN).map(|one| one.series()).collect();
    line(&format!(
        "{asked}: no series of it meets these conditions; there are: {}",
        series.join(", ")
    ));
}

/// Type, series and current values; false when there are none.
fn describe(page: &Scrape, name: &str, selector: Option<&Selector>) -> bool {
    let Some(FoundMetric {
        name,
        kind,
        mut samples,
    }) = page.find(name)
    else {
        return false;
    };
    samples.retain(|sample| selector.is_none_or(|selector| selector.takes(sample)));
    if samples.is_empty() {
        return false;
    }
    let values: Vec<String> = samples
        .iter()
        .map(|sample| sample.value.to_string())
        .collect();
    say_series(&name, kind.name(), &values);
    if selector.is_some() {
        for sample in samples.iter().take(SHOWN) {
            line(&format!("  {} {}", sample.series(), sample.value));
        }
    }
    true
}

fn say_series(name: &str, kind: &str, values: &[String]) {
    let shown = values[..values.len().min(SHOWN)].join(", ");
    let more = if values.len() > SHOWN { ", …" } else { "" };
    line(&format!(
        "{name} ({kind}, {} series): {shown}{more}",
        values.len()
    ));
}

/// A Prometheus server: its targets, its metrics, the values of expressions.
fn server(mut server: PrometheusServer, names: &[String]) -> anyhow::Result<u8> {
    line(
        "a Prometheus server: --prometheus-metrics takes PromQL here ($round: range of a round, $since: offset to its start)",
    );
    let targets = server
        .get("targets", &[("state", "active")])
        .unwrap_or_default();
    for target in targets["activeTargets"].as_array().into_iter().flatten() {
        let error = match text_of(&target["lastError"]) {
            "" => String::new(),
            error => format!(": {error}"),
        };
        line(&format!(
            "target {} {} {}, scraped every {}{error}",
            text_of(&target["labels"]["job"]),
            text_of(&target["labels"]["instance"]),
            text_of(&target["health"]),
            text_of(&target["scrapeInterval"]),
        ));
    }
    let all = server.names().unwrap_or_default();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    line(&format!("{} metrics", all.len()));
    if names.is_empty() {
        for name in all {
            line(name);
        }
        return Ok(exit::OK);
    }
    let mut missing = false;
    for asked in names {
        let data = evaluated(&mut server, asked);
        let data = data.map_err(|error| Usage(format!("{asked}: {error}")))?;
        let result = data["result"].as_array().cloned().unwrap_or_default();
        // A scalar is one value.
        let values: Vec<String> = match data["resultType"].as_str() {
            Some("scalar") => data["result"][1]
                .as_str()
                .map(str::to_owned)
                .into_iter()
                .collect(),
            _ => result
                .iter()
                .filter_map(|one| one["value"][1].as_str().map(str::to_owned))
                .collect(),
        };
        if values.is_empty() {
            missing = true;
            let name = Selector::parse(asked).map_or_else(|| asked.clone(), |(one, _)| one.name);
            say_close(asked, &name, &all);
            continue;
        }
        let metadata = server
            .get("metadata", &[("metric", asked)])
            .unwrap_or_default();
        let kind = metadata[asked.as_str()][0]["type"]
            .as_str()
            .unwrap_or("value")
            .to_owned();
        say_series(asked, &kind, &values);
    }
    Ok(if missing { exit::USAGE } else { exit::OK })
}

/// What is asked, evaluated; a name without a value also as a run would look for it: with or without
/// `_total`, and as the count of a family.
fn evaluated(server: &mut PrometheusServer, asked: &str) -> Result<Value, PrometheusError> {
    let data = server.evaluate(asked)?;
    let (true, Some((selector, ""))) = (is_empty(&data), Selector::parse(asked)) else {
        return Ok(data);
    };
    let name = &selector.name;
    for other in [toggled_total(name), format!("{name}_count")] {
        let found = server.evaluate(&format!("{other}{{{}}}", selector.conditions()))?;
        if !is_empty(&found) {
            line(&format!("{asked} is taken from {other}"));
            return Ok(found);
        }
    }
    Ok(data)
}

fn is_empty(data: &Value) -> bool {
    data["result"].as_array().is_some_and(Vec::is_empty)
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}
