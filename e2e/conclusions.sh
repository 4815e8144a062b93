#!/usr/bin/env bash
# What must be concluded on real set-ups: llama.cpp with evictions and without a cache, and a gateway
# over two engines, by turns and by prefix. DUALROUND: the program (default target/release/dualround)
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/pages.sh"
. "$here/sessions.sh"
dualround="${DUALROUND:-$here/../target/release/dualround}"
export MODEL=nano
one=18080 two=18082 front=18090
work="$(mktemp -d)"
trap 'PORT=$front "$here/gateway.sh" stop; PORT=$one "$here/llama.sh" stop; PORT=$two "$here/llama.sh" stop; rm -rf "$work"' EXIT

"$here/llama.sh" setup
"$here/gateway.sh" setup
python3 "$here/make_documents.py" --chars 4000 --count 12 >"$work/documents.jsonl"

# A gateway is healthy before it knows its engines: --wait-ready waits for its models.
measure() { # measure NAME PORT CONCURRENCY SAMPLES [flags]
    local name="$1" port="$2" concurrency="$3" samples="$4"
    shift 4
    printf '\n-- %s\n' "$name"
    "$dualround" run --dataset "$work/documents.jsonl" --endpoint "http://127.0.0.1:$port" --concurrency "$concurrency" \
        --num-samples "$samples" --max-output-tokens 16 --temperature 0 --seed 1 --output-dir "$work/$name" --wait-ready 30 "$@" \
        >"$work/$name.txt" 2>&1 || { cat "$work/$name.txt"; return 1; }
}
check() {
    python3 "$here/assert_conclusion.py" "$@"
    python3 "$here/reader/read.py" "$1" "$dualround"
}

PORT=$one "$here/llama.sh" start
measure works $one 4 12 --require-cold --fail-if 'ttft.ratio < 2' --shared-prefix 0,50,100 \
    --fail-if 'partial.0.usage > 0.05' --fail-if 'partial.1.usage < 0.4' --fail-if 'partial.1.usage > 0.55' --fail-if 'partial.2.usage < 0.9'
check "$work/works" --kind effect --evidence yes --hits 0.9 1 --says "cache works" --says "verified cold"

# By every API the same prompts hit alike.
for api in messages responses completions; do
    measure "$api" $one 1 12 --api "$api" --require-cold --fail-if 'ttft.ratio < 2'
    check "$work/$api" --kind effect --evidence yes --hits 0.9 1 --says "cache works" --says "verified cold"
done
measure controlled $one 1 12 --api messages --cache-control 5m
check "$work/controlled" --kind effect --evidence yes --hits 0.9 1 --says "cache works"
grep -q "caches by itself" "$work/controlled/summary.md"

# Three ways to know more: hits and misses in one round, cycles until they decide, nothing reused.
measure mixed $one 1 12 --rounds CWM --fail-if 'mixed.ratio < 2' --fail-if 'mixed.p > 0.05'
check "$work/mixed" --kind effect --evidence yes --hits 0.9 1 --says "cache works" --says "faster than misses inside the mixed rounds"
measure until $one 4 12 --until decided --budget 3m --fail-if 'until.decided == false'
check "$work/until" --kind effect --evidence yes --hits 0.9 1 --says "cache works" --says "decided at look"
measure inside $one 1 12 --rounds NCW --fail-if 'inside_reuse.usage_without > 0.05'
check "$work/inside" --kind effect --evidence yes --hits 0.9 1 --says "reuse inside the round"

PORT=$one "$here/llama.sh" start --cache-ram 0
measure evicted $one 4 12
check "$work/evicted" --evidence no --hits 0 0.1 --says "evicted: 12 prompts took turns on 4 slots" --not-says "cache works"

PORT=$one "$here/llama.sh" start --no-cache-prompt
measure off $one 4 12
measure off_mixed $one 1 12 --rounds CWM
check "$work/off_mixed" --evidence no --hits 0 0.01 --says "missed the cache, so hits and misses were not compared" --not-says "cache works"
# Without a cache the rounds may still differ as the machine does; what must not be is a cache that works.
check "$work/off" --evidence no --hits 0 0.01 --says "cache off" --not-says "cache works"

# Slots enough for every prompt, so that only the gateway decides. Each conclusion is held against the
# engines' own counters, which is what --hits does.
export SLOTS=8 CTX=4096
PORT=$one "$here/llama.sh" start
PORT=$two "$here/llama.sh" start
replicas=(--admin-url "http://127.0.0.1:$one" --admin-url "http://127.0.0.1:$two")
gateway() { POLICY="$1" PORT=$front "$here/gateway.sh" start "http://127.0.0.1:$one" "http://127.0.0.1:$two"; }

gateway round_robin
measure turns_odd $front 1 7 "${replicas[@]}"
all_read http://127.0.0.1:18091/metrics
check "$work/turns_odd" --evidence no --hits 0 0.1 --says "another replica" --not-says "cache works"
gateway round_robin
measure turns_even $front 1 8 "${replicas[@]}"
check "$work/turns_even" --kind effect --evidence yes --hits 0.9 1 --says "cache works" --not-says "another replica"
gateway cache_aware
measure by_prefix $front 1 7 "${replicas[@]}"
check "$work/by_prefix" --kind effect --evidence yes --hits 0.9 1 --says "cache works"

# Sessions: by turns every other turn of a chat meets the replica that has what came before the last; by
# prefix and by header all of them meet the one that has it.
make_sessions >"$work/sessions.jsonl"
fresh() {
    SLOTS=24 PORT=$one "$here/llama.sh" start
    SLOTS=24 PORT=$two "$here/llama.sh" start
    gateway "$1"
}
fresh round_robin
play chats_in_turns $front
reached "$work/chats_in_turns" --between 0.55 0.7 --imbalance 1 1.1
fresh cache_aware
play chats_by_prefix $front
reached "$work/chats_by_prefix" --between 0.97 1 --imbalance 1 2
fresh manual
play chats_by_header $front --session-header x-smg-routing-key
reached "$work/chats_by_header" --between 0.97 1 --imbalance 1 2
