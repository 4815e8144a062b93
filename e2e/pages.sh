# Real metrics pages; sourced by the scripts that have one. Needs $dualround.

# all_read URL: every line of the page is understood.
all_read() {
    local said
    said="$("$dualround" check metrics "$1")"
    head -1 <<<"$said"
    grep -q ' 0 unreadable lines' <<<"$said"
}
