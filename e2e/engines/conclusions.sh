#!/usr/bin/env bash
# What must be concluded on vLLM, with evictions, with LMCache behind it, and on an engine without a cache.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dualround="${DUALROUND:-$here/../../target/release/dualround}"
dir="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}"
work="$(mktemp -d)"
trap '"$here/engine.sh" stop; rm -rf "$work"' EXIT
. "$here/../pages.sh"
"$here/engine.sh" setup
python3 "$here/../make_documents.py" --chars 4000 --count 16 >"$work/documents.jsonl"

measure() { # measure NAME PORT [flags]
    local name="$1" port="$2"
    shift 2
    printf '\n-- %s\n' "$name"
    "$dualround" run --dataset "$work/documents.jsonl" --endpoint "http://127.0.0.1:$port" --max-output-tokens 8 \
        --temperature 0 --seed 1 --output-dir "$work/$name" "$@" >"$work/$name.txt" 2>&1 || { cat "$work/$name.txt"; return 1; }
}
check() {
    python3 "$here/../assert_conclusion.py" "$@"
    python3 "$here/../reader/read.py" "$1" "$dualround"
}

"$here/engine.sh" vllm
all_read http://127.0.0.1:18100/metrics
measure vllm 18100 --concurrency 4 --num-samples 12 --require-cold --fail-if 'cold.method != salt' --shared-prefix 0,50,100 \
    --fail-if 'partial.0.usage > 0.02' --fail-if 'partial.1.usage < 0.45' --fail-if 'partial.1.usage > 0.55' --fail-if 'partial.2.usage < 0.9'
check "$work/vllm" --kind effect --evidence yes --hits 0.9 1 --says "cache works" --says "verified cold"

# By every API the same prompts hit alike, and what is written is told where it is.
for api in messages responses completions; do
    measure "vllm_$api" 18100 --api "$api" --concurrency 1 --num-samples 12 --require-cold --fail-if 'cold.method != salt'
    check "$work/vllm_$api" --kind effect --evidence yes --hits 0.9 1 --says "cache works" --says "verified cold"
done

"$here/engine.sh" stop
"$here/engine.sh" vllm --num-gpu-blocks-override 80
measure vllm_evicted 18100 --concurrency 4 --num-samples 16
check "$work/vllm_evicted" --hits 0 0.4 --says "evicted: the prompts of one round hold" --not-says "cache works"

"$here/engine.sh" stop
"$here/engine.sh" lmcache
CACHE=both "$here/engine.sh" vllm
lmcache=(--admin-url http://127.0.0.1:18156 --round-gap 2 --concurrency 1 --num-samples 6)
measure lmcache 18100 "${lmcache[@]}" --rounds CWE --require-cold --fail-if 'external.usage < 0.5'
check "$work/lmcache" --kind effect --evidence yes --hits 0.9 1 --says "cache works"
all_read http://127.0.0.1:18156/metrics
measure lmcache_reset 18100 "${lmcache[@]}" --cold reset --require-cold --fail-if 'cold.method != reset'
check "$work/lmcache_reset" --kind effect --evidence yes --hits 0.9 1 --says "cache works"
printf '\n-- half a reset\n'
code=0
"$dualround" run --dataset "$work/documents.jsonl" --endpoint http://127.0.0.1:18100 --num-samples 6 --max-output-tokens 8 \
    --reset-cache-url http://127.0.0.1:18100/reset_prefix_cache --output-dir "$work/half" 2>"$work/half.txt" >/dev/null || code=$?
tail -1 "$work/half.txt"
test "$code" = 3
grep -q "still hits" "$work/half.txt"

"$here/engine.sh" stop
"$here/engine.sh" lmcache
CACHE=lmcache "$here/engine.sh" vllm
measure lmcache_alone 18100 "${lmcache[@]}" --require-cold
check "$work/lmcache_alone" --kind effect --evidence yes --hits 0.8 1 --says "cache works"

"$here/engine.sh" stop
MODEL=nano "$here/engine.sh" transformers
measure transformers 18110 --model "$dir/models/nano-folder" --rounds CWC --concurrency 1 --num-samples 8
check "$work/transformers" --kind no_effect,cannot_tell,withheld,effect --evidence no --not-says "cache works"
