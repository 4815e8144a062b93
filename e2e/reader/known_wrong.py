#!/usr/bin/env python3
"""What the program says wrongly, and is known to: the list only shrinks.

    known_wrong.py READ…

Fails where one of them was not met in what the reader printed: it is mended, and leaves the list."""

import re
import sys
from pathlib import Path

# A name, and how the reader's reason reads.
KNOWN = {
    # CM, NC: nothing ended early, and something is compared.
    "ended_before_warm": r"the level ended before its warm round|该并发级别在热轮之前就结束了",
    # CWWM: the repeats were averaged.
    "repeats_as_one_pair": r"^one pair of rounds: \(False, 1\)",
    # --until decided --cold none: cycles are counted as one, and decide as repeated rounds.
    "until_cold_none": r"^not looked at yet, after \d+ cycles",
    # One arm is empty: `cannot tell: : 1 are too few`.
    "no_figures": r"^no figures before what is said of them",
    # NCW: `round 2 slower`, and round 2 is the cold one. CWM: it is the warm one, and blocks decide.
    "round_2": r"^round 2 is said, and",
    # CWCWM: a trend of cold rounds `which is in this ratio`, where blocks decide.
    "trend_by_blocks": r"^what rounds differ by is in the ratio",
    # CWM: `or a mixed round (--rounds CWM)`; two cycles of --until decided: `(--until decided)`.
    "advises_what_was_run": r"^(?:a mixed round was run already|it runs until it is decided already)",
    # Levels 1 and 4: `M at 4` with the place of concurrency 1.
    "few_blocks_place": r"^M at \d+ is said of concurrency",
    # --until decided, of which one level came to three cycles and another did not: both are under one head.
    "head_of_intervals": r"^an allowed interval is headed as a t interval",
    # Hits known of a part of the requests: `hits took 90.0 %` without `(8 / 12)`.
    "coverage": r"its coverage is not said$",
    # CM with hits known of a part: `0.0 % → - (0 / 0)` in the table.
    "of_none": r"^a hit rate of \(0 / 0\)",
    # CM where a response cache answers: `faster, cause not established`, and the sentence says the cause.
    "cause_in_a_few_words": r"^in a few words: .*(?:not established|未证实).*(?:response|有响应缓存)",
}


def name(reason):
    return next((one for one, pattern in KNOWN.items() if re.search(pattern, reason)), None)


def main():
    printed = "".join(Path(one).read_text(encoding="utf-8") for one in sys.argv[1:])
    met = set(re.findall(r"^known wrong: (\w+)$", printed, re.M))
    for one in sorted(set(KNOWN) - met):
        print(f"no longer wrong, to be taken off e2e/reader/known_wrong.py: {one}", file=sys.stderr)
    print(f"known wrong: {len(met)} of {len(KNOWN)} met")
    sys.exit(0 if met == set(KNOWN) else 1)


if __name__ == "__main__":
    main()
