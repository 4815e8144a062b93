#!/usr/bin/env bash
# The other clients of rates.py, and a tokenizer for them:  setup.sh
# Fetches the wheel of vLLM (340 MB, for the one binary in it) and aiperf. Needs CPython 3.11 or later, unzip.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dir="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}/bench"
vllm=vllm==0.33.0 aiperf=aiperf==0.13.0
mkdir -p "$dir"

if [ "$(cat "$dir/vllm-rs.stamp" 2>/dev/null)" != "$vllm" ]; then
    wheels="$(mktemp -d)"
    trap 'rm -rf "$wheels"' EXIT
    python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$wheels" "$vllm"
    unzip -qoj "$wheels"/vllm-*.whl vllm/vllm-rs -d "$dir"
    chmod +x "$dir/vllm-rs"
    printf '%s' "$vllm" >"$dir/vllm-rs.stamp"
fi
if [ "$(cat "$dir/aiperf/.stamp" 2>/dev/null)" != "$aiperf" ]; then
    rm -rf "$dir/aiperf"
    python3 -m venv "$dir/aiperf"
    "$dir/aiperf/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$aiperf" safetensors==0.8.0
    printf '%s' "$aiperf" >"$dir/aiperf/.stamp"
fi
[ -f "$dir/model/tokenizer.json" ] || "$dir/aiperf/bin/python" "$here/../make_model.py" "$dir/model" nano
