# Programs of Python wheels; sourced by the scripts that need one. Needs $dir.

# make_venv NAME WHEEL…: an environment below $dir with these; nothing is done where it has them.
make_venv() {
    local at="$dir/$1"
    shift
    if [ "$(cat "$at/.stamp" 2>/dev/null)" = "$*" ]; then return 0; fi
    mkdir -p "$dir"
    rm -rf "$at"
    python3 -m venv "$at"
    "$at/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$@"
    printf '%s' "$*" >"$at/.stamp"
}
