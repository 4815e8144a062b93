"""The program on a terminal of its own: redraws, width, colours. Standard library only.
Usage: python3 terminal.py PROGRAM"""
import functools
import os
import re
import sys

from on_terminal import ESCAPES, on_terminal

on_terminal = functools.partial(on_terminal, os.path.abspath(sys.argv[1]))

code, seen = on_terminal(100, {}, "demo", "--concurrency", "2")
text = b"".join(data for _, data in seen).decode()
assert code == 0, text
frames = [at for at, data in seen if b"in flight" in data]
took = frames[-1] - frames[0]
drawn = sum(data.count(b"in flight") for _, data in seen)
# At most five a second, and one more at each change of what is done.
assert 4 < drawn <= 5 * took + 12, (drawn, took)
assert re.search(r"cold  12/12 .*\n?.*warm  \d+/12", ESCAPES.sub("", text).replace("\r", "")), "the cold line is gone"
lines = ESCAPES.sub("", text).replace("\r", "\n").split("\n")
boxes = [line for line in lines if line.startswith(("│", "├", "└"))]
assert boxes and all(len(line) <= 100 for line in boxes), max(map(len, boxes))
assert "\x1b[1m\x1b[32mConcurrency 2: cache works" in text, "no colour on a terminal"
closing = [line for line in lines if line.startswith("  2  ")]
assert closing and all(len(line) <= 100 for line in closing), closing
print(f"{drawn} redraws in {took:.1f} s; tables within 100 columns")

code, seen = on_terminal(72, {"NO_COLOR": "1"}, "demo", "--concurrency", "2", "--lang", "zh")
text = b"".join(data for _, data in seen).decode()
assert code == 0 and "结论" in text
assert "\x1b[32m" not in text and "\x1b[1m" not in text, "colours in spite of NO_COLOR"
boxes = [line for line in ESCAPES.sub("", text).replace("\r", "\n").split("\n") if line.startswith(("│", "├", "└"))]
assert boxes and all(len(line) <= 72 for line in boxes)
code, seen = on_terminal(100, {}, "demo", "--concurrency", "1", "--num-samples", "2", "--output-dir", "x")
assert code == 0
print("NO_COLOR and narrow terminals are respected")

# What somebody sees who types the program's name and nothing else.
for lang, words in [("en", ["what the cache is worth", "All commands: dualround --help"]), ("zh", ["缓存冷、热", "全部命令：dualround --help"])]:
    code, seen = on_terminal(80, {"DUALROUND_LANG": lang})
    text = b"".join(data for _, data in seen).decode()
    assert code == 2, code
    for word in [*words, "dualround demo --open", "dualround check endpoint URL", "dualround init URL", "dualround run --config dualround.yaml"]:
        assert word in text, (word, text)
    lines = text.replace("\r", "").strip().split("\n")
    assert len(lines) <= 10 and all(len(line) <= 80 for line in lines), lines
print("without arguments it says how to begin")
