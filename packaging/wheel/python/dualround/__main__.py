"""`python -m dualround ARGS` runs the program of this very install."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

# As a shell has them; the program itself ends with neither.
CANNOT_RUN, NOT_FOUND = 126, 127
NAME = "dualround" + (sysconfig.get_config_var("EXE") or "")


def places() -> Iterator[Path]:
    """Where the program can lie."""
    packages = Path(__file__).resolve().parent.parent
    installed = list(distributions(name="dualround", path=[str(packages)]))
    for distribution in installed:
        for file in distribution.files or []:
            if file.name == NAME:
                yield Path(str(file.locate())).resolve()
    # `pip install --target` moves the program and leaves its record as it was.
    yield packages / "bin" / NAME
    # A package that is not installed where it lies (an editable install) has its program in the
    # environment. One that is installed must not run another's.
    if not installed:
        yield Path(sysconfig.get_path("scripts")) / NAME


def main() -> int:
    looked = list(dict.fromkeys(places()))
    program = next((str(place) for place in looked if place.is_file()), None)
    if program is None:
        print(
            f"dualround: the program is missing, looked for {', '.join(map(str, looked))}; "
            "install the wheel again: pip install --force-reinstall FILE.whl",
            file=sys.stderr,
        )
        return NOT_FOUND
    command = [program, *sys.argv[1:]]
    try:
        # On Windows `exec` would return to the shell while the program still runs.
        if os.name == "nt":
            return windows(command)
        os.execv(program, command)
    except OSError as error:
        print(f"dualround: cannot run {program}: {error.strerror}", file=sys.stderr)
        return CANNOT_RUN


def windows(command: list[str]) -> int:
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The program has it too, and writes what there is before it ends.
                continue


if __name__ == "__main__":
    sys.exit(main())
