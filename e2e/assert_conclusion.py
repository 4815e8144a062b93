#!/usr/bin/env python3
"""What the comparison of a run must say.

    assert_conclusion.py DIR [--kind K[,K]] [--evidence yes|no] [--hits LOW HIGH] [--says TEXT] [--not-says TEXT]
"""

import argparse
import json
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("dir", type=pathlib.Path)
parser.add_argument("--kind")
parser.add_argument("--evidence", choices=["yes", "no"])
parser.add_argument("--hits", nargs=2, type=float)
parser.add_argument("--says", action="append", default=[])
parser.add_argument("--not-says", action="append", default=[])
args = parser.parse_args()

levels = json.loads((args.dir / "comparison.json").read_text())["levels"]
assert levels, "no level was compared"
for level in levels:
    conclusion, hits = level["conclusion"], level["hit_rate"]
    text = " ".join([conclusion["text"], *level["beside"], *level["diagnosis"]])
    where = f"concurrency {level['concurrency']}: {text}"
    if args.kind:
        assert conclusion["kind"] in args.kind.split(","), where
    if args.evidence:
        assert conclusion["cache_evidence"] == (args.evidence == "yes"), where
    if args.hits:
        low, high = args.hits
        for source in ("usage", "server"):
            rate = hits[source]
            assert rate is not None and low <= rate <= high, f"{source} {rate}: {where}"
        # Two sources that know nothing of each other.
        assert abs(hits["usage"] - hits["server"]) < 0.02, hits
    for word in args.says:
        assert word in text, f"`{word}` is missing: {where}"
    for word in args.not_says:
        assert word not in text, f"`{word}` must not be said: {where}"
    print(f"as it must be: {where}")
