# What reports are looked at with; sourced, needs $here. The program, a folder that is gone at the end with the
# simulator that was started, a Chromium that shows Chinese, and what drives it.
dualround="${DUALROUND:-$here/../target/release/dualround}"
cache="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}"
work="$(mktemp -d)"
dir="$work"
. "$here/process.sh"
clean_up() {
    stop_process simulator
    rm -rf "$work"
}
trap clean_up EXIT
. "$here/apt.sh"
ensure_tool chromium chromium
# No command comes with a font.
fc-list :lang=zh | grep -q . || ensure_tool "a Chinese font" fonts-wqy-microhei
mkdir -p "$cache/browser"
if [ ! -d "$cache/browser/node_modules/playwright-core" ]; then
    npm install --silent --no-audit --no-fund --no-save --prefix "$cache/browser" playwright-core
fi
# Modules are looked for beside a script.
cp "$here"/*.mjs "$cache/browser/"
