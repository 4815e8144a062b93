-- A run in DuckDB, from its folder:  cd results && duckdb < ../examples/requests.sql

-- TTFT and hit rate by round.
SELECT concurrency, round, round_kind,
       count(*) FILTER (success)                                AS ok,
       count(*) FILTER (NOT success)                            AS failed,
       round(quantile_cont(ttft_ms, 0.5) FILTER (success), 2)   AS ttft_p50,
       round(quantile_cont(ttft_ms, 0.99) FILTER (success), 2)  AS ttft_p99,
       round(sum(cached_tokens) FILTER (success AND input_tokens IS NOT NULL)
           / sum(input_tokens) FILTER (success AND cached_tokens IS NOT NULL), 4) AS hit_rate
FROM 'requests.parquet' GROUP BY ALL ORDER BY ALL;

-- Cold against warm, prompt by prompt: the figure of comparison.json (one cycle). A prompt is one
-- observation, however many rows ask it.
WITH pairs AS (
    SELECT c.level, c.concurrency, c.prompt_digest, avg(ln(c.ttft_ms / w.ttft_ms)) AS log_ratio
    FROM 'requests.parquet' c
    JOIN 'requests.parquet' w USING (level, epoch, "index")
    WHERE c.round_kind = 'cold' AND w.round_kind = 'warm' AND c.success AND w.success
    GROUP BY c.level, c.concurrency, c.prompt_digest
)
SELECT concurrency, count(*) AS prompts, round(exp(avg(log_ratio)), 4) AS ratio FROM pairs GROUP BY level, concurrency ORDER BY level;

-- The slowest warm requests that the cache should have helped.
SELECT concurrency, "index", id, round(ttft_ms, 1) AS ttft_ms, input_tokens, cached_tokens
FROM 'requests.parquet' WHERE round_kind = 'warm' AND success ORDER BY ttft_ms DESC LIMIT 5;
