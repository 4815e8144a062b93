#!/usr/bin/env python3
"""Writes the licence texts of everything that is linked into dualround.

    packaging/licences.py [--target TRIPLE] FILE
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# By the name of a file, or of the folder in which it lies.
FILES = re.compile(r"\.?((un)?licen[cs]e|copying|copyright|notice)", re.IGNORECASE)
SOURCES = {".rs", ".c", ".h", ".S", ".pl", ".py", ".json", ".toml"}
SKIPPED = {
    # zstd is under BSD or GPL; here it is used under BSD, whose text is beside it.
    ("zstd-sys", "zstd/COPYING"),
}
# Words that only the text of that licence has.
MARKS = {
    "0BSD": "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted.",
    "Apache-2.0": "Apache License Version 2.0, January 2004",
    "BSD-2-Clause": "Redistributions in binary form must reproduce the above copyright notice",
    "BSD-3-Clause": "may be used to endorse or promote products derived from this software",
    "BSL-1.0": "Boost Software License - Version 1.0",
    "CC0-1.0": "CC0 1.0 Universal",
    "ISC": "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice",
    "MIT": "The above copyright notice and this permission notice",
    "MIT-0": "to permit persons to whom the Software is furnished to do so. THE SOFTWARE IS PROVIDED",
    "Unicode-3.0": "UNICODE LICENSE V3",
    "Unlicense": "This is free and unencumbered software released into the public domain",
    "Zlib": "This software is provided 'as-is', without any express or implied warranty",
    "LLVM-exception": "LLVM Exceptions to the Apache 2.0 License",
}


class PackagingError(Exception):
    """What is said where no licence file can be made."""


@dataclass
class Crate:
    name: str
    version: str
    licence: str
    origin: str
    authors: list[str]
    folder: Path
    texts: dict[str, str] = field(default_factory=dict)
    """The texts by the path of their file in the crate's folder."""
    borrowed: dict[str, str] = field(default_factory=dict)
    """Standard texts of licences by their name, where the crate has none of its own."""


def output(*command: str) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8", cwd=ROOT)
        return done.stdout
    except FileNotFoundError as error:
        raise PackagingError(f"there is no {command[0]}") from error
    except subprocess.CalledProcessError as error:
        raise PackagingError(f"{' '.join(command)}: {error.stderr.strip()}") from error


def host() -> str:
    return next(line[6:] for line in output("rustc", "-vV").splitlines() if line.startswith("host: "))


def linked(target: str) -> list[Crate]:
    """The crates whose code is in the program, but for the project's own: no dependencies of
    builds, of tests and of macros. Only `cargo tree` knows which features, and so which crates,
    are those of this package rather than of the workspace; only `cargo metadata` their folders."""
    tree = output(
        "cargo", "tree", "--locked", "-p", "dualround", "-e", "normal,no-proc-macro",
        "--target", target, "--prefix", "none", "--format", "{p}",
    )  # fmt: skip
    names = {(name, version.removeprefix("v")) for name, version, *_ in map(str.split, filter(None, tree.splitlines()))}
    metadata = json.loads(output("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    return [
        Crate(
            package["name"],
            package["version"],
            package["license"] or "",
            package["repository"] or package["homepage"] or "",
            package["authors"],
            Path(package["manifest_path"]).parent,
        )
        for package in sorted(metadata["packages"], key=lambda one: (one["name"], one["version"]))
        if package["source"] and (package["name"], package["version"]) in names
    ]


def one_line(text: str) -> str:
    """The words of a text, however it is broken into lines and quoted."""
    return re.sub(r"\W+", " ", text).strip().lower()


def texts_of(crate: Crate) -> dict[str, str]:
    """Its files of licences and notices, those of C code that it bundles among them."""
    found = {}
    for path in sorted(crate.folder.rglob("*")):
        name = path.relative_to(crate.folder).as_posix()
        named = any(FILES.match(part) for part in Path(name).parts[-2:])
        if named and path.suffix not in SOURCES and path.is_file() and (crate.name, name) not in SKIPPED:
            found[name] = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip("\n")
    return found


def licences_in(texts: Iterable[str]) -> set[str]:
    words = [one_line(text) for text in texts]
    return {licence for licence, mark in MARKS.items() if any(one_line(mark) in text for text in words)}


def missing(expression: str, have: set[str]) -> list[str]:
    """What of a licence expression has no text: of `A OR B` one is enough."""
    tokens = re.findall(r"[()]|[\w.+-]+", expression.replace("/", " OR "))

    def both() -> list[str]:
        lacks = either()
        while tokens and tokens[0] in ("AND", "WITH"):
            tokens.pop(0)
            lacks = lacks + either()
        return lacks

    def either() -> list[str]:
        if tokens[:1] == ["("]:
            tokens.pop(0)
            lacks = alternatives()
            if tokens[:1] != [")"]:
                raise PackagingError(f"cannot read the licence {expression!r}")
            tokens.pop(0)
            return lacks
        if not tokens or tokens[0] in ("AND", "OR", "WITH", ")"):
            raise PackagingError(f"cannot read the licence {expression!r}")
        name = tokens.pop(0)
        return [] if name in have else [name]

    def alternatives() -> list[str]:
        ways = [both()]
        while tokens[:1] == ["OR"]:
            tokens.pop(0)
            ways.append(both())
        return min(ways, key=len)

    lacks = alternatives()
    if tokens:
        raise PackagingError(f"cannot read the licence {expression!r}")
    return lacks


def complete(crates: list[Crate]) -> None:
    """Gives every crate its texts, and the standard one where it has none for its licence."""
    for crate in crates:
        crate.texts = texts_of(crate)
    for crate in crates:
        if not crate.licence:
            # A licence of its own words.
            if not crate.texts:
                raise PackagingError(f"{crate.name} {crate.version} names no licence and has no text of one")
            continue
        for licence in missing(crate.licence, licences_in(crate.texts.values())):
            crate.borrowed[licence] = standard(licence, crate, crates)


def standard(licence: str, crate: Crate, crates: list[Crate]) -> str:
    for other in crates:
        for text in other.texts.values():
            if licences_in([text]) == {licence}:
                return f"(The text of {licence} as {other.name} {other.version} has it.)\n\n{text}"
    raise PackagingError(
        f"{crate.name} {crate.version} is under {crate.licence}, but has no text of {licence}, nor has any other crate"
    )


class Pool:
    """Texts, each once, by their number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.texts: list[str] = []

    def number(self, text: str) -> int:
        key = one_line(text)
        if key not in self.numbers:
            self.texts.append(text)
            self.numbers[key] = len(self.texts)
        return self.numbers[key]


class LibraryNotices(HTMLParser):
    """The words of a page of rustc's, its texts of licences put into the pool."""

    BLOCKS = ("p", "h1", "h2", "h3", "div", "summary", "title")

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.pool, self.out, self.hidden, self.pre = pool, "", "", ""
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre":
            self.inside, self.pre = True, ""
        elif tag in ("title", "ul"):
            self.hidden = tag
        elif tag in self.BLOCKS:
            self.out += "\n"

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self.inside = False
            self.out += f" [text {self.pool.number(self.pre.strip(chr(10)))}]"
        elif tag == self.hidden:
            self.hidden = ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.pre += data
        elif not self.hidden:
            self.out += re.sub(r"\s+", " ", data.replace("📦 ", "* "))

    def words(self) -> str:
        lines = (re.sub(r" +", " ", line).strip() for line in self.out.split("\n"))
        return "\n".join(filter(None, lines))


def of_library(pool: Pool) -> str:
    """The standard library is linked too, and is no crate of Cargo's."""
    path = Path(output("rustc", "--print", "sysroot").strip()) / "share/doc/rust/COPYRIGHT-library.html"
    if not path.is_file():
        raise PackagingError(f"the notices of Rust's standard library are not at {path}: rustup installs them with rustc")
    page = LibraryNotices(pool)
    page.feed(path.read_text(encoding="utf-8"))
    return page.words()


def heads(crates: list[Crate], pool: Pool) -> Iterator[str]:
    for crate in crates:
        yield f"* {crate.name} {crate.version}"
        yield f"  {crate.licence or 'a licence of its own'}; {crate.origin or 'no address given'}"
        if not crate.texts and crate.authors:
            yield f"  by {', '.join(crate.authors)}"
        for name, text in crate.texts.items():
            yield f"  {name} [text {pool.number(text)}]"
        for licence, text in crate.borrowed.items():
            yield f"  no text of {licence} of its own: the standard one [text {pool.number(text)}]"


def document(crates: list[Crate], library: bool = True) -> str:
    pool = Pool()
    parts = [
        "The program dualround is under Apache-2.0 (LICENSE). It contains code of others: the crates below,\n"
        "the C code that some of them bundle, and Rust's standard library. Their texts stand at the end, each once.",
        "\n".join(heads(crates, pool)),
    ]
    if library:
        parts.append(of_library(pool))
    line = "=" * 100
    parts.extend(f"{line}\n[text {number}]\n{line}\n\n{text}" for number, text in enumerate(pool.texts, 1))
    return "\n\n".join(parts) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the licence texts of everything that is linked into dualround.")
    parser.add_argument("--target", help="the platform, as Rust calls it (default: this one)")
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    try:
        crates = linked(arguments.target or host())
        complete(crates)
        arguments.file.write_text(document(crates), encoding="utf-8")
    except (PackagingError, OSError) as error:
        print(f"licences: {error}", file=sys.stderr)
        return 1
    borrowed = [crate.name for crate in crates if crate.borrowed]
    print(f"{len(crates)} crates, {len(borrowed)} with the standard text of their licence: {', '.join(borrowed) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
