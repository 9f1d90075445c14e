"""A terminal with a program on it, with nothing but Python's own library."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import time
from types import TracebackType


class Terminal:
    """Runs a program on a terminal of its own; what is read is kept in `seen`."""

    def __init__(self, argv: list[str], environment: dict[str, str]) -> None:
        self.seen = ""
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(argv[0], argv, environment)
            finally:
                os._exit(127)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGHUP)
        os.close(self.file)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def type(self, text: str) -> None:
        """Type a text; that nobody is there any more shows when the answer is read."""
        with contextlib.suppress(OSError):
            os.write(self.file, text.encode())

    def read(self, seconds: float) -> bool:
        """Read what there is, waiting so long for it; false at the end."""
        ready, _, _ = select.select([self.file], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.file, 4096)
        except OSError:
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def expect(self, text: str, seconds: float) -> None:
        """Wait until the program has printed a text; what is before it is forgotten."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, f"no {text!r} in {self.seen!r}"
            assert self.read(0.2) or text in self.seen, f"ended without {text!r}: {self.seen!r}"
        self.seen = self.seen.partition(text)[2]

    def poke(self, key: str, text: str, seconds: float) -> None:
        """Type a key again and again until a text comes: who reads it may not be there yet."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, f"no {text!r} in {self.seen!r}"
            self.type(key)
            for _ in range(10):
                assert self.read(0.2) or text in self.seen, f"ended: {self.seen!r}"
        self.seen = ""

    def wait(self, seconds: float) -> int:
        """Wait for the end of the program and return its status."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"goes on: {self.seen!r}")
