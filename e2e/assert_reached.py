#!/usr/bin/env python3
"""What the cold round of a run of sessions over replicas must have reached of what could be hit.

    assert_reached.py DIR [--between LOW HIGH] [--near-chance SHARE] [--imbalance LOW HIGH]
"""

import argparse
import json
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("dir", type=pathlib.Path)
parser.add_argument("--between", nargs=2, type=float)
parser.add_argument("--near-chance", type=float)
parser.add_argument("--imbalance", nargs=2, type=float)
args = parser.parse_args()

level = json.loads((args.dir / "comparison.json").read_text())["levels"][0]
told = next(one for one in level["sessions"]["rounds"] if one["kind"] == "cold")
share, chance, imbalance = told["reached_share"], told["chance_share"], told["imbalance"]
where = [line for line in level["beside"] if "hits reached" in line]
assert None not in (share, chance, imbalance), told
assert len(told["replicas"]) == 2, told
# Half of the turns before are on the same replica, and the longest of those counts.
assert 0.6 < chance < 0.85, where
if args.between:
    assert args.between[0] <= share <= args.between[1], where
if args.near_chance:
    assert abs(share - chance) <= args.near_chance, where
if args.imbalance:
    assert args.imbalance[0] <= imbalance <= args.imbalance[1], where
print(f"as it must be: {where[0]}")
