//! `dualround check endpoint`: what the server is, and what a run against it will measure.

use super::check::{CheckTarget, line, settle, show_request};
use crate::{args::CheckEndpointArgs, exit, exit::Usage, screen::print};
use dualround_dataset::load;
use dualround_loadgen::{Cancel, Session, sendable};
use dualround_model::{Api, CanaryReport, EngineKind, EngineReport, Lang, TEMPLATE_TOKENS};
use dualround_report::{control_text, warning_text};

/// Runs `dualround check endpoint`: looks, sends the canary unless told not to, and says what was
/// found.
pub(crate) fn run(args: CheckEndpointArgs) -> anyhow::Result<u8> {
    look(args).map_err(|error| error.context(exit::LookedAlready))
}

fn look(args: CheckEndpointArgs) -> anyhow::Result<u8> {
    let own = CheckTarget {
        endpoint: args.url,
        ..CheckTarget::default()
    };
    let settled = settle(args.run, own)?;
    if let Some(text) = &settled.print_config {
        print(text);
        return Ok(exit::OK);
    }
    if !settled.has_endpoint {
        return Err(Usage("give the address: dualround check endpoint URL".to_owned()).into());
    }
    let plan = settled.plan;
    // The canary carries what the run's own would: the tools and system text of the first sample.
    let levels = if settled.has_dataset {
        load(&plan.dataset, plan.levels.len())?.levels
    } else {
        Vec::new()
    };
    for samples in &levels {
        sendable(&plan, samples)?;
    }
    let first = levels.first().and_then(|samples| samples.first()).cloned();
    line(&format!(
        "requests go to: {}",
        dualround_loadgen::redact_url(&plan.endpoint)
    ));
    let mut session = Session::open(plan, levels, Cancel::new())?;
    let no_canary = args.no_canary || !session.plan().probe;
    let canary = if no_canary {
        session.look()?;
        None
    } else {
        session.preflight()?
    };
    line(&format!("model: {}", session.plan().model));
    for report in session.engines() {
        engine(&report, session.plan().api(), canary.as_ref());
    }
    if let Some(sample) = &first {
        show_request(session.plan(), sample, true)?;
    }
    for odd in session.canary_oddities() {
        line(&format!("canary: {}", warning_text(odd, Lang::En)));
    }
    match &canary {
        Some(canary) => said(canary),
        None if no_canary => line("canary: not sent"),
        None => {
            let reason = session
                .canary_failure()
                .unwrap_or("the server said nothing");
            line(&format!("canary: not answered: {reason}"));
            return Ok(exit::ENDPOINT);
        }
    }
    Ok(exit::OK)
}

fn engine(report: &EngineReport, api: Api, canary: Option<&CanaryReport>) {
    let version = report.version.as_deref().unwrap_or("");
    line(&format!(
        "engine at {}: {} {version} ({})",
        report.base,
        report.kind.name(),
        report.evidence.join(", ")
    ));
    if let Some(gateway) = &report.gateway {
        let way = if report.kind == EngineKind::Unknown {
            "; --admin-url takes the address of each engine behind it"
        } else {
            ""
        };
        line(&format!("  a gateway answers: {gateway}{way}"));
    }
    for tier in &report.tiers {
        line(&format!(
            "  hit rate of tier {}: increase of {} / increase of {}",
            tier.tier, tier.hits, tier.queries
        ));
    }
    if let Some(name) = &report.processed {
        line(&format!(
            "  hit rate: prompt tokens sent, less the increase of {name} (it counts computed ones only)"
        ));
    }
    if report.tiers.is_empty() && report.processed.is_none() {
        line("  no counters of hits");
    }
    line(&format!(
        "  cached tokens of a request would stand in {}",
        cached_field(report, api)
    ));
    line(&format!(
        "  cached in units of {} tokens; capacity {} tokens",
        number_or_unknown(report.block_tokens),
        number_or_unknown(report.capacity_tokens)
    ));
    match report.resets.as_slice() {
        [] => line("  no reset call is known"),
        calls => {
            for call in calls {
                // Paths made here hold no secrets; what a user puts into the base may.
                let path = url::Url::parse(&call.url).map_or_else(
                    |_| String::new(),
                    |url| {
                        format!(
                            "{}{}",
                            url.path(),
                            url.query().map_or_else(String::new, |q| format!("?{q}"))
                        )
                    },
                );
                line(&format!("  --cold reset calls: {} {path}", call.method));
            }
        }
    }
    // What the canary has answered is no question any more; without usage there is nothing to add to.
    let answered =
        canary.is_some_and(|canary| canary.repeated.is_some() || canary.prompt_tokens.is_none());
    for hint in &report.hints {
        if !(answered && hint.starts_with("cached tokens in usage")) {
            line(&format!("  note: {hint}"));
        }
    }
}

/// Where an answer tells its cached tokens.
fn cached_field(report: &EngineReport, api: Api) -> &str {
    match api {
        Api::Chat | Api::Completions => &report.cached_field,
        Api::Messages => "usage.cache_read_input_tokens",
        Api::Responses => "usage.input_tokens_details.cached_tokens",
    }
}

fn number_or_unknown(value: Option<u64>) -> String {
    value.map_or("unknown".to_owned(), |number| number.to_string())
}

fn said(canary: &CanaryReport) {
    let of = canary.prompt_tokens.unwrap_or(0);
    let reasons = if canary.unasked {
        "off, or the requests went to different replicas, or the service keeps only what it is asked to keep: try --cache-control 5m"
    } else {
        "off, or the requests went to different replicas"
    };
    match canary.repeated {
        _ if canary.replayed => line(
            "canary: a repeated text was answered under the id of its first answer: a response cache gave it back, and nothing is seen of the engine's",
        ),
        Some(hit) if hit <= TEMPLATE_TOKENS && hit > 0 => line(&format!(
            "canary: a repeated text of {of} tokens took {hit}, no more than a template: no prefix cache is seen here ({reasons})"
        )),
        Some(0) => line(&format!(
            "canary: a repeated text of {of} tokens hit nothing: no prefix cache is seen here ({reasons})"
        )),
        Some(hit) => line(&format!(
            "canary: a repeated text took {hit} of {of} tokens from the cache, and the server said so"
        )),
        None => line(
            "canary: cached tokens are not reported, so hits can be judged by counters and time only",
        ),
    }
    if canary.prompt_tokens.is_none() {
        line(
            "canary: the answers bear no usage: tokens are counted from events, and prompts by no one",
        );
    }
    if let Some(report) = &canary.control {
        let [text, _] = control_text(report);
        line(&format!("canary: {text}"));
    }
    let by = match &canary.salt_field {
        Some(field) => format!("by the field {field}; under another value"),
        None => "by a text marker; behind another one".to_owned(),
    };
    let took = match canary.other_marker {
        Some(other) => format!("the text took {other} tokens"),
        // Its answer named no cached tokens where others do.
        None if canary.repeated.is_some() && canary.other_counted => {
            "the text took none".to_owned()
        }
        None => "what the text takes is not reported".to_owned(),
    };
    line(&format!("cold rounds: {by} {took}"));
}
