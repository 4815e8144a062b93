# What the scripts here share; sourced from the project's folder.
cache="${DUALROUND_E2E_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dualround-e2e}"

# python_with NAME REQUIREMENTS…: makes $cache/NAME an environment with just these, anew where they or Python changed.
python_with() {
    local venv="$cache/$1" wanted
    shift
    wanted="$(python3 --version && cat "$@")"
    [ "$wanted" = "$(cat "$venv/wanted.txt" 2>/dev/null)" ] && return 0
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${@/#/--requirement=}"
    printf '%s\n' "$wanted" >"$venv/wanted.txt"
}

# alone: waits until no other script of these runs here. maturin moves the program aside while it packs it.
alone() {
    mkdir -p target
    exec 9>target/.packaging.lock
    flock 9
}

# host_target: this machine, as Rust calls it.
host_target() {
    rustc -vV | sed -n 's/^host: //p'
}

# licences TARGET FILE: the licence texts of what is linked into the program.
licences() {
    python3 packaging/licences.py --target "$1" "$2"
}
