"""Reading a sentence bit by bit, and holding a figure against what is true."""

import re

N = r"(-?[\d.]+)"
# A hit rate with the requests that it is known of.
RATES = [rf"{N} %(?: \((\d+) / (\d+)\))?", rf"{N}%(?: \((\d+) / (\d+)\))?"]


class Wrong(Exception):
    """A figure or a claim that the records do not bear out."""


def shown(text, value, what):
    """A figure as it was rounded."""
    if value is None:
        raise Wrong(f"{what}: {text} is said, and nothing is known")
    decimals = len(text.partition(".")[2])
    if abs(float(text) - value) > 0.5 * 10**-decimals * 1.02 + 1e-9:
        raise Wrong(f"{what}: {text} is said, {value:.6g} is true")


def same(said, true, what):
    if said != true:
        raise Wrong(f"{what}: {said!r} is said, {true!r} is true")


def close(said, true, what):
    """A number of the JSON, which has six decimals."""
    if (said is None) != (true is None) or (said is not None and abs(said - true) > 2e-6 * max(1, abs(true))):
        raise Wrong(f"{what}: {said!r} is said, {true!r} is true")


WORDS = [
    {"faster": rf"{N}× faster", "slower": rf"{N}× as fast", "typical": " ms (typical), ", "open": " (", "close": ")", "is": ": ", "join": ", "},
    {"faster": rf"加速比 {N}×", "slower": rf"加速比 {N}×", "typical": " ms（典型值），", "open": "（", "close": "）", "is": "：", "join": "，"},
]


def covered(known, of, true, what):
    """`(8 / 12)` behind a rate that is not known of all, and of such a one alone."""
    _, requests, successes = true
    said = None if known is None else (int(known), int(of))
    same(said, (requests, successes) if requests < successes else None, f"requests of which the {what} is known")


class Text:
    """What is left to read of a sentence."""

    def __init__(self, text, zh):
        self.rest, self.zh, self.words = text, zh, WORDS[zh]

    def take(self, *patterns):
        pattern = patterns[self.zh] if len(patterns) > 1 else patterns[0]
        found = re.match(pattern, self.rest)
        if found:
            self.rest = self.rest[found.end() :]
        return found

    def need(self, *patterns):
        found = self.take(*patterns)
        if not found:
            raise Wrong(f"not understood: {self.rest!r}")
        return found
