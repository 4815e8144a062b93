//! `concurrency_{c}_round_{r}.json`: the guide's shape. All times in ms, unknown is null.

use crate::{
    RequestSource, json::arrivals, json::cost, json::request::RequestJson, metrics::round_metrics,
    number::json as num, statistics::Statistic, words::warning_text,
};
use dualround_model::{
    ClientHealth, Lang, MetricSummary, Plan, RoundResult, RoundSummary, Stat, Warning,
};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Writes the JSON of a round request by request, so that it is never held whole.
pub(crate) fn write(
    result: &RoundResult,
    plan: &Plan,
    details: &dyn RequestSource,
    out: &mut impl Write,
) -> io::Result<()> {
    write!(out, "{{\n\"configuration\": ")?;
    serde_json::to_writer_pretty(&mut *out, &configuration(result, plan))?;
    write!(out, ",\n\"summary\": ")?;
    serde_json::to_writer_pretty(&mut *out, &summary(result))?;
    write!(out, ",\n\"requests\": [")?;
    let mut between: &[u8] = b"\n";
    details.each(result, 1, &mut |record, metrics| {
        out.write_all(between)?;
        between = b",\n";
        serde_json::to_writer(&mut *out, &RequestJson::new(&record, &metrics))?;
        Ok(())
    })?;
    out.write_all(b"\n]\n}\n")
}

fn configuration(result: &RoundResult, plan: &Plan) -> Value {
    let meta = &result.meta;
    json!({
        "endpoint": plan.endpoint,
        "model": plan.model,
        "concurrency": meta.load.concurrency(),
        "load": arrivals::load(meta.load),
        "max_concurrency": plan.max_concurrency,
        "num_samples": meta.planned,
        "round": meta.spec.number,
        "round_kind": meta.spec.kind,
        "kept_percent": meta.spec.kept_percent,
        "cut": meta.cut,
        "epoch": meta.spec.epoch,
        "level": meta.level,
        "schedule": plan.schedule,
        "dataset": plan.dataset.path,
        "timeout_ms": plan.timeouts.total_ms,
        "temperature": plan.request.temperature,
        "top_p": plan.request.top_p,
        "max_output_tokens": plan.request.max_output_tokens,
        "max_input_length": plan.dataset.max_input_length,
        "seed": plan.seed,
        "cold_method": meta.cold.as_ref().map(|cold| cold.method),
        "cold_action": meta.cold,
        "content_digest": meta.content_digest,
        "wire_digest": meta.wire_digest,
        "started_at": meta.started_at,
        "percentile_method": "linear",
        "stddev": "sample",
        "latency_end": "stream_end",
        "tls_verify": !plan.request.network.insecure,
        "proxy": plan.request.network.proxy.endpoint,
        "http_version": if plan.request.network.http2 { "2" } else { "1.1" },
    })
}

fn put_stat(out: &mut Map<String, Value>, name: &str, stat: &Stat) {
    out.insert(format!("n_{name}"), stat.n.into());
    for statistic in Statistic::ALL {
        let key = format!("{}_{name}", statistic.key());
        out.insert(key, num(statistic.of(stat)));
    }
}

fn summary(result: &RoundResult) -> Value {
    let (meta, s) = (&result.meta, &result.summary);
    let mut out = Map::new();
    for (key, value) in [
        ("planned_requests", s.planned_requests.into()),
        ("total_requests", s.total_requests.into()),
        ("successful_requests", s.successful_requests.into()),
        ("failed_requests", s.failed_requests.into()),
        ("cancelled_requests", s.cancelled_requests.into()),
        ("not_started_requests", s.not_started_requests.into()),
        ("probe_requests", meta.probe_requests.into()),
        ("warmup_requests", meta.warmup_requests.into()),
        ("duration_seconds", num(s.duration_seconds)),
        ("peak_in_flight", meta.peak_in_flight.into()),
    ] {
        out.insert(key.to_owned(), value);
    }
    for (metric, of_round) in round_metrics() {
        put_stat(&mut out, metric.key, (of_round.stat)(s));
    }
    for (name, tail) in s.tails.named() {
        for (percentile, upper) in tail.named() {
            out.insert(format!("{percentile}_upper_{name}"), num(upper));
        }
    }
    out.insert(
        "arrivals".to_owned(),
        arrivals::arrivals(s.arrivals.as_ref()),
    );
    throughput(&mut out, s);
    out.insert("failures".to_owned(), json!(s.failures));
    out.insert("flags".to_owned(), json!(s.flags));
    let metrics = s
        .prometheus
        .iter()
        .map(|(name, metric)| (name.clone(), server_metric(metric)));
    out.insert("prometheus".to_owned(), Value::Object(metrics.collect()));
    out.insert("client".to_owned(), client(&s.client));
    out.insert(
        "warnings".to_owned(),
        s.warnings.iter().map(warning).collect(),
    );
    out.insert("interrupted".to_owned(), meta.interrupted.into());
    Value::Object(out)
}

fn throughput(out: &mut Map<String, Value>, s: &RoundSummary) {
    let good = s.goodput.as_ref();
    for (key, value) in [
        ("token_throughput", num(s.token_throughput)),
        ("request_throughput", num(s.request_throughput)),
        ("tokens_per_event", num(s.tokens_per_event)),
        ("goodput_requests", json!(good.map(|g| g.requests))),
        ("goodput_tokens", json!(good.and_then(|g| g.tokens))),
        (
            "goodput_request_rate",
            num(good.and_then(|g| g.request_rate)),
        ),
        (
            "goodput_request_throughput",
            num(good.and_then(|g| g.request_throughput)),
        ),
        ("goodput_token_rate", num(good.and_then(|g| g.token_rate))),
        (
            "goodput_token_throughput",
            num(good.and_then(|g| g.token_throughput)),
        ),
        (
            "goodput_itl_not_applicable",
            json!(good.map(|g| g.itl_not_applicable)),
        ),
        ("cached_tokens", json!(s.cached_tokens)),
        ("cache_hit_rate", num(s.cache_hit_rate)),
        ("cache_known_requests", s.cache_known_requests.into()),
        ("cache_omitted_requests", s.cache_omitted_requests.into()),
        ("written_tokens", json!(s.written.map(|by| by.tokens))),
        (
            "written_known_requests",
            json!(s.written.map_or(0, |by| by.requests)),
        ),
        ("cost", s.cost.as_ref().map_or(Value::Null, cost::round)),
        (
            "local_cached_tokens",
            json!(s.cached_by_tier.map(|by| by.local)),
        ),
        (
            "external_cached_tokens",
            json!(s.cached_by_tier.map(|by| by.external)),
        ),
    ] {
        out.insert(key.to_owned(), value);
    }
}

fn server_metric(metric: &MetricSummary) -> Value {
    let stat = &metric.stat;
    let series = metric
        .series
        .iter()
        .map(|(labels, value)| (labels.clone(), num(*value)));
    json!({
        "kind": metric.kind,
        "resolved": metric.resolved,
        "n": stat.n,
        "avg": num(stat.avg),
        "p50": num(stat.p50),
        "p90": num(stat.p90),
        "p95": num(stat.p95),
        "p99": num(stat.p99),
        "min": num(stat.min),
        "max": num(stat.max),
        "stddev": num(stat.stddev),
        "increase": num(metric.increase),
        "rate": num(metric.rate),
        "value": num(metric.value),
        "before": num(metric.before),
        "after": num(metric.after),
        "counter_reset": metric.counter_reset,
        "not_covered": metric.not_covered,
        "nan_samples": metric.nan_samples,
        "series": Value::Object(series.collect()),
    })
}

fn client(client: &ClientHealth) -> Value {
    json!({
        "probe_lag_p99_ms": num(client.probe_lag_p99_ms),
        "probe_lag_max_ms": num(client.probe_lag_max_ms),
        "coalesced_share": num(client.coalesced_share),
        "stamps": client.stamps,
        "kernel_stamp_share": num(client.kernel_stamp_share),
        "worker_cpu_share": num(client.worker_cpu_share),
        "progress_share": num(client.progress_share),
        "ttft_width_share": num(client.ttft_width_share),
        "overloaded": client.overloaded,
    })
}

fn warning(warning: &Warning) -> Value {
    let mut value = serde_json::to_value(warning).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("message".to_owned(), warning_text(warning, Lang::En).into());
    }
    value
}
