"""A small web server on this machine, for the tests that import from URLs."""

from __future__ import annotations

import lzma
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.commands.resource_files import CONTENT

PACKED = lzma.compress(CONTENT)


class Handler(BaseHTTPRequestHandler):
    """A few files, a redirect, an answer that is cut off, and one that never ends."""

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
        elif path == "/stuck.iso":
            self.answer(CONTENT[:1000], len(CONTENT))
            time.sleep(30)
        else:
            self.send_error(404)

    def answer(self, content: bytes, length: int) -> None:
        """Send some content and call it `length` bytes."""
        self.send_response(200)
        self.send_header("Content-Length", str(length))
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
