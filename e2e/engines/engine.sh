#!/usr/bin/env bash
# The heavier engines, on the CPU:  engine.sh setup | vllm | lmcache | transformers [server options] | stop
#   PORT  MODEL nano|small (small)  CACHE=prefix|both|lmcache (vllm: its own cache, that and
#   LMCache's behind it, or LMCache's alone)
# Needs CPython 3.11, gcc and 3 GB under DUALROUND_E2E_DIR (default: a cache folder).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dir="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}"
. "$here/../process.sh"
venv="$dir/engines" model="${MODEL:-small}"
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 DO_NOT_TRACK=1 VLLM_NO_USAGE_STATS=1 LMCACHE_TRACK_USAGE=false PYTHONHASHSEED=0

setup() {
    local stamp
    stamp="$(cat "$here/requirements.txt" "$here/stand_ins.py" | sha256sum | cut -d' ' -f1)"
    if [ "$(cat "$venv/.stamp" 2>/dev/null)" != "$stamp" ]; then
        mkdir -p "$dir"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --only-binary :all: --no-deps -r "$here/requirements.txt"
        "$venv/bin/python" "$here/stand_ins.py"
        # Without compiled files every start takes three times as long.
        "$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >/dev/null 2>&1 || true
        printf '%s' "$stamp" >"$venv/.stamp"
    fi
    stamp="$(sha256sum <"$here/../make_model.py" | cut -d' ' -f1)"
    for model in nano small; do
        if [ "$(cat "$dir/models/$model-folder/.stamp" 2>/dev/null)" != "$stamp" ]; then
            "$venv/bin/python" "$here/../make_model.py" "$dir/models/$model-folder" "$model"
            printf '%s' "$stamp" >"$dir/models/$model-folder/.stamp"
        fi
    done
}

stop() {
    local file
    for file in "$dir"/engine-*.pid; do
        stop_process "$(basename "$file" .pid)"
    done
}

# start NAME HEALTH-URL COMMAND…
start() {
    local name="engine-$1"
    shift
    start_process "$name" 180 "$@"
}

action="${1:?setup, vllm, lmcache, transformers or stop}"
shift
case "$action" in
setup) setup ;;
stop) stop ;;
vllm)
    port="${PORT:-18100}"
    options=(--enable-prefix-caching)
    if [ "${CACHE:-prefix}" = lmcache ]; then
        options=(--no-enable-prefix-caching)
    fi
    if [ "${CACHE:-prefix}" != prefix ]; then
        options+=(--kv-transfer-config '{"kv_connector":"LMCacheMPConnector","kv_role":"kv_both","kv_connector_extra_config":{"lmcache.mp.host":"tcp://127.0.0.1","lmcache.mp.port":18155}}')
    fi
    export VLLM_CPU_KVCACHE_SPACE=1 VLLM_SERVER_DEV_MODE=1
    start vllm "http://127.0.0.1:$port/health" "$venv/bin/python" -m vllm.entrypoints.openai.api_server \
        --model "$dir/models/$model-folder" --served-model-name tiny --host 127.0.0.1 --port "$port" --max-model-len 8192 \
        --dtype float32 --enforce-eager --enable-prompt-tokens-details \
        --enable-per-request-metrics "${options[@]}" "$@"
    ;;
lmcache)
    start lmcache http://127.0.0.1:18156/healthcheck "$venv/bin/lmcache" server --host 127.0.0.1 --port 18155 \
        --http-host 127.0.0.1 --http-port 18156 --l1-size-gb 1 --l1-init-size-gb 1 --eviction-policy LRU \
        --supported-transfer-mode engine_driven --chunk-size 256 --max-workers 2 "$@"
    ;;
transformers)
    port="${PORT:-18110}"
    start transformers "http://127.0.0.1:$port/health" "$venv/bin/transformers" serve "$dir/models/$model-folder" \
        --host 127.0.0.1 --port "$port" --device cpu --dtype float32 --no-continuous-batching "$@"
    ;;
*) echo "setup, vllm, lmcache, transformers or stop" >&2; exit 2 ;;
esac
