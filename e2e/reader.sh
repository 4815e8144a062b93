#!/usr/bin/env bash
# The independent reader (e2e/reader/) over runs of many kinds on the simulated engine, and over the
# folders given as arguments. A figure that was altered must be found, or the reader reads nothing.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dualround="${DUALROUND:-$here/../target/release/dualround}"
work="$(mktemp -d)"
engine=""
trap '[ -z "$engine" ] || kill "$engine" 2>/dev/null || true; rm -rf "$work"' EXIT
python3 - "$work" <<'PY'
import json, sys
def rows(count, words, shared=""):
    text = lambda i: f"Story {i}: {shared}" + f"word{i} and more of it " * words
    return "\n".join(json.dumps({"id": f"r{i}", "text": text(i)}) for i in range(count)) + "\n"
open(f"{sys.argv[1]}/docs.jsonl", "w").write(rows(12, 60))
open(f"{sys.argv[1]}/few.jsonl", "w").write(rows(4, 60))
open(f"{sys.argv[1]}/short.jsonl", "w").write(rows(12, 2))
shared = "\n".join(json.dumps({"text": "The same beginning of all of them. " * 40 + f"Question {i}: " + f"what of {i}? " * 20}) for i in range(12))
open(f"{sys.argv[1]}/shared.jsonl", "w").write(shared + "\n")
PY

read_it() {
    "$dualround" report "$1" --lang en >/dev/null
    python3 "$here/reader/read.py" "$1" "$dualround"
}

# one NAME 'ENGINE SETTINGS (JSON)' 'FLAGS' [DATASET]: a run whose exit code is not asked.
one() {
    local name="$1" settings="$2" flags="$3" data="${4:-docs}"
    echo "$settings" >"$work/engine.json"
    "$dualround" simulate --config "$work/engine.json" --port 0 >"$work/address.txt" &
    engine=$!
    for _ in $(seq 100); do grep -q http "$work/address.txt" && break; sleep 0.1; done
    local address
    address="$(grep -o 'http://[^ ]*' "$work/address.txt" | head -1)"
    # shellcheck disable=SC2086
    "$dualround" run --dataset "$work/$data.jsonl" --endpoint "$address" --max-output-tokens 6 \
        --temperature 0 --seed 1 --warmup 0 --progress none --output-dir "$work/$name" $flags \
        >/dev/null 2>&1 || true
    kill "$engine" && wait "$engine" 2>/dev/null || true
    engine=""
    read_it "$work/$name"
}

one pair '{}' '--concurrency 1 4'
one control '{}' '--rounds CWC --concurrency 2'
one warm_again '{}' '--rounds CWW --concurrency 2 --round-noise 40'
one two_cycles '{}' '--rounds CWCW --concurrency 1 --round-noise 10'
one cycles '{}' '--rounds CWCWCW --concurrency 1 4'
one off '{"cache_blocks": 0}' '--concurrency 2'
one silent '{"report_cached_tokens": false}' '--concurrency 2 --cold salt --rounds CWC'
one evicted '{"cache_blocks": 40}' '--concurrency 1'
one not_cold '{}' '--cold none --concurrency 1 4 --rounds CWC'
one failing '{"faults": [{"on": {"every": 4}, "fault": {"status": {"code": 503}}}]}' '--concurrency 2'
one all_failing '{"faults": [{"on": "all", "fault": {"status": {"code": 503}}}]}' '--concurrency 2 --no-probe --model sim-1'
one cold_only '{}' '--rounds C --concurrency 2'
one few '{}' '--concurrency 1' few
one short '{}' '--concurrency 1 --no-probe --model sim-1' short
one shared '{}' '--concurrency 1 --rounds CWC' shared
one tiers '{"external_blocks": 4096, "report_cached_by_tier": true}' '--rounds CWE --concurrency 1 --shared-prefix 0,50'

# Runs of the lab, whose worlds are drawn, and the demo.
lab="$(dirname "$dualround")/dualround-lab"
"$lab" --tier 2 --seeds 0..12 --program "$dualround" --keep "$work/lab" >/dev/null
for run in "$work"/lab/*/out; do read_it "$run"; done
"$dualround" demo --concurrency 1 4 --output-dir "$work/demo" >/dev/null 2>&1
read_it "$work/demo"

# The reader has eyes: each of these altered figures is found.
for change in 's/faster (\([0-9]\)/faster (9\1/' 's/; \([0-9.]*\) % of prompt tokens/; 1\1 % of prompt tokens/' 's/cache works/round 2 slower/'; do
    rm -rf "$work/altered"
    cp -r "$work/pair" "$work/altered"
    sed -i "$change" "$work/altered/comparison.json"
    if python3 "$here/reader/read.py" "$work/altered" "$dualround" >/dev/null 2>&1; then
        echo "the reader did not find what was altered: $change" >&2
        exit 1
    fi
done
for folder in "$@"; do read_it "$folder"; done
echo "reader: ok"
