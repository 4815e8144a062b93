"""Reads the folder of a run into data frames."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar, overload

if TYPE_CHECKING:
    import pandas
    import polars

Frame = TypeVar("Frame")
Json = dict[str, Any]

# Earlier ones cannot read what the Parquet library of the program writes about the order of floats.
POLARS = (1, 44)
NEEDS = {"pandas": ("pandas", "pyarrow"), "polars": ("polars",)}
# Types are said, not guessed: a column of ids stays text, a count with nulls stays whole.
METRICS: dict[str, type] = {
    "level": int,
    "concurrency": int,
    "round": int,
    "round_kind": str,
    "metric": str,
    "statistic": str,
    "value": float,
    "unit": str,
    "load_kind": str,
    "load_value": float,
}
READINGS: dict[str, type] = {"metric": str, "series": str, "labels": str, "t_ms": float, "value": float}
PLACE: dict[str, type] = {"level": int, "concurrency": int, "round": int}
PANDAS: dict[type, Any] = {int: "Int64", float: "Float64", str: "string"}


@dataclass(frozen=True)
class Run(Generic[Frame]):
    """What a run left in its folder. Unknown is null in the frames, None in the dicts."""

    folder: Path
    run: Json
    """`run.json`: the resolved plan, digests, environment."""
    comparison: Json
    """`comparison.json`: cold against warm by level, verdict, conclusion."""
    requests: Frame
    """`requests.parquet`: a request of any round a row."""
    metrics: Frame
    """`metrics_tidy.csv`: a value a row."""
    telemetry: Frame
    """`telemetry_*.parquet` with level, concurrency and round: a reading of a server metric a row;
    no row where none was asked for."""


@overload
def read(folder: str | os.PathLike[str], frames: Literal["pandas"]) -> Run[pandas.DataFrame]: ...
@overload
def read(folder: str | os.PathLike[str], frames: Literal["polars"]) -> Run[polars.DataFrame]: ...
@overload
def read(folder: str | os.PathLike[str], frames: None = None) -> Run[Any]: ...
def read(folder: str | os.PathLike[str], frames: str | None = None) -> Run[Any]:
    """Reads the folder of a run (its --output-dir).

    `frames` is "pandas" (which needs pyarrow too) or "polars"; where it is not said, pandas if
    that can be used, else polars.
    """
    library = chosen(frames)
    path = Path(folder)
    if not path.is_dir():
        raise FileNotFoundError(f"no such folder: {path}")
    if not (path / "run.json").is_file():
        raise FileNotFoundError(
            f"{path} is not the folder of a run, it has no run.json (dualround list {path} tells which below it are)"
        )
    run = json_of(path / "run.json")
    parts = list(telemetry_of(path, run))
    comparison = json_of(path / "comparison.json")
    tables = in_pandas if library == "pandas" else in_polars
    return Run(path, run, comparison, *tables(path, parts))


def chosen(frames: str | None) -> str:
    if frames is not None and frames not in NEEDS:
        raise ValueError(f'frames is "pandas" or "polars", not {frames!r}')
    for library in NEEDS if frames is None else [frames]:
        if all(find_spec(name) for name in NEEDS[library]):
            return library
    packages = " ".join(NEEDS[frames or "pandas"])
    either = "pandas with pyarrow, or polars" if frames is None else " and ".join(NEEDS[frames])
    raise ModuleNotFoundError(f"dualround.read needs {either}: pip install {packages}")


class Part(NamedTuple):
    """The telemetry of a round."""

    path: Path
    level: int
    concurrency: int | None
    round: int


def telemetry_of(folder: Path, run: Json) -> Iterator[Part]:
    """The files of telemetry, in the order of the rounds."""
    try:
        loads = list(run["plan"]["levels"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{folder / 'run.json'} has no plan.levels") from error
    seen: Counter[str] = Counter()
    for level, load in enumerate(loads):
        name = file_name(load)
        seen[name] += 1
        again = f"_run_{seen[name]}" if seen[name] > 1 else ""
        before = f"telemetry_{name}{again}_round_"
        rounds = {
            int(ending): path
            for path in folder.glob(f"{before}*.parquet")
            if (ending := path.stem[len(before) :]).isdigit()
        }
        for number, path in sorted(rounds.items()):
            yield Part(path, level, load if isinstance(load, int) else None, number)


def file_name(load: Any) -> str:
    """The part of a file's name that tells the load of a level."""
    if not isinstance(load, dict):
        return f"concurrency_{load}"
    if "rate" not in load:
        return "replay"
    return f"rate_{Decimal(repr(load['rate']['per_second'])).normalize():f}"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file, with an error that names it. Libraries are given it open: of a path they would
    read `*` and `key=value` as patterns."""
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path} is missing; where the run was killed, dualround report {path.parent} writes it, once a round of it had ended"
        ) from error
    # What is wrong with a file is an error of its own in each library.
    except Exception as error:
        raise ValueError(f"cannot read {path}: {error}") from error


def json_of(path: Path) -> Json:
    with opened(path) as file:
        value = json.load(file)
        if not isinstance(value, dict):
            raise ValueError("it is no JSON object")
    return value


def in_pandas(folder: Path, parts: list[Part]) -> tuple[pandas.DataFrame, pandas.DataFrame, pandas.DataFrame]:
    import pandas

    def parquet(path: Path) -> pandas.DataFrame:
        with opened(path) as file:
            return pandas.read_parquet(file, engine="pyarrow", dtype_backend="numpy_nullable")

    def dtypes(columns: dict[str, type]) -> dict[str, Any]:
        return {name: PANDAS[kind] for name, kind in columns.items()}

    requests = parquet(folder / "requests.parquet")
    with opened(folder / "metrics_tidy.csv") as file:
        metrics = pandas.read_csv(
            file,
            encoding="utf-8-sig",
            dtype=defaultdict(lambda: "string", dtypes(METRICS)),
            # A metric can be called NA; only an empty cell is unknown.
            keep_default_na=False,
            na_values=[""],
        )
    telemetry = pandas.DataFrame(columns=[*PLACE, *READINGS]).astype(dtypes({**PLACE, **READINGS}))
    if parts:
        telemetry = pandas.concat(
            (
                parquet(part.path)
                .assign(level=part.level, concurrency=part.concurrency, round=part.round)
                .astype(dtypes(PLACE))[[*PLACE, *READINGS]]
                for part in parts
            ),
            ignore_index=True,
        )
    return requests, metrics, telemetry


def in_polars(folder: Path, parts: list[Part]) -> tuple[polars.DataFrame, polars.DataFrame, polars.DataFrame]:
    import polars

    if tuple(map(int, polars.__version__.split(".")[:2])) < POLARS:
        raise ImportError(
            f"dualround.read needs polars {'.'.join(map(str, POLARS))} or later, this is {polars.__version__}: "
            "pip install --upgrade polars"
        )
    kinds: dict[type, type[polars.DataType]] = {int: polars.Int64, float: polars.Float64, str: polars.String}

    def types(columns: dict[str, type]) -> dict[str, type[polars.DataType]]:
        return {name: kinds[kind] for name, kind in columns.items()}

    def parquet(path: Path) -> polars.DataFrame:
        with opened(path) as file:
            return polars.read_parquet(file)

    requests = parquet(folder / "requests.parquet")
    with opened(folder / "metrics_tidy.csv") as file:
        metrics = polars.read_csv(file, schema_overrides=types(METRICS), infer_schema=False)
    telemetry = polars.DataFrame(schema=types({**PLACE, **READINGS}))
    if parts:
        telemetry = polars.concat(
            parquet(part.path).select(
                polars.lit(part.level, polars.Int64).alias("level"),
                polars.lit(part.concurrency, polars.Int64).alias("concurrency"),
                polars.lit(part.round, polars.Int64).alias("round"),
                *READINGS,
            )
            for part in parts
        )
    return requests, metrics, telemetry
