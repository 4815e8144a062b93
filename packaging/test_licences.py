#!/usr/bin/env python3
"""Tests of licences.py."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import licences
from licences import Crate, PackagingError, complete, document, missing

MIT = "Permission is hereby granted...\nThe above copyright notice and this\n  permission notice shall be included"
APACHE = "                Apache License\n          Version 2.0, January 2004\n"


class Licences(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def crate(self, name: str, licence: str, **files: str) -> Crate:
        folder = self.folder / name
        folder.mkdir()
        for file, text in files.items():
            path = folder / file.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Crate(name, "1.0.0", licence, f"of {name}", ["Ann <a@example.org>"], folder)

    def test_a_crate_without_a_text_is_named_and_has_the_standard_one(self) -> None:
        crates = [self.crate("bare", "MIT"), self.crate("full", "MIT", LICENSE=MIT)]
        complete(crates)
        said = document(crates, library=False)
        self.assertIn("* bare 1.0.0\n  MIT; of bare\n  by Ann <a@example.org>\n  no text of MIT of its own", said)
        self.assertIn("The text of MIT as full 1.0.0 has it.", said)

    def test_a_notice_is_no_licence(self) -> None:
        crates = [self.crate("noticed", "Apache-2.0", NOTICE="of us"), self.crate("full", "Apache-2.0", LICENSE=APACHE)]
        complete(crates)
        self.assertEqual(list(crates[0].borrowed), ["Apache-2.0"])
        self.assertIn("\nof us\n", document(crates, library=False))

    def test_a_licence_that_nobody_has_a_text_of_is_an_error(self) -> None:
        for licence in ("ISC", "MIT AND ISC", ""):
            with self.subTest(licence), self.assertRaisesRegex(PackagingError, "bare 1.0.0"):
                complete([self.crate(f"a{len(licence)}", "MIT", LICENSE=MIT), Crate("bare", "1.0.0", licence, "", [], self.folder / "none")])

    def test_bundled_code_and_folders_of_licences_are_found_and_sources_are_not(self) -> None:
        crate = self.crate("all", "MIT", LICENSE=MIT, c__LICENSE="C", licenses__Ann="A", src__copying="B", LICENSES__MIT=MIT)
        (crate.folder / "src/licence.rs").write_text("fn x() {}")
        (crate.folder / "src/notice.h").write_text("int x;")
        self.assertEqual(set(licences.texts_of(crate)), {"LICENSE", "c/LICENSE", "licenses/Ann", "src/copying", "LICENSES/MIT"})

    def test_the_same_text_stands_once(self) -> None:
        crates = [self.crate("one", "MIT", LICENSE=MIT), self.crate("two", "MIT", LICENSE=MIT.replace("\n", " \n "))]
        complete(crates)
        self.assertEqual(document(crates, library=False).count("permission notice"), 1)

    def test_of_alternatives_one_is_enough(self) -> None:
        for expression, have, lacks in [
            ("MIT OR Apache-2.0", {"MIT"}, []),
            ("MIT/Apache-2.0", {"Apache-2.0"}, []),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", {"MIT"}, ["Unicode-3.0"]),
            ("Apache-2.0 AND ISC", {"ISC"}, ["Apache-2.0"]),
            ("Apache-2.0 WITH LLVM-exception OR MIT", {"MIT"}, []),
            ("Apache-2.0 WITH LLVM-exception", {"Apache-2.0"}, ["LLVM-exception"]),
            ("MIT OR ISC", set(), ["MIT"]),
        ]:
            with self.subTest(expression):
                self.assertEqual(missing(expression, have), lacks)
        for expression in ("MIT OR", "(MIT", "MIT)", "AND MIT", "MIT ISC"):
            with self.subTest(expression), self.assertRaisesRegex(PackagingError, "cannot read the licence"):
                missing(expression, set())

    def test_what_is_linked_is_known(self) -> None:
        crates = licences.linked(licences.host())
        names = {crate.name for crate in crates}
        self.assertLessEqual({"tokio", "ring", "zstd-sys", "libc", "parquet", "tokenizers"}, names)
        # Of builds, tests and macros; of other packages here; of other systems; the project's own.
        self.assertFalse({"cc", "insta", "serde_derive", "syn", "divan", "windows-sys", "dualround", "simllm"} & names)
        complete(crates)
        for crate in crates:
            self.assertTrue(crate.texts or crate.borrowed, crate.name)
        texts = {crate.name: set(crate.texts) for crate in crates}
        self.assertIn("zstd/LICENSE", texts["zstd-sys"])
        self.assertIn("third_party/fiat/LICENSE", texts["ring"])
        said = document(crates)
        for words in ("Meta Platforms", "fiat-crypto", "Unicode, Inc", "Copyright notices for The Rust Standard Library", "* hashbrown-"):
            self.assertIn(words, said)
        self.assertNotIn("GNU GENERAL PUBLIC LICENSE", said)


if __name__ == "__main__":
    unittest.main()
