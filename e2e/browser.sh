#!/usr/bin/env bash
# The HTML report in a real Chromium: 10,000 requests cold and warm with failures, texts that try to run, both
# languages, both themes, hover, zoom, filter, definitions, print; 12 requests, 60,000, three widths, keys; rates, of
# which one is not held, a replay, and a search for the most load; sessions by turn.
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

# An open loop, on an engine that takes about 30 cold requests a second.
stop_process simulator
cat >"$work/slow.yaml" <<'YAML'
prefill_base_ms: 4
prefill_ms_per_token: 0.2
itl_ms: 1
cache_blocks: 800000
YAML
start_process simulator 10 "http://127.0.0.1:$port/health" "$dualround" simulate --config "$work/slow.yaml" --port "$port"
python3 - "$work" <<'PY'
import json, sys
story = lambda i: f"Story {i}: " + f"word{i} and more of it " * 25
with open(f"{sys.argv[1]}/stories.jsonl", "w") as stories, open(f"{sys.argv[1]}/trace.jsonl", "w") as trace:
    for i in range(900):
        stories.write(json.dumps({"text": story(i)}) + "\n")
    for i in range(60):
        trace.write(json.dumps({"text": story(i), "timestamp": i * 0.1 + (5 if i > 30 else 0)}) + "\n")
PY
seen="${KEEP:-$work}"
measure() { # measure NAME DATASET FLAGS…
    "$dualround" run --dataset "$work/$2.jsonl" --endpoint "http://127.0.0.1:$port" --max-output-tokens 2 --seed 1 \
        --output-dir "$seen/$1" --overwrite --lang en "${@:3}" >"$work/$1.txt"
}
measure rates stories --request-rate 8 60 --num-samples 80 900 --arrival constant
measure replay trace --replay --timestamp-unit s --replay-speed 2.5 --gap-cap 1
echo 'slo: {ttft_ms: 200}' >"$work/slo.yaml"
"$dualround" max-load --dataset "$work/stories.jsonl" --endpoint "http://127.0.0.1:$port" --max-output-tokens 2 --seed 1 --share 0.9 \
    --by concurrency --from 1 --to 4 --slo-file "$work/slo.yaml" --output-dir "$seen/search" --overwrite >"$work/search.txt"
most="$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["summary"]["arrivals"]["backlog_most"])' "$seen/rates/rate_60_round_1.json")"
(cd "$cache/browser" && node check_arrivals.mjs "$seen" "$seen/rates/report.html" "$most" "$seen/replay/report.html" "$seen/search/max_load.html")

# Sessions by turn.
"$dualround" generate -o "$work/chats.jsonl" --groups 12 --prompts 12 --turns 4 --shared 40 --unique 60 --output-length 6 --seed 1 2>"$work/chats.txt"
measure sessions chats --turns all --concurrency 4 --rounds CWN
(cd "$cache/browser" && node check_turns.mjs "$seen" "$seen/sessions/report.html" "$seen/sessions/comparison.json")
for one in rates replay sessions; do python3 "$here/reader/read.py" "$seen/$one" "$dualround"; done
