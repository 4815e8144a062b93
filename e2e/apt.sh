# Tools from the system's packages; sourced.

# ensure_tool COMMAND PACKAGE: installs the package where there is no such command.
ensure_tool() {
    command -v "$1" >/dev/null && return 0
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
    [ "$(id -u)" = 0 ] || apt=(sudo -n "${apt[@]}")
    "${apt[@]}" install -y -qq "$2" >/dev/null 2>&1 ||
        { "${apt[@]}" update -qq && "${apt[@]}" install -y -qq "$2" >/dev/null; }
}
