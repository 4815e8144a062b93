"""Prompts of some hundred words; every tenth tries to run in a page, to end its element, or to be a formula."""
import json
import random
import sys

TRICKS = [
    "</script><script>window.ran=1</script>",
    "<img src=x onerror=window.ran=1>",
    "<!--<script>",
    "]]><svg onload=window.ran=1>",
    '"><a href="javascript:window.ran=1">x</a>',
    '=HYPERLINK("http://127.0.0.1/","x")',
    "\u2028window.ran=1//",
    "{{constructor.constructor('window.ran=1')()}}",
]
draw = random.Random(7)
words = ["amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "harbor", "inlet", "jetty", "冷", "热", "缓存"]
for at in range(int(sys.argv[1])):
    text = " ".join(draw.choice(words) for _ in range(draw.randint(60, 400)))
    trick = TRICKS[at // 10 % len(TRICKS)] if at % 10 == 0 else ""
    print(json.dumps({"id": f"{trick}p{at}", "text": f"{trick} {at} {text}"}, ensure_ascii=False))
