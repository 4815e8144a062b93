#!/usr/bin/env python3
"""What e2e/metrics.sh must have brought:  assert_metrics.py DIR PROMETHEUS-URL"""

import json
import pathlib
import sys
import urllib.parse
import urllib.request

work, prometheus = pathlib.Path(sys.argv[1]), sys.argv[2]


def load(name, round_number):
    return json.loads((work / name / f"concurrency_4_round_{round_number}.json").read_text())


def tokens(file):
    prompt = sum(request["input_tokens"] for request in file["requests"])
    cached = sum(request["cached_tokens"] for request in file["requests"])
    return prompt, cached


def ask(query):
    url = f"{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    return json.load(urllib.request.urlopen(url))["data"]["result"]


for number in (1, 2):
    # llama.cpp counts the prompt tokens that it computed.
    file = load("llama", number)
    metrics = file["summary"]["prometheus"]
    prompt, cached = tokens(file)
    counted = metrics["llamacpp:prompt_tokens_total"]["increase"]
    rate = (prompt - counted) / prompt
    print(f"llama.cpp round {number}: {cached / prompt:.4f} by usage, {rate:.4f} by Prometheus")
    assert abs(rate - cached / prompt) < 0.01, (rate, cached, prompt)
    assert metrics["computed"]["avg"] == counted, metrics["computed"]
    assert "llamacpp:requests_processing" in metrics, sorted(metrics)

    file = load("sim", number)
    metrics = file["summary"]["prometheus"]
    prompt, cached = tokens(file)
    rate = metrics["hit_rate"]["value"]
    print(f"simulator round {number}: {cached / prompt:.4f} by usage, {rate:.4f} by Prometheus")
    assert abs(rate - cached / prompt) < 0.001, (rate, cached, prompt)
    assert abs(metrics["promql"]["avg"] - rate) < 1e-5, metrics["promql"]
    histogram = metrics["vllm:time_to_first_token_seconds"]
    assert histogram["increase"] == len(file["requests"]) == histogram["n"], histogram
    telemetry = json.loads((work / "sim" / f"telemetry_concurrency_4_round_{number}.json").read_text())
    points = telemetry["metrics"]["hit_rate"]["series"][0]["t_ms"]
    assert points[0] < 0 and points[-1] > telemetry["duration_ms"], points

# Pushed: the last push holds all of the run. Scraped: whatever the last scrape saw.
pushed = {one["metric"]["round"]: float(one["value"][1]) for one in ask('dualround_requests_total{job="dualround"}')}
assert pushed == {"1": 8.0, "2": 8.0}, pushed
scraped = ask('max_over_time(dualround_requests_in_flight{job="own"}[5m])')
assert scraped and all(0 <= float(one["value"][1]) <= 4 for one in scraped), scraped
print("metrics: ok")
