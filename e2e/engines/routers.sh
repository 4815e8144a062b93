#!/usr/bin/env bash
# Sessions through routers over two llama.cpp servers: what they reach of what could be hit, beside chance.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dualround="${DUALROUND:-$here/../../target/release/dualround}"
work="$(mktemp -d)"
export MODEL=nano SLOTS=24 CTX=4096
one=18080 two=18082 front=18190
trap '"$here/router.sh" stop; PORT=$one "$here/../llama.sh" stop; PORT=$two "$here/../llama.sh" stop; rm -rf "$work"' EXIT
. "$here/../sessions.sh"
"$here/../llama.sh" setup
"$here/router.sh" setup
make_sessions >"$work/sessions.jsonl"

# through NAME COMMAND… -- [flags]: one of the routers over fresh engines
through() {
    local name="$1" router=()
    shift
    while [ "$1" != -- ]; do
        router+=("$1")
        shift
    done
    shift
    PORT=$one "$here/../llama.sh" start
    PORT=$two "$here/../llama.sh" start
    env PORT=$front "${router[@]}" "http://127.0.0.1:$one" "http://127.0.0.1:$two"
    play "$name" $front "$@"
}

through vllm_round_robin POLICY=round_robin "$here/router.sh" vllm-router --
reached "$work/vllm_round_robin" --between 0.55 0.7 --imbalance 1 1.1
through vllm_by_header POLICY=consistent_hash "$here/router.sh" vllm-router -- --session-header x-session-id
reached "$work/vllm_by_header" --between 0.97 1 --imbalance 1 2
through litellm "$here/router.sh" litellm --
reached "$work/litellm" --near-chance 0.15 --imbalance 1 1.5
through litellm_by_header AFFINITY=1 "$here/router.sh" litellm -- --session-header x-litellm-session-id
reached "$work/litellm_by_header" --between 0.97 1 --imbalance 1 2
