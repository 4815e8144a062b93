#!/usr/bin/env bash
# A real Prometheus from Debian's packages:  prometheus.sh setup | start JOB=HOST:PORT… | stop
#   PORT (19090)  INTERVAL (1s)     It takes remote write too.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dir="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}"
. "$here/process.sh"
port="${PORT:-19090}" interval="${INTERVAL:-1s}"

setup() {
    mkdir -p "$dir"
    command -v prometheus >/dev/null && return 0
    local root=() policy=/usr/sbin/policy-rc.d made=0
    [ "$(id -u)" = 0 ] || root=(sudo)
    # The package's own service is kept from starting.
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
        "${root[@]}" chmod 755 "$policy"
        made=1
    fi
    local code=0
    { "${root[@]}" apt-get update -qq &&
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus; } >"$dir/apt.log" 2>&1 || code=$?
    # Whatever became of it, other services must be able to start.
    [ "$made" = 0 ] || "${root[@]}" rm -f "$policy"
    [ "$code" = 0 ] || tail -20 "$dir/apt.log" >&2
    return "$code"
}

start() {
    stop_process "prometheus-$port"
    local config="$dir/prometheus-$port.yml" data="$dir/prometheus-$port.data" target
    {
        printf 'global:\n  scrape_interval: %s\n  scrape_timeout: %s\nscrape_configs:\n' "$interval" "$interval"
        for target in "$@"; do
            printf '  - job_name: %s\n    static_configs:\n      - targets: ["%s"]\n' "${target%%=*}" "${target#*=}"
        done
    } >"$config"
    rm -rf "$data"
    start_process "prometheus-$port" 60 "http://127.0.0.1:$port/-/ready" prometheus --config.file="$config" \
        --storage.tsdb.path="$data" --web.listen-address="127.0.0.1:$port" --web.enable-remote-write-receiver
}

action="${1:?setup, start or stop}"
shift
case "$action" in
setup) setup ;;
start) start "$@" ;;
stop) stop_process "prometheus-$port" ;;
*) echo "setup, start or stop" >&2; exit 2 ;;
esac
