#!/usr/bin/env bash
# Routers in front of engines:  router.sh setup | vllm-router URL... | litellm URL... | stop
#   PORT (18190)   vllm-router: POLICY consistent_hash (default, by the header x-session-id) | round_robin |
#   cache_aware | …   litellm: AFFINITY=1 keeps a session, by the header x-litellm-session-id
# SGLang's gateway is in ../gateway.sh. Needs CPython and 0.9 GB under DUALROUND_E2E_DIR (default: a cache folder).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dir="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}"
. "$here/../process.sh"
. "$here/../venv.sh"
port="${PORT:-18190}"

# litellm_settings URL...: one model, served by each of them.
litellm_settings() {
    echo "model_list:"
    for url in "$@"; do
        echo "  - model_name: tiny"
        echo "    litellm_params: {model: openai/tiny, api_base: \"$url/v1\", api_key: none}"
    done
    # Alone on this machine; its price list is in the package.
    echo "general_settings: {dangerously_permit_weak_or_unset_master_key: true}"
    if [ "${AFFINITY:-0}" = 1 ]; then
        echo "router_settings: {optional_pre_call_checks: [session_affinity]}"
    fi
}

action="${1:?setup, vllm-router, litellm or stop}"
shift
case "$action" in
setup)
    make_venv vllm-router vllm-router==0.1.17
    make_venv litellm 'litellm[proxy]==1.108.7'
    ;;
vllm-router)
    stop_process router
    start_process router 30 "http://127.0.0.1:$port/health" "$dir/vllm-router/bin/vllm-router" --worker-urls "$@" \
        --policy "${POLICY:-consistent_hash}" --host 127.0.0.1 --port "$port" \
        --prometheus-host 127.0.0.1 --prometheus-port "$((port + 1))"
    ;;
litellm)
    stop_process router
    litellm_settings "$@" >"$dir/litellm.yaml"
    LITELLM_LOCAL_MODEL_COST_MAP=True start_process router 60 "http://127.0.0.1:$port/health/readiness" \
        "$dir/litellm/bin/litellm" --config "$dir/litellm.yaml" --host 127.0.0.1 --port "$port" --telemetry False
    ;;
stop) stop_process router ;;
*) echo "setup, vllm-router, litellm or stop" >&2; exit 2 ;;
esac
