#!/usr/bin/env bash
# What sessions cost the client: 2,000 conversations of 20 turns at 500 streams, and the same 40,000 requests as
# single prompts, against a mock that knows when it wrote each first token. Prints TTFT by the mock and by the
# client, its error, and the client's memory as the round goes on.
#   sessions.sh MOCK     MOCK: an independent mock of chat completions with --port, --cpu, --ttft-ms, --itl-ms,
#                        --tokens and GET /truth (requests[].ttft_ns)
#   DUALROUND: the program (default target/release/dualround). Server on core 0, client on core 1.
set -euo pipefail
mock="${1:?give the mock}"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
dualround="${DUALROUND:-$root/target/release/dualround}"
work="$(mktemp -d)"
port=18161
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
"$dualround" generate --groups 2000 --prompts 2000 --turns 20 --shared 0 --unique 40 --output-length 20 --seed 1 \
    -o "$work/sessions.jsonl" 2>/dev/null
python3 - "$work" <<'PY'
import json, sys
work = sys.argv[1]
with open(f"{work}/sessions.jsonl") as rows, open(f"{work}/prompts.jsonl", "w") as out:
    for row in rows:
        row = json.loads(row)
        del row["session_id"], row["turn"]
        out.write(json.dumps(row) + "\n")
PY
measure() { # measure NAME FLAGS…
    "$mock" --port "$port" --cpu 0 --ttft-ms 200 --itl-ms 20 --tokens 10 >/dev/null 2>&1 &
    local server=$! memory=""
    sleep 1
    taskset -c 1 "$dualround" run --dataset "$work/$1.jsonl" --endpoint "http://127.0.0.1:$port/v1" --model mock \
        --concurrency 500 --rounds C --workers 1 --seed 1 --no-probe --warmup 0 --cold none --store-text none \
        --output-dir "$work/out" --overwrite --progress none "${@:2}" >/dev/null 2>&1 &
    local client=$!
    sleep 6
    while kill -0 "$client" 2>/dev/null; do
        memory+=" $(awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$client/status" 2>/dev/null || true)"
        sleep 5
    done
    wait "$client"
    curl -s "http://127.0.0.1:$port/truth" >"$work/truth.json"
    kill "$server"
    wait "$server" 2>/dev/null || true
    python3 - "$1" "$work" "$memory" <<'PY'
import json, sys
name, work, memory = sys.argv[1:]
true = sorted(one["ttft_ns"] / 1e6 for one in json.load(open(f"{work}/truth.json"))["requests"])
seen = []
for line in open(f"{work}/out/requests.jsonl"):
    if line.startswith('{"request"'):
        time = json.loads(line)["request"]["timeline"]
        seen.append((time["first_token_ns"] - time["start_ns"]) / 1e6)
seen.sort()
assert len(seen) == len(true) == 40000, (len(seen), len(true))
mean = lambda values: sum(values) / len(values)
p99 = lambda values: values[int(0.99 * len(values))]
print(f"{name}: TTFT mean {mean(seen):.4f} ms, error {mean(seen) - mean(true):.4f}; P99 {p99(seen):.4f}, "
      f"error {p99(seen) - p99(true):.4f}; memory{memory} MiB")
PY
}
measure sessions --turns all --think-time none
measure prompts
