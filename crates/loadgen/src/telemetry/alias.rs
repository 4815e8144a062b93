//! Names that users know from guides and that no engine exports, and what stands for them.

use dualround_wire::{Selector, toggled_total};

/// What an alias stands for.
pub(crate) enum Alias {
    /// Increase of the first over increase of the second.
    Ratio(&'static str, &'static str),
    /// Another name for the same thing.
    Name(&'static str),
}

impl Alias {
    /// The metric, or the two parts of a quotient.
    pub(crate) fn parts(&self) -> (Selector, Option<Selector>) {
        match self {
            Self::Name(name) => (Selector::plain(name), None),
            Self::Ratio(top, bottom) => (Selector::plain(top), Some(Selector::plain(bottom))),
        }
    }
}

/// What a name may stand for, in order of preference: the first whose names are there is taken.
pub(crate) fn candidates(asked: &str) -> &'static [Alias] {
    use Alias::{Name, Ratio};
    match asked {
        "lmcache_hit_rate" => &[
            Ratio(
                "lmcache_mp_lookup_hit_tokens_total",
                "lmcache_mp_lookup_requested_tokens_total",
            ),
            Ratio(
                "lmcache:num_hit_tokens_total",
                "lmcache:num_requested_tokens_total",
            ),
            Ratio(
                "vllm:external_prefix_cache_hits_total",
                "vllm:external_prefix_cache_queries_total",
            ),
        ],
        "kv_cache_hit_rate" | "prefix_cache_hit_rate" => &[
            Ratio(
                "vllm:prefix_cache_hits_total",
                "vllm:prefix_cache_queries_total",
            ),
            Ratio(
                "vllm:gpu_prefix_cache_hits_total",
                "vllm:gpu_prefix_cache_queries_total",
            ),
            Ratio("sglang:cached_tokens_total", "sglang:prompt_tokens_total"),
            Name("trtllm_kv_cache_hit_rate"),
        ],
        "memory_usage_bytes" => &[
            Name("lmcache_mp_l1_memory_usage_bytes"),
            Name("process_resident_memory_bytes"),
        ],
        "gpu_utilization" => &[
            Name("DCGM_FI_DEV_GPU_UTIL"),
            Name("nvidia_smi_utilization_gpu_ratio"),
        ],
        "kv_cache_eviction_count" => &[Name("sglang:evicted_tokens_total")],
        "request_latency" => &[
            Name("vllm:e2e_request_latency_seconds"),
            Name("sglang:e2e_request_latency_seconds"),
        ],
        _ => &[],
    }
}

/// What `auto` looks for: hits by tier, how full the cache is, and who waits.
const KNOWN: &[&str] = &[
    "prefix_cache_hit_rate",
    "lmcache_hit_rate",
    "vllm:external_prefix_cache_hits_total",
    "vllm:external_prefix_cache_queries_total",
    "vllm:kv_cache_usage_perc",
    "vllm:gpu_cache_usage_perc",
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:num_preemptions_total",
    "vllm:time_to_first_token_seconds",
    "sglang:cache_hit_rate",
    "sglang:token_usage",
    "sglang:num_running_reqs",
    "sglang:num_queue_reqs",
    "sglang:evicted_tokens_total",
    "sglang:time_to_first_token_seconds",
    "llamacpp:prompt_tokens_total",
    "llamacpp:prompt_tokens_seconds",
    "llamacpp:kv_cache_usage_ratio",
    "llamacpp:requests_processing",
    "llamacpp:requests_deferred",
    "lmcache_mp_l1_memory_usage_bytes",
    "lmcache:local_cache_usage",
    "lmcache:remote_cache_usage",
    "trtllm_kv_cache_utilization",
    "tgi_batch_current_size",
    "tgi_queue_size",
    "dynamo_frontend_cached_tokens",
    "dynamo_frontend_input_sequence_tokens",
    "dynamo_frontend_inflight_requests",
    "dynamo_frontend_queued_requests",
    "dynamo_component_router_kv_hit_rate",
    "litellm_input_cached_tokens_metric_total",
    "litellm_provider_cache_read_input_tokens_metric_total",
    "litellm_cache_hits_metric_total",
    "litellm_in_flight_requests",
    "DCGM_FI_DEV_GPU_UTIL",
];

/// The metrics that `auto` stands for at a source of these names.
pub(crate) fn known_of(names: &[String]) -> Vec<String> {
    KNOWN
        .iter()
        .filter(|name| is_among(names, name) || has_alias_among(names, name))
        .map(|name| (*name).to_owned())
        .collect()
}

/// A metric is there under its name, with or without `_total`, or as a family of that name.
fn is_among(names: &[String], metric: &str) -> bool {
    let toggled = toggled_total(metric);
    names.iter().any(|found| {
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| found.strip_suffix(end));
        found == metric || *found == toggled || family == Some(metric)
    })
}

/// All that one of its aliases needs is there.
fn has_alias_among(names: &[String], metric: &str) -> bool {
    candidates(metric).iter().any(|alias| match alias {
        Alias::Name(name) => is_among(names, name),
        Alias::Ratio(top, bottom) => is_among(names, top) && is_among(names, bottom),
    })
}
