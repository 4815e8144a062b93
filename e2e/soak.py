#!/usr/bin/env python3
"""Many requests, and many streams for long: memory is bounded, nothing leaks, nothing is lost.

    e2e/soak.py [PROGRAM] [--requests N] [--concurrency C] [--streams S] [--seconds T]

The first run sends N requests in one level of two rounds, the second keeps S streams going for T
seconds, half of them in each round. Both are held against:
  memory   at most what it was when every connection of round 1 had been used once, and 64 bytes a
           request, and 5 %; in short runs at least 16 MiB: gaps between chunks are kept one by one up
           to a million, and records wait in memory while a disk stalls
  files    as many open at the end of round 2 as of round 1
  journal  one line for each request of the plan that was started, none twice; `report` makes the
           same comparison of it
Figures of long runs stand in docs/en/guide/reliability.md; scripts/test makes a short one.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

BYTES_A_REQUEST = 64
SLACK = 1.05
LEAST = 16 << 20
# What `report` takes for a run of any size.
REPORT_BYTES = 64 << 20
# Files that are opened for a moment: of a report, of the metrics page.
FILES_SLACK = 8


def made(path, rows):
    """Short questions, each once."""
    with open(path, "w", encoding="utf-8") as out:
        for row in range(rows):
            text = f"{row} asks about item {row * 7919 % 1000003}"
            out.write(json.dumps({"messages": [{"role": "user", "content": text}]}) + "\n")


class Engine:
    """The simulated engine as a process of its own."""

    def __init__(self, program, folder, itl_ms):
        config = folder / "engine.yaml"
        config.write_text(
            f"port: 0\nmax_batch: 100000\nprefill_base_ms: 0\nprefill_ms_per_token: 0\n"
            f"prefill_serial: false\nitl_ms: {itl_ms}\nitl_ms_per_running: 0\ntokenize: false\n"
        )
        self.process = subprocess.Popen(
            [program, "simulate", "--port", "0", "--config", config], stdout=subprocess.PIPE, text=True
        )
        self.base = self.process.stdout.readline().split("/v1/")[0]
        assert self.base.startswith("http"), self.base

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Watch(threading.Thread):
    """Looks at a process five times a second until it has ended."""

    def __init__(self, pid, journal, concurrency):
        super().__init__(daemon=True)
        self.pid, self.journal, self.concurrency = pid, journal, concurrency
        self.ended = 0
        self.start_kb = self.start_mark_kb = None
        self.peak_kb = 0
        self.files = []
        self.begun = 0
        self.read_to = 0

    def kb(self, name):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", status)[1])

    def look(self):
        with open(self.journal, "rb") as journal:
            journal.seek(self.read_to)
            new = journal.read(1 << 22)
        self.read_to += len(new)
        self.begun += new.count(b'{"begun":')
        self.ended += new.count(b'{"request":')
        now = self.kb("VmRSS")
        mark = self.kb("VmHWM")
        if self.start_kb is None and self.ended >= self.concurrency:
            self.start_kb, self.start_mark_kb = now, mark
        if self.start_kb is not None:
            # Between two looks it may have been more; the system's mark tells, once it has moved.
            moved = mark if mark > self.start_mark_kb else 0
            self.peak_kb = max(self.peak_kb, now, moved)
            self.files.append((self.begun, len(os.listdir(f"/proc/{self.pid}/fd"))))
        if os.environ.get("SOAK_TRACE"):
            print(f"{time.time():.1f} {now} KiB, {self.ended} ended", file=sys.stderr)

    def run(self):
        while True:
            try:
                self.look()
            except FileNotFoundError:
                if not os.path.exists(f"/proc/{self.pid}"):
                    return
            except (ProcessLookupError, PermissionError, TypeError):
                return
            time.sleep(0.2)

    def files_of(self, round_number):
        """Open files in the middle of a round."""
        counts = [files for begun, files in self.files if begun == round_number]
        return sorted(counts)[len(counts) // 2] if counts else 0


def run(program, folder, engine, rows, concurrency, tokens, more):
    """A run of two rounds over all rows; returns what the watcher saw and the run's files."""
    out = folder / "out"
    command = [program, "--dataset", folder / "data.jsonl", "--num-samples", str(rows)]
    command += ["--endpoint", engine.base, "--concurrency", str(concurrency)]
    command += ["--max-output-tokens", str(tokens), "--output-dir", out, "--progress", "none"]
    command += ["--store-text", "none", "--seed", "1", *more]
    began = time.time()
    with open(folder / "stdout.txt", "w") as stdout, open(folder / "stderr.txt", "w") as stderr:
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr)
        watch = Watch(process.pid, out / "requests.jsonl", concurrency)
        watch.start()
        code = process.wait()
        watch.join()
    watch.seconds = time.time() - began
    assert code == 0, f"exit code {code}:\n{(folder / 'stderr.txt').read_text()[-2000:]}"
    return watch, out


def check(name, watch, out):
    """Holds a finished run against the bounds and prints its figures."""
    indexes = set()
    rounds = []
    with open(out / "requests.jsonl", "rb") as journal:
        for line in journal:
            if line.startswith(b'{"request":'):
                index = int(re.search(rb'"index":(\d+)', line)[1])
                assert index not in indexes, f"request {index} twice"
                indexes.add(index)
            elif line.startswith(b'{"round":'):
                meta = json.loads(line)["round"]
                assert len(indexes) == meta["planned"] - meta["not_started"], meta["spec"]
                rounds.append((len(indexes), meta["planned"], meta["peak_in_flight"]))
                indexes = set()
    requests = sum(count for count, _, _ in rounds)
    failed = 0
    for file in sorted(out.glob("concurrency_*_round_*.json")):
        # The summary stands in front of the requests, of which there may be very many.
        with open(file, encoding="utf-8") as text:
            head = text.read(200_000)
        failed += int(re.search(r'"failed_requests": (\d+)', head)[1])
        failed += int(re.search(r'"cancelled_requests": (\d+)', head)[1])
    start, peak = watch.start_kb * 1024, watch.peak_kb * 1024
    limit = max((start + BYTES_A_REQUEST * requests) * SLACK, start + LEAST)
    before, after = watch.files_of(1), watch.files_of(2)
    mb = 1 << 20
    print(
        f"{name}: {requests} requests in {watch.seconds:.0f} s, peak in flight "
        f"{max(row[2] for row in rounds)}, failed {failed}; memory {start / mb:.1f} MiB at the start, "
        f"at most {peak / mb:.1f} (limit {limit / mb:.1f}): "
        f"{(peak - start) / requests:.1f} bytes a request; files {before} → {after}; "
        f"journal {(out / 'requests.jsonl').stat().st_size / mb:.0f} MiB"
    )
    assert len(rounds) == 2, rounds
    assert failed == 0, failed
    assert peak <= limit, "more memory than the bound allows"
    assert after <= before + FILES_SLACK, "open files grow"
    return requests


def report(program, out, requests):
    """Makes the files again from the journal, which takes no more memory than the run did."""
    before = (out / "comparison.json").read_text()
    process = subprocess.Popen(
        [program, "report", out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    peak, limit = used.ru_maxrss * 1024, REPORT_BYTES + BYTES_A_REQUEST * requests
    mb = 1 << 20
    print(f"report: {requests} requests, at most {peak / mb:.1f} MiB (limit {limit / mb:.1f})")
    assert status == 0, status
    assert (out / "comparison.json").read_text() == before, "another comparison"
    assert peak <= limit, "more memory than the bound allows"


def main():
    """Both runs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", nargs="?", default="target/release/dualround")
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--concurrency", type=int, default=128)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rows = options.requests // 2
        made(folder / "data.jsonl", rows)
        engine = Engine(program, folder, 0)
        try:
            watch, out = run(program, folder, engine, rows, options.concurrency, 4, [])
            assert check("requests", watch, out) == 2 * rows
            report(program, out, 2 * rows)
        finally:
            engine.stop()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        # Answers of 5 s; more rows than the time allows.
        rows = int(options.streams * (options.seconds / 2 / 5 + 2) * 1.2)
        made(folder / "data.jsonl", rows)
        engine = Engine(program, folder, 50)
        try:
            half = str(options.seconds / 2)
            watch, out = run(
                program, folder, engine, rows, options.streams, 100, ["--duration", half]
            )
            check("streams", watch, out)
        finally:
            engine.stop()


if __name__ == "__main__":
    sys.exit(main())
