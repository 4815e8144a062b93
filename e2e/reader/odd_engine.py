#!/usr/bin/env python3
"""An engine that does what the simulated one cannot: its cache knows a text by how it ends.

    odd_engine.py one_cache|partly|hits_only|warming|replays|replays_usage

`one_cache`: nothing separates its prompts but for those of the canary, so that fresh text is in vain.
`partly`: every third answer has no usage.
`hits_only`: only an answer that hit has usage.
`warming`: the first answers take twice as long, and a hit saves a quarter.
`replays`: what was answered is answered again as it was, under the same id; no answer has usage.
`replays_usage`: the same, each with its usage."""

import http.server
import json
import sys
import time

MODE = sys.argv[1]
SEEN, COUNT, ANSWERS = set(), [0], {}
# The canary, and two rounds of 12.
WARM = 27


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def whole(self, body, kind="application/json", status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        models = {"object": "list", "data": [{"id": "odd", "object": "model"}]}
        found = self.path.endswith("/models")
        self.whole(json.dumps(models).encode() if found else b"{}", status=200 if found else 404)

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.endswith("/chat/completions"):
            return self.whole(b"{}", status=404)
        request = json.loads(text)
        text = "".join(message["content"] for message in request["messages"])
        key = text[-200:] if MODE == "one_cache" and "Story" in text else text
        tokens = len(text) // 5
        cached = tokens * 9 // 10 if key in SEEN else 0
        SEEN.add(key)
        COUNT[0] += 1
        if MODE.startswith("replays") and text in ANSWERS:
            return self.whole(ANSWERS[text], "text/event-stream")
        if MODE == "warming":
            time.sleep((0.012 if cached else 0.016) * (2 if COUNT[0] <= WARM else 1))
        else:
            time.sleep(0.004 + (tokens - cached) * 2e-5)
        without = {"replays": True, "partly": COUNT[0] >= 20 and COUNT[0] % 3 == 0, "hits_only": cached == 0}
        has_usage = not without.get(MODE, False)
        ANSWERS[text] = answer(tokens, cached, has_usage)
        return self.whole(ANSWERS[text], "text/event-stream")


def answer(tokens, cached, has_usage):
    delta = lambda fields, end=None: {"id": f"odd-{COUNT[0]}", "choices": [{"index": 0, "delta": fields, "finish_reason": end}]}
    events = [delta({"role": "assistant", "content": "well "}), delta({"content": "now"}), delta({}, "stop")]
    if has_usage:
        usage = {"prompt_tokens": tokens, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": cached}}
        events.append({"id": f"odd-{COUNT[0]}", "choices": [], "usage": usage})
    lines = [json.dumps(event) for event in events] + ["[DONE]"]
    return "".join(f"data: {line}\n\n" for line in lines).encode()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
