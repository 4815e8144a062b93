#!/usr/bin/env bash
# The wheel as its users have it: installed into an empty environment without a network, run, and its results read in Python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root="$PWD"
. packaging/common.sh
. e2e/frames.sh
. e2e/process.sh
work="$(mktemp -d)" dir="$work" port=18095
trap 'stop_process simulator; rm -rf "$work"' EXIT
trap 'echo "$0: line $LINENO does not hold" >&2' ERR
fail() {
    echo "$*" >&2
    exit 1
}
packages_of() {
    "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
}
# The libraries of `frames` for the environment $1, without installing them again.
with_frames() {
    "$python" -m venv --without-pip "$1"
    packages_of "$python" >"$(packages_of "$1/bin/python")/frames.pth"
}

packaging/wheel/build "$work/dist" | tee "$work/build.txt"
wheel="$(tail -1 "$work/build.txt")"

python3 -m venv "$work/venv"
venv="$work/venv/bin"
export PIP_ROOT_USER_ACTION=ignore
pip=("$venv/pip" --disable-pip-version-check --quiet)
cd "$work"
# In cents of a second.
began=$(($(date +%s%N) / 10000000))
"${pip[@]}" install --no-index "$wheel" && "$venv/dualround" demo >demo.txt
took=$(($(date +%s%N) / 10000000 - began))
printf 'pip install and demo: %d.%02d s (30 s are aimed at), a wheel of %d kB\n' $((took / 100)) $((took % 100)) $(($(stat -c %s "$wheel") / 1000))
for file in metrics_tidy.csv comparison.json run.json requests.jsonl requests.parquet summary.md report.html concurrency_8_round_2.json; do
    [ -s "results/demo/$file" ] || fail "the demo of the wheel wrote no $file"
done

# The module runs the program of its own install, and ends as it does.
version="dualround $(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")"
[ "$("$venv/python" -m dualround --version)" = "$version" ] || fail "the wheel is not $version"
[[ "$(basename "$wheel")" == "${version/ /-}"-py3-none-* ]] || fail "$wheel is not named after $version"
"$venv/python" - <<'PY'
from importlib.metadata import distribution

wheel = distribution("dualround")
texts = {file.name: file.read_text() for file in wheel.files or [] if file.match("*.dist-info/licenses/*")}
assert wheel.metadata["License-Expression"] == "Apache-2.0", wheel.metadata.items()
assert "Apache License" in texts["LICENSE"] and "* tokio " in texts["THIRD-PARTY-LICENSES.txt"], list(texts)
PY
ends_with() {
    local expected="$1" code=0
    shift
    "$@" >ended.txt 2>&1 || code=$?
    [ "$code" = "$expected" ] || fail "$* ended with $code, not $expected: $(cat ended.txt)"
}
ends_with 0 "$venv/python" -m dualround explain TTFT
ends_with 2 "$venv/python" -m dualround run --no-such-flag
ends_with 3 "$venv/python" -m dualround run --dataset "$root/examples/example_dataset.json" --endpoint http://127.0.0.1:9 --output-dir refused
"${pip[@]}" install --no-index --target target "$wheel"
cd target
ends_with 0 "$venv/python" -m dualround --version
chmod -x bin/dualround
# Root may read what it may not run, so this is not a question of who tests.
ends_with 126 "$venv/python" -m dualround --version
rm bin/dualround
ends_with 127 "$venv/python" -m dualround --version
grep -q 'the program is missing' ended.txt
cd "$work"
base="$("$venv/python" -c 'import sys; print(sys._base_executable)')"
export PYTHONUSERBASE="$work/user"
PIP_BREAK_SYSTEM_PACKAGES=1 "${pip[@]}" --python "$base" install --user --no-index --ignore-installed --no-warn-script-location "$wheel"
ends_with 0 "$base" -m dualround --version
rm user/bin/dualround
ends_with 127 "$base" -m dualround --version
unset PYTHONUSERBASE

# Ids that look like numbers, a level twice, a request that fails, server metrics.
for id in 007 1e3 NA true; do printf '{"id": "%s", "text": "%s: the same words for everybody"}\n' "$id" "$id"; done >rows.jsonl
start_process simulator 10 "http://127.0.0.1:$port/health" "$venv/dualround" simulate --port "$port" --fault request=3:status=503
"$venv/dualround" run --dataset rows.jsonl --endpoint "http://127.0.0.1:$port/v1" --concurrency 2 2 --max-output-tokens 4 --no-probe \
    --prometheus-url "http://127.0.0.1:$port/metrics" --prometheus-metrics vllm:prefix_cache_hits_total --output-dir 'a=[b]' >run.txt
# Levels that do not wait, and a replay.
for instant in 0 20 35 90; do printf '{"text": "at %s: the same words", "timestamp": %s}\n' "$instant" "$instant"; done >trace.jsonl
for load in '--request-rate 12.5 40' '--replay --timestamp-unit ms'; do
    # shellcheck disable=SC2086
    "$venv/dualround" run --dataset trace.jsonl --endpoint "http://127.0.0.1:$port/v1" $load --max-output-tokens 4 --no-probe \
        --prometheus-url "http://127.0.0.1:$port/metrics" --prometheus-metrics vllm:prefix_cache_hits_total --output-dir "at_${load:2:4}" >run.txt
done
# The CI example takes the program from the PATH, as its workflow puts it there.
"$venv/dualround" generate --output prompts.jsonl --groups 12 --prompts 12 --shared 300 --unique 100 >/dev/null
PATH="$venv:$PATH" ENDPOINT="http://127.0.0.1:$port" DATASET=prompts.jsonl BASE=none OUT=ci "$root/examples/ci/compare.sh" >ci.txt
grep -q 'no base run in none' ci.txt
stop_process simulator

with_frames frames
"${pip[@]}" --python frames/bin/python install --no-index "$wheel"
# The program of examples/README.md.
sed -n '/^```python/,/^```/p' "$root/examples/README.md" | sed '/^```/d; s#"results"#"results/demo"#' >readme.py
frames/bin/python readme.py >readme.txt
grep -q effect readme.txt
for run in results/demo 'a=[b]' at_requ at_repl; do frames/bin/python "$root/e2e/assert_read.py" "$run"; done
"$venv/python" "$root/e2e/assert_read.py" --without-libraries results/demo

# Its own types, and what a user's checker sees.
python_with types "$root/e2e/requirements-types.txt"
with_frames types
packages_of "$cache/types/bin/python" >>"$(packages_of types/bin/python)/frames.pth"
"${pip[@]}" --python types/bin/python install --no-index "$wheel"
(cd "$root/packaging/wheel" && "$work/types/bin/python" -m mypy --cache-dir "$cache/mypy" --config-file pyproject.toml)
types/bin/python -m mypy --cache-dir "$cache/mypy" --strict "$root/e2e/assert_read.py"
echo "the wheel installs, runs and is read"
