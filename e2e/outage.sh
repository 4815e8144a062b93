#!/usr/bin/env bash
# A network that goes away in the middle of a round and comes back: the engine stands in a network namespace of its own,
# whose interface is taken down for a while. Needs root, as CI has it.
#   DUALROUND: the program (default target/release/dualround)    DOWN: seconds without network (default 6)
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dualround="$(realpath "${DUALROUND:-$here/../target/release/dualround}")"
down="${DOWN:-6}" space="dualround$$" out=dro$$ in=dri$$
work="$(mktemp -d)"
dir="$work"
. "$here/process.sh"
. "$here/apt.sh"
clean_up() {
    stop_process simulator
    ip netns del "$space" 2>/dev/null || true
    ip link del "$out" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

ensure_tool ip iproute2
if ! ip netns add "$space" 2>"$work/why.txt"; then
    echo "no network namespace can be made here ($(cat "$work/why.txt")): nothing is tested"
    exit 0
fi
ip link add "$out" type veth peer name "$in" netns "$space"
ip addr add 10.213.7.1/24 dev "$out"
ip link set "$out" up
ip -n "$space" addr add 10.213.7.2/24 dev "$in"
ip -n "$space" link set "$in" up
ip -n "$space" link set lo up
start_process simulator 10 http://10.213.7.2:8000/health \
    ip netns exec "$space" "$dualround" simulate --host 10.213.7.2 --port 8000 --prefill-ms-per-token 0.001
"$dualround" generate --output "$work/prompts.jsonl" --groups 600 --prompts 600 --shared 60 --unique 20 >/dev/null
"$dualround" run --dataset "$work/prompts.jsonl" --endpoint http://10.213.7.2:8000 --concurrency 8 --max-output-tokens 16 \
    --connect-timeout 1 --idle-timeout 1 --output-dir "$work/run" --seed 1 >"$work/run.txt" 2>"$work/run.err" &
run=$!
# In the middle of the cold round.
for _ in $(seq 200); do
    [ "$(wc -l 2>/dev/null <"$work/run/requests.jsonl" || echo 0)" -gt 120 ] && break
    sleep 0.05
done
ip -n "$space" link set "$in" down
sleep "$down"
ip -n "$space" link set "$in" up
code=0
wait "$run" || code=$?
cat "$work/run.err"
[ "$code" = 0 ] || { echo "exit code $code" >&2; exit 1; }
python3 - "$work/run" <<'PY'
import json
import sys

cold, warm = (json.load(open(f"{sys.argv[1]}/concurrency_8_round_{n}.json")) for n in (1, 2))
summary = cold["summary"]
ended = sum(summary[k] for k in ("successful_requests", "failed_requests", "cancelled_requests"))
assert ended + summary["not_started_requests"] == summary["planned_requests"] == 600, summary
assert len(cold["requests"]) == 600
failed = [r for r in cold["requests"] if not r["success"]]
kinds = {r["error"]["kind"] for r in failed}
assert 8 <= len(failed) < 400, len(failed)
assert kinds <= {"timeout_idle", "timeout_connect", "connect", "connection_reset"}, kinds
# It came back: what was sent last succeeded, and so did the whole warm round.
last = sorted(cold["requests"], key=lambda r: r["start_ms"] or 0)[-50:]
assert all(r["success"] for r in last)
assert warm["summary"]["successful_requests"] == 600, warm["summary"]["failures"]
print(f"{len(failed)} of 600 requests failed while the network was away ({', '.join(sorted(kinds))}); the rest and the warm round succeeded")
PY
