#!/usr/bin/env bash
# The examples that read a run: pandas, polars, DuckDB. What they compute must be what the files say.
#   DUALROUND: the program (default target/release/dualround)
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dualround="${DUALROUND:-$here/../target/release/dualround}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
. "$here/frames.sh"
"$dualround" demo --concurrency 1 4 --output-dir "$work/run" >"$work/demo.txt"
"$dualround" report "$work/run" --chunk-times --csv-bom >"$work/report.txt"
"$python" "$here/../examples/analyse.py" "$work/run" | tee "$work/pandas.txt"
(cd "$work/run" && "$python" - "$here/../examples/requests.sql") <<'PY' | tee "$work/duckdb.txt"
import sys
import duckdb
for statement in duckdb.extract_statements(open(sys.argv[1]).read()):
    print(duckdb.execute(statement).df().to_string(index=False))
PY
"$python" - "$work" <<'PY'
import json
import re
import sys
from pathlib import Path

work = Path(sys.argv[1])
levels = json.loads((work / "run/comparison.json").read_text())["levels"]
said = re.findall(r"concurrency (\d+): ([\d.]+)x, in comparison.json ([\d.]+)x", (work / "pandas.txt").read_text())
assert len(said) == len(levels) == 2, said
for _, pandas, ours in said:
    assert abs(float(pandas) - float(ours)) < 2e-4, said
duck = (work / "duckdb.txt").read_text()
for level in levels:
    row = re.search(rf"^ *{level['concurrency']} +{level['prompts']} +([\d.]+)$", duck, re.M)
    assert row and abs(float(row.group(1)) - level["ttft"]["ratio"]) < 2e-4, (level["ttft"]["ratio"], duck)
    hit = re.search(rf"^ *{level['concurrency']} +2 +warm .* ([\d.]+)$", duck, re.M)
    assert hit and abs(float(hit.group(1)) - level["hit_rate"]["usage"]) < 1e-4, duck
assert "icl_p99_ms" in (work / "pandas.txt").read_text()
for name in ["metrics_summary.csv", "metrics_flat.csv", "metrics_tidy.csv"]:
    assert (work / "run" / name).read_bytes().startswith(b"\xef\xbb\xbf"), name
print("the examples compute what the files say")
PY

# The CI example: a base run, then an engine whose cache is gone.
dir="$work" port=18094
. "$here/process.sh"
trap 'stop_process simulator; rm -rf "$work"' EXIT
"$dualround" generate --output "$work/prompts.jsonl" --groups 12 --prompts 12 --shared 300 --unique 100 >/dev/null
export ENDPOINT="http://127.0.0.1:$port" DATASET="$work/prompts.jsonl" BASE="$work/base" DUALROUND="$dualround"
start_process simulator 10 "$ENDPOINT/health" "$dualround" simulate --port "$port"
OUT="$work/base" "$here/../examples/ci/compare.sh" >"$work/ci-base.txt"
OUT="$work/same" "$here/../examples/ci/compare.sh" >"$work/ci-same.txt"
stop_process simulator
start_process simulator 10 "$ENDPOINT/health" "$dualround" simulate --port "$port" --cache-blocks 0
code=0
OUT="$work/worse" "$here/../examples/ci/compare.sh" >"$work/ci-worse.txt" 2>"$work/ci-worse.err" || code=$?
[ "$code" = 4 ] || { cat "$work/ci-worse.txt" "$work/ci-worse.err"; echo "a lost cache gives exit code $code" >&2; exit 1; }
grep -c 'fail-if' "$work/ci-worse.err"
"$python" -c 'import sys, xml.etree.ElementTree as x; r = x.parse(sys.argv[1]).getroot(); assert any(c.find("failure") is not None for c in r.iter("testcase"))' "$work/worse/compare.xml"
"$python" -c 'import sys, xml.etree.ElementTree as x; r = x.parse(sys.argv[1]).getroot(); assert len(list(r.iter("testcase"))) >= 17' "$work/same/compare.xml"
tail -3 "$work/ci-same.txt"
echo "the CI example tells a lost cache"
