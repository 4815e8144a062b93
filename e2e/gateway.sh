#!/usr/bin/env bash
# SGLang's model gateway (a prebuilt binary, no GPU) in front of engines:  gateway.sh setup | start URL... | stop
#   PORT (18090)  METRICS_PORT (18091)  POLICY round_robin (default) | cache_aware
set -euo pipefail
dir="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}"
venv="$dir/gateway" pid="$dir/gateway.pid"
port="${PORT:-18090}" metrics="${METRICS_PORT:-18091}" wheel=sglang-router==0.3.2

stop() {
    [ -f "$pid" ] || return 0
    kill -TERM -- "-$(cat "$pid")" 2>/dev/null || true
    for _ in $(seq 50); do
        kill -0 -- "-$(cat "$pid")" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$(cat "$pid")" 2>/dev/null || true
    rm -f "$pid"
}

case "${1:?setup, start or stop}" in
setup)
    if [ "$(cat "$venv/.stamp" 2>/dev/null)" != "$wheel" ]; then
        mkdir -p "$dir"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$wheel"
        printf '%s' "$wheel" >"$venv/.stamp"
    fi
    ;;
start)
    shift
    stop
    setsid "$venv/bin/smg" launch --worker-urls "$@" --policy "${POLICY:-round_robin}" --host 127.0.0.1 --port "$port" \
        --prometheus-host 127.0.0.1 --prometheus-port "$metrics" >"$dir/gateway.log" 2>&1 </dev/null &
    echo $! >"$pid"
    for _ in $(seq 150); do
        if curl -sf -o /dev/null "http://127.0.0.1:$port/health"; then exit 0; fi
        sleep 0.2
    done
    echo "the gateway did not come up; the end of its log:" >&2
    tail -20 "$dir/gateway.log" >&2
    exit 1
    ;;
stop) stop ;;
*) echo "setup, start or stop" >&2; exit 2 ;;
esac
