# %% [markdown]
# A run in pandas and polars. Cells for a notebook; as a script: python analyse.py results
# Needs: pip install pandas polars pyarrow

# %%
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

run = Path(sys.argv[1] if len(sys.argv) > 1 else "results")

# %% One row a request, all rounds of all levels.
requests = pd.read_parquet(run / "requests.parquet")
good = requests[requests.success]
print(good.groupby(["concurrency", "round", "round_kind"]).ttft_ms.describe(percentiles=[0.5, 0.9, 0.99]).round(2))

# %% Cold against warm, prompt by prompt: the same figure as `ratio` in comparison.json (one cycle).
pairs = (
    good[good.round_kind == "cold"]
    .merge(good[good.round_kind == "warm"], on=["level", "epoch", "index"], suffixes=("_cold", "_warm"))
    .assign(log_ratio=lambda p: np.log(p.ttft_ms_cold / p.ttft_ms_warm))
)
# A prompt is one observation, however many rows ask it.
by_prompt = pairs.groupby(["level", "prompt_digest_cold"]).log_ratio.mean()
ratios = np.exp(by_prompt.groupby("level").mean())
for level in json.loads((run / "comparison.json").read_text())["levels"]:
    print(f"concurrency {level['concurrency']}: {ratios[level['level']]:.4f}x, in comparison.json {level['ttft']['ratio']:.4f}x")

# %% Hit rate: a ratio of sums over the requests that report both, not a mean of ratios.
reported = good.dropna(subset=["cached_tokens", "input_tokens"])
sums = reported.groupby(["concurrency", "round_kind"])[["cached_tokens", "input_tokens"]].sum()
print((sums.cached_tokens / sums.input_tokens).rename("hit_rate").round(4))

# %% Why requests failed.
print(requests[~requests.success].groupby(["concurrency", "round", "error_kind"], dropna=False).size().rename("failed"))

# %% Summaries, one value a row; with polars.
tidy = pl.read_csv(run / "metrics_tidy.csv", infer_schema_length=None)
print(
    tidy.filter(pl.col("metric").is_in(["ttft", "itl", "latency"]) & pl.col("statistic").is_in(["p50", "p99"]))
    .pivot(on=["round_kind", "statistic"], index=["concurrency", "metric"], values="value", aggregate_function="first")
)

# %% Gaps between token events (needs a run, or `dualround report`, with --chunk-times).
chunks = pl.read_parquet(run / "requests.parquet", columns=["concurrency", "round_kind", "chunk_ms"]).drop_nulls("chunk_ms")
if len(chunks):
    gaps = chunks.with_columns(pl.col("chunk_ms").list.diff(null_behavior="drop").alias("gap_ms")).explode("gap_ms").drop_nulls("gap_ms")
    print(gaps.group_by(["concurrency", "round_kind"]).agg(pl.col("gap_ms").quantile(0.99).alias("icl_p99_ms")).sort("concurrency", "round_kind"))
