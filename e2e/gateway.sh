#!/usr/bin/env bash
# SGLang's model gateway (a prebuilt binary, no GPU) in front of engines:  gateway.sh setup | start URL... | stop
#   PORT (18090)  METRICS_PORT (18091)  POLICY round_robin (default) | cache_aware | manual (by the header
#   x-smg-routing-key)
set -euo pipefail
dir="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}"
. "$(dirname "${BASH_SOURCE[0]}")/process.sh"
. "$(dirname "${BASH_SOURCE[0]}")/venv.sh"
venv="$dir/gateway"
port="${PORT:-18090}" metrics="${METRICS_PORT:-18091}" wheel=sglang-router==0.3.2

case "${1:?setup, start or stop}" in
setup) make_venv gateway "$wheel" ;;
start)
    shift
    stop_process gateway
    start_process gateway 30 "http://127.0.0.1:$port/health" "$venv/bin/smg" launch --worker-urls "$@" \
        --policy "${POLICY:-round_robin}" --host 127.0.0.1 --port "$port" --prometheus-host 127.0.0.1 --prometheus-port "$metrics"
    ;;
stop) stop_process gateway ;;
*) echo "setup, start or stop" >&2; exit 2 ;;
esac
