#!/usr/bin/env bash
# axe-core on reports, in both languages, both themes, wide and narrow: nothing critical or serious.
#   DUALROUND: the program (default target/release/dualround)
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
port=18094
. "$here/chromium.sh"
if [ ! -d "$cache/axe/node_modules/axe-core" ]; then
    mkdir -p "$cache/axe"
    npm install --silent --no-audit --no-fund --no-save --prefix "$cache/axe" axe-core
fi

# A page with all it can have: several levels and kinds of rounds, failures, caveats, costs, server metrics, prompts.
start_process simulator 10 "http://127.0.0.1:$port/health" "$dualround" simulate --port "$port" --fault every=11:status=503
python3 "$here/make_hostile_prompts.py" 40 >"$work/prompts.jsonl"
printf 'currency: USD\nmodels:\n  sim-1: {input: 3, cache_read: 0.3, output: 15}\n' >"$work/prices.yaml"
"$dualround" run --dataset "$work/prompts.jsonl" --endpoint "http://127.0.0.1:$port" --concurrency 2 8 --num-samples 40 --rounds NCWM --max-output-tokens 4 \
    --output-dir "$work/run" --prices "$work/prices.yaml" --slo-file "$here/../examples/slo.yaml" --prometheus-url "http://127.0.0.1:$port/metrics" \
    --prometheus-interval 0.1 --prometheus-metrics vllm:prefix_cache_hits_total vllm:num_requests_running >"$work/run.txt" 2>&1
"$dualround" demo --concurrency 2 --output-dir "$work/demo" >"$work/demo.txt" 2>&1
(cd "$cache/browser" && node accessibility.mjs "$cache/axe/node_modules/axe-core/axe.min.js" "$work/run/report.html" "$work/demo/report.html")
