//! The metrics page: vLLM's names, and those that users of cache benchmarks ask for.

use crate::{
    config::SimConfig,
    counters::{BOUNDS, EngineCounters, Histogram},
    engine::{Engine, EngineState},
};
use std::fmt::Write;

/// The page as it stands now.
pub(crate) fn page(engine: &Engine) -> String {
    let config = &engine.config;
    let mut page = PageWriter {
        text: String::new(),
        model: format!("model_name=\"{}\"", config.first_model()),
    };
    let mut state = engine.lock();
    let hit_rate = state.counters.next_hit_rate();
    page.add_counters(&state.counters, config.external_blocks > 0);
    page.add_histogram("vllm:time_to_first_token_seconds", &state.counters.ttft);
    page.add_histogram("vllm:inter_token_latency_seconds", &state.counters.itl);
    page.add_gauges(&state, config, hit_rate);
    page.add_counter("kv_cache_eviction_count", state.local.evicted);
    page.add_cache_info(config);
    page.text
}

/// A page while it is written, all of whose series are labelled with one model.
struct PageWriter {
    text: String,
    /// The label of the model: `model_name="sim-1"`.
    model: String,
}

impl PageWriter {
    fn add_counters(&mut self, counters: &EngineCounters, has_external: bool) {
        self.add_counter("vllm:prefix_cache_queries_total", counters.queries);
        self.add_counter("vllm:prefix_cache_hits_total", counters.hits);
        self.add_counter("vllm:prompt_tokens_total", counters.prompt_tokens);
        self.add_counter("vllm:generation_tokens_total", counters.generation_tokens);
        if has_external {
            let (queries, hits) = (counters.external_queries, counters.external_hits);
            self.add_counter("vllm:external_prefix_cache_queries_total", queries);
            self.add_counter("vllm:external_prefix_cache_hits_total", hits);
        }
        let labels = format!("{},finished_reason=\"length\"", self.model);
        let finished = counters.finished as f64;
        self.add_sample("counter", "vllm:request_success_total", &labels, finished);
    }

    fn add_gauges(&mut self, state: &EngineState, config: &SimConfig, hit_rate: f64) {
        let blocks = state.local.len();
        let usage = blocks as f64 / config.cache_blocks.max(1) as f64;
        let bytes = (blocks * config.block_size) as f64 * 131_072.0;
        let utilization = (state.running as f64 / config.max_batch.max(1) as f64).min(1.0);
        let waiting = state.in_flight - state.running;
        self.add_gauge("vllm:num_requests_running", state.running as f64);
        self.add_gauge("vllm:num_requests_waiting", waiting as f64);
        self.add_gauge("vllm:kv_cache_usage_perc", usage);
        self.add_gauge("lmcache_hit_rate", hit_rate);
        self.add_gauge("memory_usage_bytes", 2.0e9 + bytes);
        self.add_gauge("gpu_memory_usage", 2.0e9 + bytes);
        self.add_gauge("gpu_utilization", utilization);
        self.add_gauge("kv_cache_size", (blocks * config.block_size) as f64);
        self.add_gauge("request_latency", state.counters.mean_latency());
        self.add_gauge("model_load_time", 1.5);
    }

    fn add_cache_info(&mut self, config: &SimConfig) {
        let (size, capacity) = (config.block_size, config.cache_blocks);
        let labels = format!("block_size=\"{size}\",num_gpu_blocks=\"{capacity}\"");
        self.add_sample("gauge", "vllm:cache_config_info", &labels, 1.0);
    }

    fn add_counter(&mut self, name: &str, count: u64) {
        let labels = self.model.clone();
        self.add_sample("counter", name, &labels, count as f64);
    }

    fn add_gauge(&mut self, name: &str, value: f64) {
        let labels = self.model.clone();
        self.add_sample("gauge", name, &labels, value);
    }

    fn add_sample(&mut self, kind: &str, name: &str, labels: &str, value: f64) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.text,
            "# TYPE {name} {kind}\n{name}{{{labels}}} {value}"
        );
    }

    fn add_histogram(&mut self, name: &str, histogram: &Histogram) {
        let Self { text, model } = self;
        let Histogram {
            buckets,
            count,
            sum,
        } = histogram;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# TYPE {name} histogram");
        for (bound, count) in BOUNDS.iter().zip(buckets) {
            let _ = writeln!(text, "{name}_bucket{{{model},le=\"{bound}\"}} {count}");
        }
        let _ = writeln!(text, "{name}_bucket{{{model},le=\"+Inf\"}} {count}");
        let _ = writeln!(text, "{name}_sum{{{model}}} {sum}");
        let _ = writeln!(text, "{name}_count{{{model}}} {count}");
    }
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
