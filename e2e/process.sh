# Servers in the background, by name; sourced by the scripts that set one up. Needs $dir.

# stop_process NAME
stop_process() {
    local file="$dir/$1.pid" pid
    [ -f "$file" ] || return 0
    pid="$(cat "$file")"
    kill -TERM -- "-$pid" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 -- "-$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$pid" 2>/dev/null || true
    rm -f "$file"
}

# start_process NAME SECONDS HEALTH-URL COMMAND…: returns once it answers; shows the end of its log if it does not.
start_process() {
    local name="$1" tries="$(($2 * 5))" health="$3"
    shift 3
    setsid "$@" >"$dir/$name.log" 2>&1 </dev/null &
    echo $! >"$dir/$name.pid"
    for _ in $(seq "$tries"); do
        if curl -sf -o /dev/null "$health"; then return 0; fi
        kill -0 "$(cat "$dir/$name.pid")" 2>/dev/null || break
        sleep 0.2
    done
    echo "$name did not come up; the end of its log:" >&2
    tail -20 "$dir/$name.log" >&2
    return 1
}
