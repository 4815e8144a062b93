#!/usr/bin/env bash
# Measures an endpoint and holds the result against a saved base run. Exit code 4: something got worse.
#   ENDPOINT   what to measure          DATASET   what to ask         BASE   folder of the base run
#   OUT        where to put the results (default results)             DUALROUND   the program (default: dualround on the PATH)
# Three cycles (CWCWCW) on both sides give intervals that hold beyond one run; the same seed gives the same requests.
set -euo pipefail
out="${OUT:-results}"
"${DUALROUND:-dualround}" run --dataset "$DATASET" --endpoint "$ENDPOINT" --rounds CWCWCW --concurrency 4 \
    --max-output-tokens 32 --ignore-eos --temperature 0 --seed 1 --require-cold --output-dir "$out"
# A first run has nothing to be held against.
if [ ! -f "$BASE/run.json" ]; then
    echo "no base run in $BASE: this one can become it"
    exit 0
fi
"${DUALROUND:-dualround}" compare "$BASE" "$out" --junit "$out/compare.xml" --markdown "$out/compare.md" \
    --fail-if 'warm.ttft.judgement == worse' --fail-if 'warm.cache_hit_rate.judgement == worse' --fail-if 'cache.ttft_ratio.judgement == worse'
