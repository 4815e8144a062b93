#!/usr/bin/env python3
"""Reads every sentence of a run and recomputes its figures from the journal: an independent reader
with its own statistics, that shares no code with the program.

    read.py FOLDER PROGRAM [SENTENCES.json]

The third: the page's sentences as a browser shows them (e2e/check_report.mjs).

What cannot be parsed is a failure, as is a figure that the records do not bear out."""

import html.parser
import json
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import evidence
import journal
import known_wrong
import overload
import rates
import sentences
import table
import until
from level import Level


# What the load of a level is called.
LOADS = [["concurrency", "request rate", "replay"], ["并发", "请求速率", "回放"]]


class Page(html.parser.HTMLParser):
    """The text of a page's lists in one language, as its style sheet shows it."""

    def __init__(self, lang):
        super().__init__()
        self.lang, self.stack, self.items, self.within = lang, [], [], None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag in ("li", "ul", "div", "span", "strong", "small"):
            self.stack.append((tag, attributes))
        if tag == "ul":
            self.within = attributes.get("class", "evidence")
        if tag == "li" or (tag == "div" and attributes.get("class") == "why"):
            self.items.append((self.within if tag == "li" else "why", []))

    def handle_endtag(self, tag):
        if self.stack and self.stack[-1][0] == tag:
            self.stack.pop()

    def handle_data(self, data):
        languages = [a["lang"] for _, a in self.stack if "lang" in a]
        if self.items and all(one.startswith(self.lang) for one in languages):
            if any(tag == "li" for tag, _ in self.stack):
                self.items[-1][1].append(data)

    def texts(self, kind):
        return ["".join(parts).strip() for where, parts in self.items if where == kind]

    def whys(self):
        """What explains each verdict."""
        out = []
        for where, parts in self.items:
            if where == "verdicts":
                out.append([])
            elif where == "why":
                out[-1].append("".join(parts).strip())
        return out


class Reader:
    def __init__(self, folder, program, browser=None):
        self.folder, self.program, self.read, self.wrong = folder, program, 0, []
        self.known = set()
        self.browser = json.loads(Path(browser).read_text(encoding="utf-8")) if browser else None
        rounds, canaries, run = journal.read(folder)
        said = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))["levels"]
        self.levels = []
        for at, one in enumerate(said):
            level = Level(rounds[one["level"]], run)
            level.said, level.canary = one, canaries.get(one["level"])
            level.whole = run["finished_at"] is not None
            self.levels.append(level)

    def hold(self, where, text, check):
        self.read += 1
        try:
            check()
        except sentences.Wrong as reason:
            if name := known_wrong.name(str(reason)):
                self.known.add(name)
            else:
                self.wrong.append(f"{where}: {reason}\n    {text}")

    def json(self):
        for level in self.levels:
            said = level.said
            self.numbers(level)
            for zh, key in enumerate(["text", "text_zh"]):
                text = said["conclusion"][key]
                self.hold("comparison.json", text, lambda: sentences.conclusion(text, level, zh))
                without = said["inside_reuse"]["without"]["evidence"] if said["inside_reuse"] else []
                for one in said["cold"]["evidence"] + without:
                    self.hold("comparison.json", one[key], lambda: evidence.fact(one["source"], one[key], level, zh))
            for zh, end in enumerate(["", "_zh"]):
                for text in said["diagnosis" + end]:
                    self.hold("comparison.json", text, lambda: evidence.diagnosis(text, level, zh))
                for text in said["beside" + end]:
                    self.hold("comparison.json", text, lambda: sentences.beside(text, level, zh))
                self.hold("comparison.json", end, lambda: sentences.beside_all(said["beside" + end], level))

    def numbers(self, level):
        """The figures that sentences rest on."""
        self.hold("comparison.json", json.dumps(level.said["conclusion"]), level.hold)
        for key, mine in [("mixed", level.mixed), ("inside_reuse", level.inside)]:
            said = level.said[key]
            if (said is None) != (mine is None):
                self.wrong.append(f"comparison.json: {key} is {said!r}")
            elif mine is not None:
                self.hold("comparison.json", json.dumps(said), lambda: mine.hold(said))
        self.hold("comparison.json", json.dumps(level.said["until"]), lambda: until.hold(level, self.levels))

    def rounds(self):
        """The rates of each round's file."""
        known = {(one.level, one.number): one for level in self.levels for one in level.rounds}
        for path in sorted(self.folder.glob("*_round_*.json")):
            if path.name.startswith("telemetry_"):
                continue
            file = json.loads(path.read_text(encoding="utf-8"))
            at = (file["configuration"]["level"], file["configuration"]["round"])
            self.hold(path.name, "summary", lambda: rates.hold(known[at], file, known[at].run["plan"]["slo"]))
            self.hold(path.name, "summary.arrivals", lambda: overload.hold(known[at], file))

    def screen(self, lang):
        zh = int(lang == "zh")
        command = [self.program, "report", str(self.folder), "--lang", lang]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        names = "|".join(LOADS[zh]) if zh else "|".join(one.capitalize() for one in LOADS[zh])
        head = re.compile(rf"(?:{names})\b(.*?){'：' if zh else ': '}(.*)")
        at, notes = None, False
        closing = text[text.rindex("=" * 60) :]
        rows = [line for line in closing.splitlines()[1:] if line.startswith("  ")]
        rows = rows[1 : 1 + len(self.levels)]
        for line in closing.splitlines()[1:]:
            if found := head.fullmatch(line):
                name, sentence = found.group(1).strip(), found.group(2)
                if line.lower().startswith((LOADS[0][2], LOADS[1][2])) and not name.startswith("×"):
                    # The trace's own speed is not in a name.
                    name = "×1" + name
                at = (at + 1) if at is not None else 0
                level = self.levels[at]
                self.hold(f"screen {lang}", sentence, lambda: sentences.conclusion(sentence, level, zh))
                self.hold(f"screen {lang}", rows[at], lambda: table.row(rows[at], name, sentence, level, zh))
            elif line.startswith(("Notes:", "注意:", "注意：")):
                notes = True
            elif line.startswith("  - ") and notes:
                self.hold(f"screen {lang}", line, lambda: evidence.note(line[4:], self.levels, zh))
            elif line.startswith("  - ") and at is not None:
                self.explained(f"screen {lang}", line[4:], self.levels[at], zh)
        if at is None or at + 1 != len(self.levels):
            self.wrong.append(f"screen {lang}: sentences of {0 if at is None else at + 1} levels, {len(self.levels)} there are")

    def explained(self, where, text, level, zh):
        if sentences.is_beside(text, zh):
            return self.hold(where, text, lambda: sentences.beside(text, level, zh))
        cold = "冷轮判定: " if zh else "Cold round: "
        if text.startswith(cold):
            sources = {one["text_zh" if zh else "text"]: one["source"] for one in level.said["cold"]["evidence"]}
            fact = text[len(cold) :]
            bare = re.sub(r" \(up to \d+ are tolerated\)$|（容许不超过 \d+）$", "", fact)
            return self.hold(where, text, lambda: evidence.fact(sources.get(bare, "usage"), fact, level, zh))
        self.hold(where, text, lambda: evidence.diagnosis(text, level, zh))

    def page(self, lang):
        zh = int(lang == "zh")
        page = Page(lang)
        text = (self.folder / "report.html").read_text(encoding="utf-8")
        page.feed(text)
        spans = '<span lang="en">([^<]*)</span><span lang="zh">([^<]*)</span>'
        heads = re.search(f'<th><a class="def" href="#def-interval">{spans}</a></th>', text)
        shown = heads and heads.group(1 + zh)
        self.hold(f"page {lang}", str(shown), lambda: table.head(shown, self.levels, zh))
        self.of_page(lang, page.texts("verdicts"), page.whys(), page.texts("caveats"))
        if self.browser:
            shown = self.browser[lang]
            self.of_page(f"{lang} in a browser", shown["verdicts"], shown["whys"], shown["caveats"])

    def of_page(self, lang, texts, whys, caveats):
        zh = int(lang.startswith("zh"))
        if len(texts) != len(self.levels):
            self.wrong.append(f"page {lang}: {len(texts)} verdicts, {len(self.levels)} levels")
        for text, explains, level in zip(texts, whys, self.levels):
            sentence = re.sub(rf"^(?:{'|'.join(LOADS[zh])})\b[^:：]*: ", "", text)
            self.hold(f"page {lang}", sentence, lambda: sentences.conclusion(sentence, level, zh))
            for why in explains:
                self.explained(f"page {lang}", why, level, zh)
            beside = [why for why in explains if sentences.is_beside(why, zh)]
            self.hold(f"page {lang}", text, lambda: sentences.beside_all(beside, level))
        for text in caveats:
            self.hold(f"page {lang}", text, lambda: evidence.note(text, self.levels, zh))

    def markdown(self, zh):
        """Verdicts with what explains them, caveats, and a block a level."""
        text = (self.folder / "summary.md").read_text(encoding="utf-8")
        plain = lambda line: re.sub(r"\\([\\`*_\[\]|#~])", r"\1", line).replace("&lt;", "<").replace("&amp;", "&")
        verdicts, blocks, part = -1, -1, "verdicts"
        for line in text.splitlines():
            if re.fullmatch(r"\*\*(?:Caveats|注意)\*\*", line):
                part = "caveats"
            elif line == "```text":
                part, blocks = "block", blocks + 1
            elif part == "block" and blocks < len(self.levels):
                self.of_block(line, self.levels[blocks], zh)
            elif found := re.match(rf"- \*\*(?:{'|'.join(LOADS[zh])})\b[^*]*\*\*(?:: |：)(.*)", line):
                verdicts += 1
                sentence, level = plain(found.group(1)), self.levels[verdicts]
                self.hold("summary.md", sentence, lambda: sentences.conclusion(sentence, level, zh))
            elif line.startswith(("| Concurrency ", "| Request rate ", "| Replay ", "| 并发 ", "| 请求速率 ", "| 回放 ")) and part == "verdicts":
                self.hold("summary.md", line, lambda: table.head(line.strip("|").split("|")[3].strip(), self.levels, zh))
            elif line.startswith("  - ") and part == "verdicts":
                self.explained("summary.md", plain(line[4:]), self.levels[verdicts], zh)
            elif line.startswith("- ") and part == "caveats":
                self.hold("summary.md", line, lambda: evidence.note(plain(line[2:]), self.levels, zh))
        same = (verdicts + 1, blocks + 1)
        if same != (len(self.levels), len(self.levels)):
            self.wrong.append(f"summary.md: verdicts and blocks of {same} levels, {len(self.levels)} there are")

    def of_block(self, line, level, zh):
        """A line of the comparison of one level."""
        name, found, text = line.partition(": ")
        where = "summary.md, block"
        if found and name == ("结论" if zh else "Conclusion"):
            self.hold(where, text, lambda: sentences.conclusion(text, level, zh))
        elif found and name == ("诊断" if zh else "Diagnosis"):
            self.explained(where, text, level, zh)
        elif found and name == ("区间" if zh else "Interval"):
            self.hold(where, line, lambda: table.aid(text, level, zh))
        elif line.startswith("  - "):
            self.explained(where, ("冷轮判定: " if zh else "Cold round: ") + line[4:], level, zh)


def main():
    reader = Reader(Path(sys.argv[1]), sys.argv[2], *sys.argv[3:4])
    reader.json()
    reader.rounds()
    for lang in ["zh", "en"]:
        reader.screen(lang)
        reader.markdown(int(lang == "zh"))
        reader.page(lang)
    for one in reader.wrong:
        print(one, file=sys.stderr)
    for name in sorted(reader.known):
        print(f"known wrong: {name}")
    print(f"{reader.folder}: {reader.read} sentences, {len(reader.wrong)} wrong")
    sys.exit(1 if reader.wrong else 0)


if __name__ == "__main__":
    main()
