#!/usr/bin/env bash
# The main job against a real llama.cpp server on real documents, and what must come of it.
#   DUALROUND: the program (default target/release/dualround)   OUT: folder of the results
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dualround="${DUALROUND:-$here/../target/release/dualround}"
export PORT="${PORT:-18080}" MODEL="${MODEL:-small}"
work="$(mktemp -d)"
out="${OUT:-$work/results}"
trap '"$here/llama.sh" stop; rm -rf "$work"' EXIT

"$here/llama.sh" setup
"$here/llama.sh" start
python3 "$here/make_documents.py" --chars "${CHARS:-4000}" --count 12 >"$work/documents.jsonl"
"$dualround" check dataset "$work/documents.jsonl" >"$work/check.txt"
"$dualround" run --dataset "$work/documents.jsonl" --endpoint "http://127.0.0.1:$PORT" \
    --concurrency 1 4 --num-samples 12 --max-output-tokens 16 --temperature 0 --seed 1 \
    --prometheus-url "http://127.0.0.1:$PORT/metrics" \
    --prometheus-metrics llamacpp:prompt_tokens_total llamacpp:requests_processing \
    --output-dir "$out" --overwrite
python3 "$here/assert_main_job.py" "$out"
python3 "$here/reader/read.py" "$out" "$dualround"
