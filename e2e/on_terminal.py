"""A program on a terminal of its own. Standard library only."""
import fcntl
import os
import pty
import re
import select
import struct
import tempfile
import termios
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def on_terminal(program, columns, env, *words, folder=None):
    """Runs it in a terminal, in a folder of its own unless one is named; returns its exit code, and
    pairs of time and bytes as they came."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder or tempfile.mkdtemp())
        base = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        os.execve(program, [program, *words], {**base, **env})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    seen = []
    while True:
        ready, _, _ = select.select([terminal], [], [], 60)
        try:
            data = os.read(terminal, 65536) if ready else b""
        except OSError:
            data = b""
        if not data:
            break
        seen.append((time.monotonic(), data))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), seen
