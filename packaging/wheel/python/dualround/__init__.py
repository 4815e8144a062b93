"""The program `dualround`, and `read`, which loads what it measured."""

from ._read import Run, read

__all__ = ["Run", "read"]
