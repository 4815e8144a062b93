#!/usr/bin/env python3
"""Asserts that dualround.read gives what the files of a run say:  assert_read.py [--without-libraries] RUN"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dualround

if TYPE_CHECKING:
    import pandas
    import polars
    from typing_extensions import assert_type

    # What a type checker knows of the frames.
    assert_type(dualround.read("results", "pandas"), dualround.Run[pandas.DataFrame])
    assert_type(dualround.read("results", frames="polars").requests, polars.DataFrame)

Row = dict[str, Any]
SAME = ["id", "prompt_digest", "success", "flags", "input_tokens", "cached_tokens", "output_tokens", "finish_reason", "good"]
TIMES = {"ttft": "ttft_ms", "itl": "itl_ms", "latency": "latency_ms", "start_ms": "start_ms", "queue_wait_ms": "queue_wait_ms"}


@contextmanager
def fails(kind: type[Exception], *words: str) -> Iterator[None]:
    try:
        yield
    except kind as error:
        assert all(word in str(error) for word in words), error
    else:
        raise AssertionError(f"no {kind.__name__} with {words}")


def plain(value: Any) -> Any:
    """A value of a frame as JSON has it. A NaN stays one: it would be a null that has become a number."""
    import numpy
    import pandas

    if isinstance(value, numpy.ndarray):
        return value.tolist()
    return None if value is pandas.NA else value


def rows(frame: Any) -> list[Row]:
    records = frame.to_dicts() if hasattr(frame, "to_dicts") else frame.to_dict("records")
    return [{str(name): plain(value) for name, value in row.items()} for row in records]


def same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, float) and isinstance(theirs, (int, float)):
        return math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=1e-6)
    return type(mine) is type(theirs) and bool(mine == theirs)


def check(folder: Path, run: dualround.Run[Any]) -> None:
    assert run.run == json.loads((folder / "run.json").read_text())
    assert run.comparison == json.loads((folder / "comparison.json").read_text())
    requests, metrics, telemetry = rows(run.requests), rows(run.metrics), rows(run.telemetry)
    levels = run.run["plan"]["levels"]
    rounds = {(row["level"], row["round"]) for row in requests}
    assert len(rounds) == 2 * len(levels)
    seen: dict[str, int] = {}
    readings = 0
    for level, load in enumerate(levels):
        concurrency = load if isinstance(load, int) else None
        start = f"concurrency_{load}"
        if isinstance(load, dict):
            start = "replay" if "replay" in load else f"rate_{load['rate']['per_second']:g}"
        seen[start] = seen.get(start, 0) + 1
        again = f"_run_{seen[start]}" if seen[start] > 1 else ""
        for number in (1, 2):
            name = f"{start}{again}_round_{number}.json"
            told = json.loads((folder / name).read_text())
            mine = [row for row in requests if (row["level"], row["round"]) == (level, number)]
            assert len(mine) == len(told["requests"]) > 0
            for row, request in zip(sorted(mine, key=lambda row: int(row["index"])), told["requests"]):
                for key in SAME:
                    assert same(row[key], request[key]), (key, row[key], request[key])
                for key, column in TIMES.items():
                    assert same(row[column], request[key]), (column, row[column], request[key])
                assert row["concurrency"] == concurrency and (row["error_kind"] is None) == request["success"]
            values = {
                (row["metric"], row["statistic"]): row["value"]
                for row in metrics
                if (row["level"], row["round"], row["concurrency"]) == (level, number, concurrency)
            }
            for statistic in ("avg", "p50", "p99"):
                assert same(values["ttft", statistic], told["summary"][f"{statistic}_ttft"])
            assert values["ttft", "p99_upper"] is None
            for metric, track in json.loads((folder / f"telemetry_{name}").read_text())["metrics"].items():
                theirs = [one for series in track["series"] for one in zip(series["t_ms"], series["value"])]
                ours = [
                    (row["t_ms"], row["value"])
                    for row in telemetry
                    if (row["level"], row["round"], row["concurrency"], row["metric"]) == (level, number, concurrency, metric)
                ]
                assert len(ours) == len(theirs) > 0
                assert all(same(a, b) for one, other in zip(ours, theirs) for a, b in zip(one, other))
                readings += len(ours)
    assert readings == len(telemetry)


def check_edges(folder: Path, whole: Path) -> None:
    """What a folder can lack, or hold beside."""
    for file in folder.glob("telemetry_*"):
        file.unlink()
    csv = folder / "metrics_tidy.csv"
    # A metric can have any name, and Excel's mark may come first.
    csv.write_bytes(b"\xef\xbb\xbf" + csv.read_bytes() + b"0,,1,cold,NA,nan,,,NA,12.5\n")
    for library in ("pandas", "polars"):
        run = read(folder, library)
        full = read(whole, library)
        assert len(run.telemetry) == 0 and list(run.telemetry.dtypes) == list(full.telemetry.dtypes)
        assert list(run.telemetry.columns) == list(full.telemetry.columns)
        last = rows(run.metrics)[-1]
        assert list(last.values()) == [0, None, 1, "cold", "NA", "nan", None, None, "NA", 12.5], last
    csv.write_text("level,concurrency,round\nzero,1,1\n")
    with fails(ValueError, "cannot read", "metrics_tidy.csv"):
        dualround.read(folder, "pandas")
    (folder / "requests.parquet").write_bytes(b"PAR1 and no more")
    for library in ("pandas", "polars"):
        with fails(ValueError, "cannot read", "requests.parquet"):
            read(folder, library)
    (folder / "requests.parquet").unlink()
    with fails(FileNotFoundError, "requests.parquet is missing", f"dualround report {folder}"):
        dualround.read(folder)
    (folder / "comparison.json").write_text('{"levels": [')
    with fails(ValueError, "cannot read", "comparison.json"):
        dualround.read(folder)
    (folder / "run.json").write_text("[]")
    with fails(ValueError, "run.json"):
        dualround.read(folder)
    (folder / "run.json").unlink()
    with fails(FileNotFoundError, "not the folder of a run", "run.json"):
        dualround.read(folder)
    with fails(FileNotFoundError, "no such folder"):
        dualround.read(folder / "none")
    import polars

    version, polars.__version__ = polars.__version__, "1.43.9"
    with fails(ImportError, "polars 1.44 or later", "1.43.9"):
        read(whole, "polars")
    polars.__version__ = version
    with fails(ValueError, "pandas", "polars", "arrow"):
        read(folder, "arrow")


def read(folder: Path, library: str) -> dualround.Run[Any]:
    """As from a program that is not type-checked."""
    untyped: Any = dualround.read
    run: dualround.Run[Any] = untyped(folder, library)
    return run


def main() -> None:
    folder = Path(sys.argv[-1])
    if "--without-libraries" in sys.argv:
        with fails(ModuleNotFoundError, "pip install pandas pyarrow"):
            dualround.read(folder)
        with fails(ModuleNotFoundError, "needs polars", "pip install polars"):
            dualround.read(folder, "polars")
        print("without libraries the errors name them")
        return
    for library in ("pandas", "polars"):
        run = read(folder, library)
        assert type(run.requests).__module__.startswith(library)
        check(folder, run)
    assert type(dualround.read(str(folder)).requests).__module__.startswith("pandas")
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder, Path(copy) / "run")
        check_edges(Path(copy) / "run", folder)
    print(f"{folder}: {len(dualround.read(folder).requests)} requests in pandas and polars, as the files have them")


if __name__ == "__main__":
    main()
