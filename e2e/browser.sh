#!/usr/bin/env bash
# The HTML report in a real Chromium: 10,000 requests cold and warm with failures, texts that try to run, both
# languages, both themes, hover, zoom, filter, definitions, print; 12 requests, 60,000, three widths, keys.
#   DUALROUND: the program (default target/release/dualround)    KEEP=DIR: keep report, screenshots and PDF there
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
port=18093
. "$here/chromium.sh"

cat >"$work/engine.yaml" <<'YAML'
prefill_base_ms: 0.1
prefill_ms_per_token: 0.002
itl_ms: 0.5
cache_blocks: 800000
faults:
  - on: {rate: 0.01}
    fault: {status: {code: 503, body: "{\"error\":{\"message\":\"<script>window.ran=1</script> busy\"}}"}}
  - on: {every: 701}
    fault: {close_early: {after_tokens: 2}}
YAML
start_process simulator 10 "http://127.0.0.1:$port/health" "$dualround" simulate --config "$work/engine.yaml" --port "$port"
python3 "$here/make_hostile_prompts.py" 10000 >"$work/prompts.jsonl"
out="${KEEP:-$work}/run"
"$dualround" run --dataset "$work/prompts.jsonl" --endpoint "http://127.0.0.1:$port" --concurrency 16 64 --num-samples 300 10000 --max-output-tokens 6 --seed 1 \
    --output-dir "$out" --overwrite --prometheus-url "http://127.0.0.1:$port/metrics" --prometheus-interval 0.2 \
    --prometheus-metrics vllm:prefix_cache_hits_total vllm:num_requests_running >"$work/run.txt"
"$dualround" report "$out" >"$work/again.txt"
few="${KEEP:-$work}/few"
"$dualround" run --dataset "$work/prompts.jsonl" --endpoint "http://127.0.0.1:$port" --concurrency 2 --num-samples 12 --max-output-tokens 6 --seed 2 \
    --output-dir "$few" --overwrite --lang en >"$work/few.txt"
(cd "$cache/browser" && node check_report.mjs "$out/report.html" "${KEEP:-$work}" && node check_looks.mjs "${KEEP:-$work}" "$few/report.html" "$out/report.html")
python3 "$here/reader/read.py" "$out" "$dualround" "${KEEP:-$work}/sentences.json"
