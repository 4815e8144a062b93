# Sessions of made chats over several replicas; sourced by the scripts that have a router in front of two.
# Needs $dualround, $work, and the ports $one and $two of the replicas.

# 24 chats of five turns, of which none begins like another.
make_sessions() { "$dualround" generate --output - --groups 24 --prompts 24 --turns 5 --shared 60 --unique 120 --output-length 8 --seed 3; }

# play NAME PORT [flags]: one user, so that a router's turns are the chats' own.
play() {
    local name="$1" port="$2"
    shift 2
    printf '\n-- %s\n' "$name"
    "$dualround" run --dataset "$work/sessions.jsonl" --turns all --endpoint "http://127.0.0.1:$port" --model tiny \
        --admin-url "http://127.0.0.1:$one" --admin-url "http://127.0.0.1:$two" --concurrency 1 --num-samples 24 \
        --max-output-tokens 8 --temperature 0 --seed 1 --output-dir "$work/$name" --wait-ready 30 "$@" \
        >"$work/$name.txt" 2>&1 || { cat "$work/$name.txt"; return 1; }
}

# reached DIR [what must be of its cold round]
reached() {
    python3 "$(dirname "${BASH_SOURCE[0]}")/assert_reached.py" "$@"
    python3 "$(dirname "${BASH_SOURCE[0]}")/reader/read.py" "$1" "$dualround"
}
