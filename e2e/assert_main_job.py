#!/usr/bin/env python3
"""What the main job on a real engine must show:  assert_main_job.py RESULTS"""
import json
import pathlib
import sys

out = pathlib.Path(sys.argv[1])
levels = json.loads((out / "comparison.json").read_text())["levels"]
assert [level["concurrency"] for level in levels] == [1, 4], levels
for level in levels:
    c = level["concurrency"]
    cold, warm = (json.loads((out / f"concurrency_{c}_round_{r}.json").read_text()) for r in (1, 2))
    for name, one in (("cold", cold), ("warm", warm)):
        summary = one["summary"]
        assert summary["successful_requests"] == summary["planned_requests"] == 12, (c, name, summary["failures"])
        assert all(r["output_tokens"] == 16 for r in one["requests"]), (c, name)
    drop = cold["summary"]["avg_ttft"] / warm["summary"]["avg_ttft"]
    assert drop > 3, f"concurrency {c}: TTFT fell only {drop:.2f} times"
    hit = warm["summary"]["cache_hit_rate"]
    assert hit >= 0.9, f"concurrency {c}: only {hit:.3f} of the prompt tokens came from the cache"
    assert level["cold"]["verdict"] == "cold", level["cold"]
    assert level["conclusion"]["kind"] == "effect" and level["conclusion"]["cache_evidence"], level["conclusion"]
    processed = [one["summary"]["prometheus"]["llamacpp:prompt_tokens_total"]["increase"] for one in (cold, warm)]
    assert processed[1] < 0.2 * processed[0], f"concurrency {c}: prompt tokens processed {processed}"
    print(f"concurrency {c}: TTFT {cold['summary']['avg_ttft']:.0f} -> {warm['summary']['avg_ttft']:.1f} ms "
          f"({drop:.1f}x), {100 * hit:.1f} % from cache, prompt tokens processed {processed[0]:.0f} -> {processed[1]:.0f}")
for name in ("metrics_summary.csv", "metrics_flat.csv", "run.json", "requests.jsonl"):
    assert (out / name).stat().st_size > 0, name
print("main job: ok")
