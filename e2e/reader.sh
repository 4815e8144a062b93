#!/usr/bin/env bash
# The independent reader (e2e/reader/) over runs of many kinds on the simulated engine, and over the
# folders given as arguments. A figure that was altered must be found, or the reader reads nothing.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dualround="${DUALROUND:-$here/../target/release/dualround}"
work="$(mktemp -d)"
# Runs at a time: they wait for the engine's times, and hardly need a core.
at_once=4
runs=()
finish() {
    [ ${#runs[@]} = 0 ] || kill "${runs[@]}" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap finish EXIT
python3 - "$work" <<'PY'
import json, sys
def rows(count, words, shared=""):
    text = lambda i: f"Story {i}: {shared}" + f"word{i} and more of it " * words
    return "\n".join(json.dumps({"id": f"r{i}", "text": text(i)}) for i in range(count)) + "\n"
open(f"{sys.argv[1]}/docs.jsonl", "w").write(rows(12, 60))
open(f"{sys.argv[1]}/few.jsonl", "w").write(rows(4, 60))
open(f"{sys.argv[1]}/short.jsonl", "w").write(rows(12, 2))
shared = "\n".join(json.dumps({"text": "The same beginning of all of them. " * 40 + f"Question {i}: " + f"what of {i}? " * 20}) for i in range(12))
open(f"{sys.argv[1]}/shared.jsonl", "w").write(shared + "\n")
# Enough requests for both halves of a round, and a trace with a gap.
open(f"{sys.argv[1]}/many.jsonl", "w").write(rows(900, 8))
timed = (json.dumps({"text": f"Story {i}: " + f"word{i} " * 60, "timestamp": i * 0.05 + (1.5 if i > 30 else 0)}) for i in range(60))
open(f"{sys.argv[1]}/trace.jsonl", "w").write("\n".join(timed) + "\n")
PY

"$dualround" generate --groups 12 --prompts 12 --turns 3 --shared 0 --unique 60 --output-length 15 --gap 0.05 -o "$work/talks.jsonl" >/dev/null 2>&1
python3 - "$work" <<'PY'
import json, sys
turn = lambda i, k: {"text": f"Story {i}, part {k}: " + f"word{i}x{k} and more " * 30, "delay_ms": 20 * k}
rows = ({"session_id": f"q{i}", "turns": [turn(i, k) for k in range(3)]} for i in range(10))
open(f"{sys.argv[1]}/questions.jsonl", "w").write("\n".join(map(json.dumps, rows)) + "\n")
PY

# Prompts with a shared beginning and without, and some of them; `Story` is what the odd engine looks for.
"$dualround" generate --groups 4 --prompts 48 --shared 300 --unique 100 -o "$work/shared48.jsonl" >/dev/null 2>&1
"$dualround" generate --groups 48 --prompts 48 --shared 0 --unique 300 -o "$work/alone48.jsonl" >/dev/null 2>&1
head -12 "$work/shared48.jsonl" >"$work/shared12.jsonl"
head -12 "$work/alone48.jsonl" >"$work/alone12.jsonl"
head -4 "$work/alone48.jsonl" >"$work/alone4.jsonl"
sed -E 's/("text":"[^"]*)"/\1 Story."/' "$work/alone12.jsonl" >"$work/stories.jsonl"

read_it() {
    "$dualround" report "$1" --lang en >/dev/null
    python3 "$here/reader/read.py" "$1" "$dualround"
}

# measure NAME DATASET FLAGS ENGINE…: a run against an engine that prints its address; its exit code is
# not asked.
measure() {
    local at="$work/$1" data="$2" flags="$3" address
    shift 3
    "$@" >"$at.address" &
    engine=$!
    trap 'kill "$engine" 2>/dev/null || true' EXIT
    for _ in $(seq 100); do grep -qs http "$at.address" && break; sleep 0.1; done
    address="$(grep -o 'http://[^ ]*' "$at.address" | head -1)"
    address="${address%/v1/chat/completions}"
    # shellcheck disable=SC2086
    "$dualround" run --dataset "$work/$data.jsonl" --endpoint "$address" --max-output-tokens 6 \
        --temperature 0 --seed 1 --warmup 0 --progress none --output-dir "$at" $flags \
        >/dev/null 2>&1 || true
    read_it "$at" >"$at.read" 2>&1
}

# begin COMMAND…: in the background, so many at once.
begin() {
    while [ "$(jobs -pr | wc -l)" -ge "$at_once" ]; do wait -n || true; done
    "$@" &
    runs+=($!)
}

# Waits for all that was begun; what one of them found wrong ends this.
all_read() {
    local run wrong=0
    for run in "${runs[@]}"; do wait "$run" || wrong=1; done
    runs=()
    cat "$work"/*.read
    [ "$wrong" = 0 ]
}

# one NAME 'ENGINE SETTINGS (JSON)' 'FLAGS' [DATASET]: against the simulated engine.
one() {
    echo "$2" >"$work/$1.engine.json"
    begin measure "$1" "${4:-docs}" "$3" "$dualround" simulate --config "$work/$1.engine.json" --port 0
}

# odd NAME MODE 'FLAGS': against the engine that does what the simulated one cannot.
odd() {
    begin measure "$1" stories "$3" python3 "$here/reader/odd_engine.py" "$2"
}

# failing FIRST LAST [SETTINGS]: settings under which these requests fail, counted from the canary on.
failing() {
    local rules
    rules="$(seq "$1" "$2" | sed 's/.*/{"on":{"request":&},"fault":{"status":{"code":503}}}/' | paste -sd,)"
    echo "{\"itl_ms\":1${3:+,$3},\"faults\":[$rules]}"
}

one pair '{}' '--concurrency 1 4'
one control '{}' '--rounds CWC --concurrency 2'
one warm_again '{}' '--rounds CWW --concurrency 2 --round-noise 40'
one two_cycles '{}' '--rounds CWCW --concurrency 1 --round-noise 10'
one cycles '{}' '--rounds CWCWCW --concurrency 1 4'
one off '{"cache_blocks": 0}' '--concurrency 2'
one silent '{"report_cached_tokens": false}' '--concurrency 2 --cold salt --rounds CWC'
one evicted '{"cache_blocks": 40}' '--concurrency 1'
one not_cold '{}' '--cold none --concurrency 1 4 --rounds CWC'
one some_failing '{"faults": [{"on": {"every": 4}, "fault": {"status": {"code": 503}}}]}' '--concurrency 2'
one all_failing '{"faults": [{"on": "all", "fault": {"status": {"code": 503}}}]}' '--concurrency 2 --no-probe --model sim-1'
one cold_only '{}' '--rounds C --concurrency 2'
one few '{}' '--concurrency 1' few
one short '{}' '--concurrency 1 --no-probe --model sim-1' short
one shared '{}' '--concurrency 1 --rounds CWC' shared
one tiers '{"external_blocks": 4096, "report_cached_by_tier": true}' '--rounds CWE --concurrency 1 --shared-prefix 0,50'

# Limits that a cold round misses and a warm one meets.
echo 'slo: {ttft_ms: 20}' >"$work/slo.yaml"
one goodput '{"itl_ms":1,"fixed_ttft_ms":40,"fixed_warm_ttft_ms":2}' "--concurrency 1 4 --slo-file $work/slo.yaml"

# Conversations, with answers of the data set and of the server, at a rate and without reuse; some that fail.
one sessions '{"itl_ms": 1}' '--turns all --concurrency 1 3' talks
one sessions_live '{"itl_ms": 1}' '--turns all --answers live --concurrency 2 --rounds NCW' questions
one sessions_rate '{"itl_ms": 1}' '--turns all --request-rate 20 --rounds CW --think-time none' talks
one sessions_mixed '{"itl_ms": 1}' '--turns all --concurrency 2 --rounds CWMMMM --think-time none' talks
one sessions_failing "$(failing 25 26)" '--turns all --concurrency 2' talks

# Each API, fields that control a cache, and what it all costs.
cat >"$work/prices.yaml" <<'YAML'
currency: USD
models:
  sim-1: {input: 3, cache_read: 0.3, cache_write: {5m: 3.75, 1h: 6}, output: 15}
YAML
sed 's/cache_write: {5m: 3.75, 1h: 6}, //; s/USD/CNY/' "$work/prices.yaml" >"$work/no_writes.yaml"
explicit='{"explicit_cache": true, "explicit_min_tokens": 100}'
one messages "$explicit" "--api messages --cache-control 5m --concurrency 1 4 --prices $work/prices.yaml"
one messages_hour "$explicit" "--api messages --cache-control 1h --rounds CWC --concurrency 2 --prices $work/prices.yaml"
one messages_short '{"explicit_cache": true, "explicit_min_tokens": 900}' '--api messages --cache-control 5m --cache-min-tokens 900 --concurrency 2'
one messages_itself '{}' '--api messages --cache-control 5m --concurrency 2'
one messages_ignored '{"cache_blocks": 0}' '--api messages --cache-control 5m --concurrency 2'
one messages_silent '{"report_cached_tokens": false}' '--api messages --cache-control 5m --concurrency 2'
one responses '{}' "--api responses --prompt-cache-key per-epoch --concurrency 2 --prices $work/no_writes.yaml"
one completions '{"report_written_tokens": true}' "--api completions --prompt-token-ids --concurrency 2 --prices $work/prices.yaml"
one unpriced '{}' "--concurrency 2 --rounds NCW --prices $work/prices.yaml" shared12

# What would tell more, by the way the cold round is made cold.
across='{"itl_ms":1,"fixed_ttft_ms":14,"fixed_warm_ttft_ms":12}'
one across "$across" '--concurrency 1' alone12
one across_reset "$across" '--concurrency 1 --cold reset' alone12

# Mixed rounds: hits against misses in blocks.
quick='{"itl_ms":1}'
silent='{"itl_ms":1,"report_cached_tokens":false,"metrics_fault":{"every":1,"fault":{"status":500}}}'
near='{"itl_ms":1,"fixed_ttft_ms":21,"fixed_warm_ttft_ms":20}'
slow='{"itl_ms":1,"fixed_ttft_ms":8,"fixed_warm_ttft_ms":20}'
one mixed "$quick" '--rounds NCWM --concurrency 1 4' shared48
one mixed_decides "$quick" '--rounds NCWM --concurrency 1 4' alone48
one mixed_alone "$quick" '--rounds CMMM --concurrency 1 4' alone48
one mixed_slower "$slow" '--rounds CMM --concurrency 1' alone12
one mixed_equal '{"itl_ms":1,"fixed_ttft_ms":12,"fixed_warm_ttft_ms":12}' '--rounds CMM --concurrency 1' alone48
one mixed_near "$near" '--rounds CMM --concurrency 1' alone12
one mixed_silent "$silent" '--rounds CMM --concurrency 1' alone12
one mixed_few "$quick" '--rounds CMMM --concurrency 1' alone4
one mixed_off '{"itl_ms":1,"cache_blocks":0}' '--rounds CWM --concurrency 1 4' alone48
one mixed_off_alone '{"itl_ms":1,"cache_blocks":0}' '--rounds CMM --concurrency 1' alone12
one mixed_lost "$(failing 24 29)" '--rounds CMM --concurrency 1' alone12
one mixed_none "$(failing 16 60)" '--rounds CM --concurrency 1' alone12
one mixed_repeats "$quick" '--rounds CWWM --concurrency 1' alone12
one mixed_cycles "$near" '--rounds CWCWCWM --concurrency 1' alone12
one mixed_cycles_apart "$quick" '--rounds CWCWCWM --concurrency 1' alone12
one mixed_beside_lost "$(failing 30 33)" '--rounds CWMM --concurrency 1' alone12
one mixed_beside_few "$quick" '--rounds CWMMM --concurrency 1' alone4
one mixed_beside_none "$(failing 28 60)" '--rounds CWM --concurrency 1' alone12
one mixed_block "$across" '--rounds CWM --concurrency 4' alone12
one mixed_epochs "$near" '--rounds CWMCWM --concurrency 2' alone48
one mixed_counters '{"itl_ms":1,"report_cached_tokens":false}' '--rounds CWM --concurrency 1' alone12
one mixed_aborted "$(failing 32 60)" '--rounds CWMM --concurrency 1 --max-failures 2' alone12
odd mixed_one_cache one_cache '--rounds CMM --concurrency 1'
odd mixed_contaminated one_cache '--rounds NCWM --concurrency 1'
odd mixed_partly partly '--rounds CMM --concurrency 1'
odd mixed_hits_only hits_only '--rounds CWMM --concurrency 1'
odd mixed_replays replays '--rounds CMM --concurrency 1'
odd mixed_beside_replays replays '--rounds CWM --concurrency 1'
odd mixed_warming warming '--rounds CWCWM --concurrency 1'

# Rounds without reuse against cold ones.
one inside "$quick" '--rounds NC --concurrency 2' shared48
one inside_twice "$quick" '--rounds NCNC --concurrency 1' shared12
one inside_equal "$quick" '--rounds NC --concurrency 1' alone12
one inside_wide "$quick" '--rounds NC --concurrency 1 --round-noise 40' alone12
one inside_near "$across" '--rounds NC --concurrency 1' shared12
one inside_slower "$slow" '--rounds NCW --concurrency 1' shared12
one inside_silent "$silent" '--rounds NCW --concurrency 1' shared12
one inside_few "$quick" '--rounds NC --concurrency 1' alone4
one inside_lost "$(failing 20 23)" '--rounds NC --concurrency 1' alone12
one inside_none "$(failing 16 60)" '--rounds NC --concurrency 1' alone12
odd inside_partly partly '--rounds NC --concurrency 1'

# Levels that run until they are decided.
one until "$quick" '--until decided --budget 30s --concurrency 1 4' alone12
one until_off '{"itl_ms":1,"cache_blocks":0}' '--until decided --budget 30s --concurrency 1' alone12
one until_near "$near" '--until decided --budget 6s --concurrency 2 4' alone12
one until_few "$quick" '--until decided --budget 20s --concurrency 1' alone4
one until_two "$(failing 53 53 '"fixed_ttft_ms":14,"fixed_warm_ttft_ms":12')" \
    '--until decided --budget 30s --concurrency 1 --max-failures 1' alone12
one until_heads "$(failing 105 105)" '--until decided --budget 30s --concurrency 1 2 --max-failures 1' alone12
one until_short "$quick" '--until decided --budget 1s --concurrency 1' alone12
one until_uneven "$(failing 54 60)" '--until decided --budget 5s --concurrency 1' alone12
odd until_partly partly '--until decided --budget 5s --concurrency 1'
odd until_replays replays '--until decided --budget 5s --concurrency 1'
odd until_contaminated one_cache '--until decided --budget 20s --concurrency 1'

# Rates and a replay: sides that hold the rate, that do not, and of which nobody can tell.
paced='{"itl_ms":1,"prefill_base_ms":4,"prefill_ms_per_token":0.1}'
one rates "$quick" '--request-rate 40 80' alone48
one rates_limit '{"itl_ms":1,"fixed_ttft_ms":60,"fixed_warm_ttft_ms":20}' '--request-rate 60 --max-concurrency 2' alone48
one rate_cold_over "$paced" '--request-rate 110 --arrival constant' many
one rate_neither '{"itl_ms":1,"fixed_ttft_ms":12,"fixed_warm_ttft_ms":11,"max_batch":1}' '--request-rate 200 --arrival gamma --burstiness 4' many
one rate_held '{"itl_ms":1}' '--request-rate 200 --arrival constant' many
one rate_untold "$paced" '--request-rate 150 --arrival constant' alone48
one rate_mixed "$quick" '--request-rate 60 --rounds CWM' alone48
one rate_mixed_over "$paced" '--request-rate 110 --arrival constant --rounds CM' many
one rate_inside_over "$paced" '--request-rate 110 --arrival constant --rounds NCW' many
one replay "$quick" '--replay --timestamp-unit s --replay-speed 2.5 --gap-cap 1' trace
one replay_plain "$quick" '--replay --timestamp-unit s' trace

# A cold round that is warm by the second cycle decides nothing, and is refused before anything is sent.
refused=0
"$dualround" run --dataset "$work/alone12.jsonl" --endpoint http://127.0.0.1:9 --concurrency 2 --until decided --budget 5s --cold none \
    --output-dir "$work/refused" >/dev/null 2>"$work/refused.said" || refused=$?
if [ "$refused" != 2 ] || ! grep -q -- '--cold none' "$work/refused.said" || [ -e "$work/refused/run.json" ]; then
    echo "--until decided --cold none is not refused (exit $refused)" >&2
    exit 1
fi

# Runs of the lab, whose worlds are drawn, and the demo.
lab="$(dirname "$dualround")/dualround-lab"
begin "$lab" --tier 2 --seeds 0..12 --program "$dualround" --keep "$work/lab" >/dev/null
begin "$dualround" demo --concurrency 1 4 --output-dir "$work/demo" >/dev/null 2>&1
all_read
for run in "$work"/lab/*/out "$work/demo" "$@"; do read_it "$run"; done
python3 "$here/reader/known_wrong.py" "$work"/*.read

# The reader has eyes: each of these altered figures is found.
altered() {
    local file="${3:-comparison.json}"
    rm -rf "$work/altered"
    cp -r "$work/$1" "$work/altered"
    sed -i "$2" "$work/altered/$file"
    if cmp -s "$work/$1/$file" "$work/altered/$file"; then
        echo "nothing was altered in $1: $2" >&2
        exit 1
    fi
    if python3 "$here/reader/read.py" "$work/altered" "$dualround" >/dev/null 2>&1; then
        echo "the reader did not find what was altered in $1: $2" >&2
        exit 1
    fi
}
altered pair 's/faster (\([0-9]\)/faster (9\1/'
altered pair 's/; \([0-9.]*\) % of prompt tokens/; 1\1 % of prompt tokens/'
altered goodput 's/"goodput_request_throughput": \([0-9]\)/"goodput_request_throughput": 9\1/' concurrency_4_round_2.json
altered goodput 's/"goodput_requests": 0/"goodput_requests": 1/' concurrency_4_round_1.json
altered messages 's/cost of a request: 0/cost of a request: 1/'
altered messages 's/pays from 1 reuse on/pays from 2 reuses on/'
altered responses 's/ % less)/ % more)/'
altered pair 's/cache works/warm round slower/'
altered mixed_decides 's/"p": 0\.[0-9]*/"p": 0.04/'
altered mixed_decides 's/hits \([0-9.]*\)× faster than/hits 1\1× faster than/'
altered mixed_decides 's/inside the mixed rounds (\([0-9]\)/inside the mixed rounds (1\1/'
altered mixed_decides 's/re-randomising 48 blocks/re-randomising 47 blocks/'
altered mixed_decides 's/rounds took \([0-9.]*\)× as long/rounds took 9\1× as long/'
altered mixed_near 's/, p [< 0-9.]*)/, p 0.900)/'
altered mixed_off 's/ requests that repeat what was sent \([0-9]*\) missed/ requests that repeat what was sent 1\1 missed/'
altered mixed_decides 's/"hit_known": \([0-9]*\)/"hit_known": 1\1/'
altered mixed_decides 's/; hits took \([0-9.]*\) %/; hits took 1\1 %/'
altered mixed_decides 's/"rounds": "cw"/"rounds": "cwc"/'
altered mixed_partly 's|(8 / 12) of their|(9 / 12) of their|'
altered mixed_partly 's/hits are known for a part of the requests only/they took hardly more of their prompts from cache than misses/'
altered mixed_slower 's/hits slower than misses/cache works/'
altered mixed_replays 's/12 of 12 answers to repeated/12 of 13 answers to repeated/'
altered mixed_decides 's/ (3 blocks): too few/ (4 blocks): too few/'
altered mixed_repeats 's/, repeated rounds averaged/, one pair of rounds/'
altered until_uneven 's/ of at most \([0-9]*\) cycles/ of at most 1\1 cycles/'
altered mixed_beside_replays 's/hits faster, by answers that/hits faster, by requests that/'
altered inside 's/; 0.0 % → /; 0.0 % → 1/'
altered inside 's/reuse inside the round works (without it → cold round)/the cold round is slower than one without reuse/'
altered until 's/decided at look \([0-9]*\) of/decided at look 1\1 of/'
altered until 's/ faster (\([0-9]\)/ faster (9\1/'
altered until_near 's/"most": [0-9]*/"most": 19/'
altered until_near 's/; a new run with a larger --budget tells more//'
altered inside_partly 's| ([0-9]* / [0-9]*) of prompt tokens| of prompt tokens|'
altered mixed_contaminated 's/withheld: the cold round was contaminated (prompt tokens came from a cache);/withheld: prompt tokens came from a cache where there was nothing to reuse;/'
altered rate_cold_over 's/the cold side cannot hold this rate, the warm side can/the warm side cannot hold this rate, the cold side can/'
altered rate_cold_over 's/"overloaded": true/"overloaded": false/' rate_110_round_1.json
altered rate_cold_over 's/"backlog_most": /"backlog_most": 1/' rate_110_round_1.json
altered rate_neither 's/neither the cold side nor the warm side can hold this rate/the cold side cannot hold this rate, the warm side can/'
altered rates 's/; whether a side was overloaded is not told below 800 requests, or of a round that was cut short or had many failures//'
altered rate_untold 's/the cold side grew from \([0-9]*\) to/the cold side grew from 1\1 to/'
altered rates_limit 's/TTFT from the due instant \([0-9]\)/TTFT from the due instant 1\1/'
echo "reader: ok"
