//! The metrics page: vLLM's names, and those that users of cache benchmarks ask for.

use crate::{counters::BOUNDS, engine::Engine};
use std::fmt::Write;

fn line(out: &mut String, kind: &str, name: &str, labels: &str, value: f64) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "# TYPE {name} {kind}\n{name}{{{labels}}} {value}");
}

/// The page as it stands now.
pub(crate) fn page(engine: &Engine) -> String {
    let mut state = engine.lock();
    let model = format!(
        "model_name=\"{}\"",
        engine.config.models.first().map_or("", |m| m)
    );
    let config = &engine.config;
    let both = config.external_blocks > 0;
    let c = &mut state.counters;
    let hits = c.hits + c.external_hits;
    let queries = c.queries;
    if queries > c.shown.0 {
        let rate = (hits - c.shown.1) as f64 / (queries - c.shown.0) as f64;
        c.shown = (queries, hits, rate);
    }
    let rate = c.shown.2;
    let mut out = String::new();
    for (name, value) in [
        ("vllm:prefix_cache_queries_total", c.queries),
        ("vllm:prefix_cache_hits_total", c.hits),
        ("vllm:prompt_tokens_total", c.prompt_tokens),
        ("vllm:generation_tokens_total", c.generation_tokens),
    ] {
        line(&mut out, "counter", name, &model, value as f64);
    }
    if both {
        let name = "vllm:external_prefix_cache_queries_total";
        line(&mut out, "counter", name, &model, c.external_queries as f64);
        let name = "vllm:external_prefix_cache_hits_total";
        line(&mut out, "counter", name, &model, c.external_hits as f64);
    }
    let finished = format!("{model},finished_reason=\"length\"");
    line(
        &mut out,
        "counter",
        "vllm:request_success_total",
        &finished,
        c.finished as f64,
    );
    for (name, histogram) in [
        ("vllm:time_to_first_token_seconds", &c.ttft),
        ("vllm:inter_token_latency_seconds", &c.itl),
    ] {
        let _ = writeln!(out, "# TYPE {name} histogram");
        for (bound, count) in BOUNDS.iter().zip(histogram.buckets) {
            let _ = writeln!(out, "{name}_bucket{{{model},le=\"{bound}\"}} {count}");
        }
        let _ = writeln!(
            out,
            "{name}_bucket{{{model},le=\"+Inf\"}} {}",
            histogram.count
        );
        let _ = writeln!(out, "{name}_sum{{{model}}} {}", histogram.sum);
        let _ = writeln!(out, "{name}_count{{{model}}} {}", histogram.count);
    }
    let latency = if c.finished > 0 {
        c.latency_sum / c.finished as f64
    } else {
        0.0
    };
    let blocks = state.local.len();
    let usage = blocks as f64 / config.cache_blocks.max(1) as f64;
    let bytes = (blocks * config.block_size) as f64 * 131_072.0;
    let utilization = (state.running as f64 / config.max_batch.max(1) as f64).min(1.0);
    for (name, value) in [
        ("vllm:num_requests_running", state.running as f64),
        (
            "vllm:num_requests_waiting",
            (state.in_flight - state.running) as f64,
        ),
        ("vllm:kv_cache_usage_perc", usage),
        ("lmcache_hit_rate", rate),
        ("memory_usage_bytes", 2.0e9 + bytes),
        ("gpu_memory_usage", 2.0e9 + bytes),
        ("gpu_utilization", utilization),
        ("kv_cache_size", (blocks * config.block_size) as f64),
        ("request_latency", latency),
        ("model_load_time", 1.5),
    ] {
        line(&mut out, "gauge", name, &model, value);
    }
    line(
        &mut out,
        "counter",
        "kv_cache_eviction_count",
        &model,
        state.local.evicted as f64,
    );
    let (size, capacity) = (config.block_size, config.cache_blocks);
    let info = format!("block_size=\"{size}\",num_gpu_blocks=\"{capacity}\"");
    line(&mut out, "gauge", "vllm:cache_config_info", &info, 1.0);
    out
}

/// The same page with every counter this much higher.
pub(crate) fn ahead(page: &str, by: u64) -> String {
    let mut counts = false;
    let mut out = String::new();
    for line in page.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            counts = kind.ends_with(" counter");
        }
        let value = line.rsplit_once(' ');
        let value = value.and_then(|(series, value)| Some((series, value.parse::<f64>().ok()?)));
        // Writing to a String cannot fail.
        let _ = match value {
            Some((series, value)) if counts && !line.starts_with('#') => {
                writeln!(out, "{series} {}", value + by as f64)
            }
            _ => writeln!(out, "{line}"),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn counters_alone_stand_higher() {
        let page = "# TYPE a_total counter\na_total{x=\"1\"} 4\n# TYPE g gauge\ng 2\n";
        let right = "# TYPE a_total counter\na_total{x=\"1\"} 14\n# TYPE g gauge\ng 2\n";
        assert_eq!(super::ahead(page, 10), right);
    }
}
