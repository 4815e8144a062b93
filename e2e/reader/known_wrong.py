#!/usr/bin/env python3
"""What the program says wrongly, and is known to: the list only shrinks.

    known_wrong.py READ…

Fails where one of them was not met in what the reader printed: it is mended, and leaves the list."""

import re
import sys
from pathlib import Path

# A name, and how the reader's reason reads.
KNOWN = {}


def name(reason):
    return next((one for one, pattern in KNOWN.items() if re.search(pattern, reason)), None)


def main():
    printed = "".join(Path(one).read_text(encoding="utf-8") for one in sys.argv[1:])
    met = set(re.findall(r"^known wrong: (\w+)$", printed, re.M))
    for one in sorted(set(KNOWN) - met):
        print(f"no longer wrong, to be taken off e2e/reader/known_wrong.py: {one}", file=sys.stderr)
    print(f"known wrong: {len(met)} of {len(KNOWN)} met")
    sys.exit(0 if met == set(KNOWN) else 1)


if __name__ == "__main__":
    main()
