#!/usr/bin/env python3
"""How well clients hold a rate: each sends one-token requests at constant gaps to the same engine, on one core.

    rates.py [--clients dualround,vllm-rs,aiperf] [--rates 10,200,2000] [--arrival constant|poisson] [--mock PATH]

The engine's own log is the truth: when the last byte of each request had come, and when it wrote the token.
It is dualround's simulated engine, or with --mock a server that takes --port, --cpu, --tokens, --ttft-ms and
--itl-ms, and has GET /truth. The other clients come from setup.sh; dualround alone needs none of them.

Printed, a client and a rate:
  begun      by how much the time from the first to the last arrival differs from the schedule's, %
  lag        an arrival against its planned instant; the least late one counts as 0, so a constant delay is not in it
  TTFT error what the client reports less the log, of the mean and of the P99
With Poisson arrivals the schedule is known for dualround only.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
TOOLS = pathlib.Path(os.environ.get("DUALROUND_E2E_DIR", CACHE / "dualround-e2e")) / "bench"
DUALROUND = os.environ.get("DUALROUND", str(HERE.parents[1] / "target/release/dualround"))
TTFT_MS, SECONDS = 200, 10
ENGINE_CORE, CLIENT_CORE = "0", "1"
# Only root may go in front of the others.
FIRST = ["nice", "-n", "-20"] if os.geteuid() == 0 else []
WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa".split()


def quantile(values, share):
    values = sorted(values)
    place = (len(values) - 1) * share
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def write_prompts(folder, count):
    """Prompts of 64 words, each of its own, in the form that each client reads."""
    with open(folder / "text.jsonl", "w") as texts, open(folder / "prompt.jsonl", "w") as prompts:
        for row in range(count):
            words = [WORDS[(row * 7 + place * (1 + row % 5)) % len(WORDS)] for place in range(63)]
            prompt = " ".join([f"item{row}", *words])
            texts.write(json.dumps({"text": prompt}) + "\n")
            prompts.write(json.dumps({"prompt": prompt}) + "\n")


class Engine:
    """A server of a known time to first token, alone on its core."""

    def __init__(self, mock, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        port = ["--port", str(self.port)]
        settings = {"fixed_ttft_ms": TTFT_MS, "prefill_serial": False, "itl_ms": 0, "max_batch": 100_000, "cache_blocks": 0}
        (folder / "engine.json").write_text(json.dumps(settings))
        command = [DUALROUND, "simulate", *port, "--model", "m", "--config", str(folder / "engine.json")]
        if mock:
            command = [mock, *port, "--cpu", ENGINE_CORE, "--tokens", "1", "--ttft-ms", str(TTFT_MS), "--itl-ms", "0"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([*FIRST, "taskset", "-c", ENGINE_CORE, *command], **quiet)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"{command[0]} did not start")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def truth(self, count):
        """Arrivals and TTFT of the last `count` requests, s and ms, by arrival; what came before was a client's test."""
        log = json.load(urllib.request.urlopen(f"{self.url}/truth", timeout=120))
        rows = log["requests"] if isinstance(log, dict) else log
        unit = 1e9 if "t_recv_ns" in rows[0] or rows[0]["t_recv"] > 1e12 else 1.0

        def instant(row, name):
            return row.get(f"{name}_ns", row.get(name)) / unit

        rows = sorted(rows, key=lambda row: instant(row, "t_recv"))[-count:]
        arrivals = [instant(row, "t_recv") for row in rows]
        return arrivals, [(instant(row, "t_first") - instant(row, "t_recv")) * 1e3 for row in rows]


def run(command, **environment):
    command = [*FIRST, "taskset", "-c", CLIENT_CORE, *map(str, command)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", **environment}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    if ended.returncode:
        raise SystemExit(f"{command} ended with {ended.returncode}:\n{(ended.stderr or ended.stdout)[-2000:]}")


def dualround(engine, folder, rate, count, arrival):
    command = [DUALROUND, "run", "--dataset", folder / "text.jsonl", "--endpoint", engine.url, "--model", "m"]
    command += ["--num-samples", count, "--request-rate", rate, "--arrival", arrival, "--rounds", "C", "--seed", 1]
    command += ["--max-output-tokens", 1, "--cold", "none", "--warmup", 0, "--no-probe", "--workers", 1]
    run([*command, "--progress", "none", "--output-dir", folder / "out"])
    told = json.loads((folder / f"out/rate_{rate}_round_1.json").read_text())
    planned = sorted(row["scheduled_ms"] / 1e3 for row in told["requests"])
    said = told["summary"]
    return said["avg_ttft"], said["p99_ttft"], planned, said["p99_client_lag"]


def vllm_rs(engine, folder, rate, count, _arrival):
    command = [TOOLS / "vllm-rs", "bench", "serve", "--backend", "openai-chat", "--base-url", engine.url]
    command += ["--endpoint", "/v1/chat/completions", "--model", "m", "--tokenizer", TOOLS / "model"]
    command += ["--dataset-name", "custom", "--dataset-path", folder / "prompt.jsonl", "--skip-chat-template"]
    command += ["--custom-output-len", 1, "--num-prompts", count, "--request-rate", rate]
    # A gamma of a large shape has constant gaps.
    command += ["--burstiness", 1_000_000, "--disable-tqdm", "--no-steady-state", "--percentile-metrics", "ttft"]
    run([*command, "--metric-percentiles", "99", "--save-result", "--result-dir", folder, "--result-filename", "out.json"])
    told = json.loads((folder / "out.json").read_text())
    return told["mean_ttft_ms"], told["p99_ttft_ms"], None, None


def aiperf(engine, folder, rate, count, _arrival):
    # aiperf takes a tokenizer by its name in a hub's cache only.
    hub = folder / "hub/hub/models--local--tokenizer"
    shutil.copytree(TOOLS / "model", hub / "snapshots/1", ignore=shutil.ignore_patterns("*.safetensors"))
    (hub / "refs").mkdir()
    (hub / "refs/main").write_text("1")
    command = [TOOLS / "aiperf/bin/aiperf", "profile", "-m", "m", "--tokenizer", "local/tokenizer", "--url", engine.url]
    command += ["--endpoint-type", "chat", "--streaming", "--request-rate", rate, "--request-rate-mode", "constant"]
    command += ["--request-count", count, "--input-file", folder / "text.jsonl", "--custom-dataset-type", "single_turn"]
    command += ["--extra-inputs", "max_tokens:1", "--ui", "simple", "--no-gpu-telemetry", "--no-server-metrics"]
    run([*command, "--output-artifact-dir", folder / "out"], HF_HOME=str(folder / "hub"))
    told = json.loads(next((folder / "out").rglob("profile_export_aiperf.json")).read_text())["time_to_first_token"]
    return told["avg"], told["p99"], None, None


CLIENTS = {"dualround": dualround, "vllm-rs": vllm_rs, "aiperf": aiperf}


def measure(name, rate, arrival, mock):
    count = rate * SECONDS if rate > 10 else 200
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rates-"))
    write_prompts(folder, count)
    engine = Engine(mock, folder)
    try:
        mean, p99, planned, own_lag = CLIENTS[name](engine, folder, rate, count, arrival)
        arrivals, ttft = engine.truth(count)
    finally:
        engine.process.kill()
        shutil.rmtree(folder)
    planned = planned or [place / rate for place in range(count)]
    late = [arrival - due for arrival, due in zip(arrivals, planned)]
    lag = [(one - min(late)) * 1e3 for one in late]
    spread, schedule = arrivals[-1] - arrivals[0], planned[-1] - planned[0]
    cells = [name, f"{rate:,}/s", f"{len(arrivals):,}", f"{len(arrivals[1:]) / spread:,.1f}/s"]
    cells += [f"{100 * (spread / schedule - 1):+.4f} %", f"{quantile(lag, 0.5):.3f}", f"{quantile(lag, 0.99):.3f}"]
    cells += [f"{max(lag):.3f}", "" if own_lag is None else f"{own_lag:.3f}"]
    cells += [f"{mean - sum(ttft) / len(ttft):+.3f}", f"{p99 - quantile(ttft, 0.99):+.3f}"]
    print(f"| {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", default=",".join(CLIENTS))
    parser.add_argument("--rates", default="10,200,2000")
    parser.add_argument("--arrival", choices=["constant", "poisson"], default="constant")
    parser.add_argument("--mock")
    given = parser.parse_args()
    names = given.clients.split(",")
    if unknown := sorted(set(names) - set(CLIENTS)):
        parser.error(f"--clients: {', '.join(unknown)} is not one of {', '.join(CLIENTS)}")
    if given.arrival == "poisson" and names != ["dualround"]:
        parser.error("--arrival poisson: only dualround tells its schedule; add --clients dualround")
    print("| client | rate | requests | arrived | begun | lag P50, ms | P99 | longest | own lag P99 | TTFT error, mean | P99 |")
    print(f"|{' --- |' * 11}")
    for rate in map(int, given.rates.split(",")):
        for name in names:
            measure(name, rate, given.arrival, given.mock)


if __name__ == "__main__":
    main()
