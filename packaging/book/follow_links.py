#!/usr/bin/env python3
"""Follows the links of a book that mdBook has built: pages, anchors and pictures must be there.
Links that leave the book are printed and not fetched."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The ids of a page, and where its links and pictures lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if (tag, name) in {("a", "href"), ("img", "src")} and value:
                self.links.append(value)


def main(book: Path) -> int:
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(book.rglob("*.html"))}
    broken: list[str] = []
    outside: set[str] = set()
    followed = 0
    for path, page in pages.items():
        # The list of chapters stands in a page of its own, too, and print.html holds all chapters.
        if path.name in ("toc.html", "404.html", "print.html"):
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                outside.add(link)
                continue
            followed += 1
            led = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            target = pages.get(book / led.relative_to(book.resolve()))
            at = unquote(parts.fragment)
            if not led.is_file() or (at and target is not None and at not in target.ids):
                broken.append(f"{path.relative_to(book)}: {link}")
    print(f"{book}: {len(pages)} pages, {followed} links followed, {len(broken)} lead nowhere")
    for link in sorted(outside):
        print(f"  outside, not fetched: {link}")
    for link in broken:
        print(f"  nowhere: {link}", file=sys.stderr)
    return 1 if broken or not followed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
