//! Names that users know from guides and that no engine exports, and what stands for them.

/// What an alias stands for.
pub(crate) enum Alias {
    /// Increase of the first over increase of the second.
    Ratio(&'static str, &'static str),
    /// Another name for the same thing.
    Name(&'static str),
}

/// Candidates in order of preference; the first one whose names are on the page is taken.
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
