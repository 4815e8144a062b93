#!/usr/bin/env bash
# Server metrics of a real llama.cpp server and of the simulator, by a real Prometheus; and this
# program's own metrics, scraped by it and pushed to it.
#   DUALROUND: the program (default target/release/dualround)
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dualround="${DUALROUND:-$here/../target/release/dualround}"
llama="${LLAMA_PORT:-18080}" sim=18090 prom=19090 own=19091
dir="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}"
work="$(mktemp -d)"
. "$here/process.sh"
. "$here/pages.sh"
clean_up() {
    PORT=$llama "$here/llama.sh" stop
    PORT=$prom "$here/prometheus.sh" stop
    stop_process simulator
    rm -rf "$work"
}
trap clean_up EXIT

"$here/llama.sh" setup
"$here/prometheus.sh" setup
PORT=$llama MODEL=small "$here/llama.sh" start
start_process simulator 10 "http://127.0.0.1:$sim/health" "$dualround" simulate --port "$sim"
PORT=$prom "$here/prometheus.sh" start llama=127.0.0.1:$llama sim=127.0.0.1:$sim own=127.0.0.1:$own
python3 "$here/make_documents.py" --chars 4000 --count 8 >"$work/documents.jsonl"

# Target discovery takes some seconds; a run before it would find no metric.
for _ in $(seq 30); do
    "$dualround" check metrics "http://127.0.0.1:$prom" llamacpp:prompt_tokens_total vllm:prefix_cache_hits_total >"$work/check.txt" && break
    sleep 1
done
cat "$work/check.txt"

# Every line of real pages is read.
for page in "$llama" "$prom"; do
    all_read "http://127.0.0.1:$page/metrics"
done

measure() { # NAME PORT URL METRIC…
    local name="$1" port="$2"
    shift 2
    "$dualround" run --dataset "$work/documents.jsonl" --endpoint "http://127.0.0.1:$port" --concurrency 4 \
        --max-output-tokens 16 --temperature 0 --seed 1 --output-dir "$work/$name" --prometheus-url "$@" >"$work/$name.txt"
}

measure llama $llama "http://127.0.0.1:$prom" --prometheus-metrics llamacpp:prompt_tokens_total \
    'computed=llamacpp:prompt_tokens_total - llamacpp:prompt_tokens_total offset $since' 'busy=max(llamacpp:requests_processing)' auto
measure sim $sim "http://127.0.0.1:$prom" --metrics-listen "127.0.0.1:$own" --remote-write "http://127.0.0.1:$prom/api/v1/write" \
    --prometheus-metrics 'hit_rate=vllm:prefix_cache_hits_total{job="sim"}/vllm:prefix_cache_queries_total{job=~"si."}' \
    'promql=(vllm:prefix_cache_hits_total - vllm:prefix_cache_hits_total offset $since) / (vllm:prefix_cache_queries_total - vllm:prefix_cache_queries_total offset $since)' \
    vllm:time_to_first_token_seconds
python3 "$here/assert_metrics.py" "$work" "http://127.0.0.1:$prom"
