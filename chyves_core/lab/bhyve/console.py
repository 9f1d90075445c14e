"""The guest's end of a serial port: lines in, text out."""

from __future__ import annotations

import os

BACKSPACES = "\x7f\b"
INTERRUPT, END = "\x03", "\x04"


class Console:
    """A serial console that echoes what is typed, as a guest's terminal driver does."""

    def __init__(self, source: int, target: int) -> None:
        self.source, self.target = source, target
        self.typed = ""
        self.is_open = True

    def write(self, text: str) -> None:
        """Send text; newlines become carriage return and newline."""
        data = text.replace("\n", "\r\n").encode(errors="surrogateescape")
        while data and self.is_open:
            try:
                data = data[os.write(self.target, data) :]
            except OSError:
                self.is_open = False

    def read_keys(self) -> str:
        """Return what was typed, and echo nothing of it."""
        try:
            data = os.read(self.source, 1024)
        except BlockingIOError:
            return ""
        except OSError:
            data = b""
        self.is_open = bool(data)
        return data.decode(errors="replace")

    def read_lines(self) -> list[str]:
        """Return the lines that are complete by now, without their ends."""
        lines: list[str] = []
        for letter in self.read_keys().replace("\r\n", "\r"):
            self._take(letter, lines)
        return lines

    def _take(self, letter: str, lines: list[str]) -> None:
        if letter in "\r\n":
            self.write("\n")
            lines.append(self.typed)
            self.typed = ""
        elif letter in BACKSPACES:
            if self.typed:
                self.typed = self.typed[:-1]
                self.write("\b \b")
        elif letter == INTERRUPT:
            self.typed = ""
            self.write("^C\n")
            lines.append("")
        elif letter == END:
            if not self.typed:
                self.write("\n")
                lines.append("exit")
        elif letter.isprintable():
            self.typed += letter
            self.write(letter)
