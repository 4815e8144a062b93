# A Chromium that shows Chinese, and what drives it; sourced. Needs $here and $cache.
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
