//! Engines by what they show.

use super::*;
use crate::control::ControlError;
use dualround_model::LeftOut;
use dualround_wire::parse_exposition;
use serde_json::json;

fn page(text: &str) -> Option<Scrape> {
    Some(parse_exposition(text.as_bytes()))
}

fn seen() -> Observed {
    Observed {
        base: "http://h:1".to_owned(),
        shown: "http://h:1".to_owned(),
        host: "h".to_owned(),
        ..Observed::default()
    }
}

#[test]
fn vllm_by_its_models_and_its_page() {
    let text = "vllm:prefix_cache_queries_total{engine=\"0\"} 1\nvllm:prefix_cache_hits_total 0\n\
                vllm:cache_config_info{block_size=\"128\",num_gpu_blocks=\"80\"} 1\n\
                vllm:num_requests_running 0\nvllm:prompt_tokens_total 5\n";
    let seen = Observed {
        models: Some(json!({"data": [{"id": "m", "owned_by": "vllm"}]})),
        version: Some(json!({"version": "0.32.0"})),
        reset_status: Some(404),
        page: page(text),
        ..seen()
    };
    let report = detect(&seen, None);
    assert_eq!(report.kind, EngineKind::Vllm);
    assert_eq!(report.version.as_deref(), Some("0.32.0"));
    assert_eq!(
        (report.block_tokens, report.capacity_tokens),
        (Some(128), Some(10_240))
    );
    assert_eq!(report.tiers[0].tier, "local");
    assert!(report.resets.is_empty() && report.hints[0].contains("VLLM_SERVER_DEV_MODE=1"));
    assert!(!report.external_tier);
    let seen = Observed {
        reset_status: Some(405),
        page: page(&format!("{text}lmcache:num_hit_tokens_total 1\n")),
        ..seen
    };
    let report = detect(&seen, None);
    assert!(report.external_tier);
    assert_eq!(report.resets[0].url, "http://h:1/reset_prefix_cache");
}

#[test]
fn the_context_is_the_smallest_that_the_list_names() {
    for (list, context) in [
        (json!([{"id": "m", "max_model_len": 8192}]), Some(8192)),
        (
            json!([{"id": "m", "context_length": 9}, {"id": "n", "context_window": 7}]),
            Some(7),
        ),
        (json!([{"id": "m", "max_model_len": 0}]), None),
        (json!([{"id": "m", "max_model_len": "8k"}]), None),
        (json!([{"id": "m"}]), None),
    ] {
        let seen = Observed {
            models: Some(json!({ "data": list })),
            ..seen()
        };
        assert_eq!(detect(&seen, None).context_tokens, context);
    }
}

#[test]
fn llama_cpp_by_its_slots() {
    let seen = Observed {
        server: Some("llama.cpp".to_owned()),
        props: Some(json!({"total_slots": 4, "default_generation_settings": {"n_ctx": 4096}})),
        page: page("llamacpp:prompt_tokens_total 9\nllamacpp:requests_processing 0\n"),
        ..seen()
    };
    let report = detect(&seen, None);
    assert_eq!(report.kind, EngineKind::LlamaCpp);
    assert_eq!(
        (report.resets.len(), report.capacity_tokens),
        (4, Some(16_384))
    );
    assert_eq!(report.context_tokens, Some(4096));
    assert_eq!(
        report.processed.as_deref(),
        Some("llamacpp:prompt_tokens_total")
    );
}

#[test]
fn g06_dynamo_tells_its_blocks() {
    let text = "dynamo_frontend_model_kv_cache_block_size{model=\"m\"} 16\n\
                dynamo_frontend_model_total_kv_blocks{model=\"m\"} 1000\n";
    let seen = Observed {
        page: page(text),
        ..seen()
    };
    let report = detect(&seen, None);
    assert_eq!(report.kind, EngineKind::Dynamo);
    assert_eq!(
        (report.block_tokens, report.capacity_tokens),
        (Some(16), Some(16_000))
    );
    assert!(report.resets[0].url.ends_with("/clear_kv_blocks"));
    // Of two models with blocks of their own nobody knows which is asked.
    let seen = Observed {
        page: page(&format!(
            "{text}dynamo_frontend_model_kv_cache_block_size{{model=\"n\"}} 64\n"
        )),
        ..seen
    };
    assert_eq!(detect(&seen, None).block_tokens, None);
}

#[test]
fn the_others_by_theirs() {
    let by_page = |text: &str| {
        let seen = Observed {
            page: page(text),
            ..seen()
        };
        detect(&seen, None).kind
    };
    assert_eq!(by_page("sglang:cache_hit_rate 0\n"), EngineKind::Sglang);
    assert_eq!(
        by_page("trtllm_kv_cache_hit_rate 0\n"),
        EngineKind::TensorrtLlm
    );
    assert_eq!(
        by_page("dynamo_frontend_requests_total 0\n"),
        EngineKind::Dynamo
    );
    assert_eq!(by_page("tgi_queue_size 0\n"), EngineKind::Tgi);
    assert_eq!(
        by_page("lmcache_mp_lookup_hit_tokens_total 0\n"),
        EngineKind::Lmcache
    );
    assert_eq!(by_page("up 1\n"), EngineKind::Unknown);
    let hosted = |host: &str| {
        let seen = Observed {
            host: host.to_owned(),
            ..seen()
        };
        detect(&seen, None).kind
    };
    assert_eq!(hosted("api.openai.com"), EngineKind::Hosted);
    assert_eq!(hosted("notopenai.com"), EngineKind::Unknown);
    assert_eq!(
        detect(&seen(), Some(EngineKind::Sglang)).kind,
        EngineKind::Sglang
    );
}

#[test]
fn counters_that_went_backwards_are_unknown() {
    let text = |hits: u32| {
        format!(
            "vllm:prefix_cache_queries_total {}\nvllm:prefix_cache_hits_total {hits}\n",
            hits * 2
        )
    };
    let seen = Observed {
        page: page(&text(5)),
        ..seen()
    };
    let watch = Watch::new(
        detect(&seen, None),
        &crate::transport::Network::plain()
            .target("http://127.0.0.1:1")
            .unwrap(),
        crate::request::head::Headers::default(),
        crate::Clock::start(),
        true,
    );
    let settled = |page: &str| {
        Ok(Settled {
            page: parse_exposition(page.as_bytes()),
            jumps: false,
        })
    };
    let read = |hits: u32| settled(&text(hits));
    let delta = watch.delta(&read(5), &read(9));
    assert_eq!(
        (delta.tiers[0].hits, delta.tiers[0].queries),
        (Some(4.0), Some(8.0))
    );
    // A replica that restarted is not hidden by one that grows.
    let two = |a: u32, b: u32| {
        let page = format!(
            "vllm:prefix_cache_hits_total{{engine=\"0\"}} {a}\nvllm:prefix_cache_hits_total{{engine=\"1\"}} {b}\n"
        );
        settled(&page)
    };
    assert_eq!(watch.delta(&two(100, 50), &two(5, 900)).tiers[0].hits, None);
    assert_eq!(watch.delta(&two(100, 50), &read(900)).tiers[0].hits, None);
    let grown = watch.delta(&two(100, 50), &two(104, 53)).tiers[0].hits;
    assert_eq!(grown, Some(7.0));
    let other = Some(LeftOut::OtherProcess);
    assert_eq!(watch.delta(&read(9), &read(5)).left_out, other);
    // Another process that had counted more would look like growth.
    let began =
        |at: u32, hits: u32| settled(&format!("process_start_time_seconds {at}\n{}", text(hits)));
    let delta = watch.delta(&began(1_790_000_000, 5), &began(1_790_000_060, 900));
    assert_eq!((delta.left_out, delta.tiers.len()), (other, 0));
    // A page of two processes in turn says nothing.
    let jumping = Ok(Settled {
        page: parse_exposition(text(9).as_bytes()),
        jumps: true,
    });
    let delta = watch.delta(&read(5), &jumping);
    assert!(delta.tiers.is_empty() && delta.left_out.is_some());
    assert_eq!(delta.left_out, Some(LeftOut::SeveralProcesses));
    assert_eq!(
        watch
            .delta(&Err(ControlError::Status { status: 404 }), &read(1))
            .failed
            .as_deref(),
        Some("HTTP 404")
    );
}
