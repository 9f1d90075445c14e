"""A small web server on this machine, for the tests that import from URLs."""

from __future__ import annotations

import lzma
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from tests.commands.resource_files import CONTENT

PACKED = lzma.compress(CONTENT)
CHANGED = CONTENT.upper()
DATE = "Thu, 0{} Jan 2026 00:00:00 GMT"


class Handler(BaseHTTPRequestHandler):
    """A few files, a redirect, answers that are cut off, and one that never ends."""

    asked: ClassVar[dict[str, int]] = {}

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        files = {"/pub/a.iso": CONTENT, "/pub/a%20(1).iso": CONTENT, "/pub/a.iso.xz": PACKED}
        if path in files:
            self.answer(files[path], len(files[path]))
        elif path == "/mirror/b.iso":
            self.send_response(302)
            self.send_header("Location", "/pub/a.iso")
            self.end_headers()
        elif path == "/cut.iso":
            self.answer(CONTENT[:1000], len(CONTENT))
        elif path == "/empty.iso":
            self.answer(b"", 0)
        elif path.startswith(("/resume", "/changed", "/nodate")):
            self.answer_in_parts(path)
        elif path == "/attached.iso":
            self.answer(CONTENT, len(CONTENT), Content_Disposition="attachment; filename=../../x")
        elif path == "/stuck.iso":
            self.answer(CONTENT[:1000], len(CONTENT))
            time.sleep(30)
        else:
            self.send_error(404)

    def answer_in_parts(self, path: str) -> None:
        """Break off twice, then send what is still asked for.

        /changed is another file from the second time on, /nodate has no Last-Modified.
        """
        times = self.asked.get(self.path, 0)
        self.asked[self.path] = times + 1
        content = CHANGED if path.startswith("/changed") and times else CONTENT
        day = 2 if content is CHANGED else 1
        date = {} if path.startswith("/nodate") else {"Last_Modified": DATE.format(day)}
        start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        rest = content[start:]
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        sent = rest[: 40000 if times < 2 else None]
        status = 206 if start else 200
        self.answer(sent, len(rest), status, **date, **({"Content_Range": span} if start else {}))

    def answer(self, content: bytes, length: int, status: int = 200, **headers: str) -> None:
        """Send some content and call it `length` bytes."""
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def web_server() -> Iterator[str]:
    """Serve for the time of the block; gives the address, http://127.0.0.1:PORT."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        web.daemon_threads = True
        web.block_on_close = False
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_address[1]}"
        web.shutdown()
