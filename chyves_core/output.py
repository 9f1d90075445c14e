"""Tables for people, tabs for scripts, JSON for programs: one place for `-H -p -o --json`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from chyves_core.errors import UsageError

Row = Mapping[str, object]

# Marks that turn the direction of text around and so make one value look like another.
TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
SHORT_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
NOT_IN_JSON = "[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
# As many digits of a checksum are shown.
DIGEST_SHOWN = 12
# Stands for a cell that a row does not have.
BLANK = object()


@dataclass(frozen=True)
class Format:
    """How a list is printed: zfs(8)'s own letters, and JSON; `width` cuts lines of a table."""

    no_header: bool = False
    exact: bool = False
    columns: tuple[str, ...] = ()
    json: bool = False
    width: int | None = None


class Size(int):
    """A number of bytes; `text` is how it was written, where that is to be shown."""

    text = ""


class Digest(str):
    """A checksum: people are shown its beginning, which tells any two apart."""


class Repeated(str):
    """What the line above says too: people are not shown it again, scripts are."""


class Moment(int):
    """A point in time, in seconds since 1970."""


def tell(text: str, stream: TextIO | None = None) -> None:
    """Print a line about what is done; that nobody reads it any more does not stop the work."""
    # An error comes behind what was said before it.
    for out, line in ((sys.stdout, ""), (stream or sys.stdout, f"{text}\n")):
        try:
            out.write(line)
            out.flush()
        except OSError:
            silence(out)


def silence(stream: TextIO) -> None:
    """Send all that is still said on a standard stream nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def print_rows(
    rows: Sequence[Row], columns: Sequence[str], wanted: Format, stream: TextIO | None = None
) -> None:
    """Print rows with the given columns, or with those that `-o` chose.

    JSON always holds every key of a row, so that keys stay stable; `-o` narrows it. A cell that
    a row does not have is blank in a table, and `-` where scripts read it.
    """
    out = stream or sys.stdout
    chosen = list(wanted.columns or columns)
    known = set(columns).union(*(row.keys() for row in rows)) if rows else set(columns)
    unknown = [name for name in chosen if name not in known]
    if unknown and (rows or not wanted.columns):
        raise no_such_column(unknown[0], known)
    if wanted.json:
        print_json([select_keys(row, wanted.columns) for row in rows], out)
        return
    if wanted.no_header:
        for row in rows:
            out.write("\t".join(show_cell(row.get(name), wanted) for name in chosen) + "\n")
        return
    lines = [[show_cell(row.get(name, BLANK), wanted) for name in chosen] for row in rows]
    print_table([[name.upper().replace("_", " ") for name in chosen], *lines], out, wanted.width)


def no_such_column(name: str, known: set[str]) -> UsageError:
    """Return the error for a column that a list does not have."""
    return UsageError(f"there is no column {name!r}", f"columns: {', '.join(sorted(known))}")


def select_keys(row: Row, columns: Sequence[str]) -> Row:
    """Return the row with only the chosen keys, all of them where none are chosen."""
    return {name: row[name] for name in columns if name in row} if columns else row


def print_json(value: object, stream: TextIO | None = None) -> None:
    """Print a value as JSON, readable, UTF-8 as it is.

    What is no UTF-8, and what a terminal would obey, is escaped; Python reads it back whole.
    """
    import json

    text = json.dumps(value, indent=2, ensure_ascii=False)
    text = re.sub(NOT_IN_JSON, lambda found: f"\\u{ord(found.group()):04x}", text)
    print(text, file=stream or sys.stdout)


def show_cell(value: object, wanted: Format) -> str:
    """Return a cell as text: sizes and times for people unless exact, nothing as `-`."""
    if isinstance(value, Repeated) and not wanted.no_header:
        return ""
    if isinstance(value, Digest) and not (wanted.exact or wanted.no_header):
        return escape(value[:DIGEST_SHOWN]) or "-"
    if isinstance(value, str):
        return escape(value) or "-"
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Size):
        return str(int(value)) if wanted.exact else show_bytes(value)
    if isinstance(value, Moment):
        return str(int(value)) if wanted.exact else show_moment(value)
    if isinstance(value, list | tuple):
        return escape(",".join(str(item) for item in value)) or "-"
    return "" if value is BLANK else escape(str(value))


def show_bytes(size: Size) -> str:
    """Return bytes as they were written, else in the short form of `zfs list`."""
    from chyves_core.sizes import show_size

    return size.text or show_size(size)


def show_moment(moment: Moment) -> str:
    """Return a point in time to the minute, in the time zone of the user."""
    import time

    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def escape(text: str) -> str:
    r"""Return a text that fits on one line and that no terminal obeys: `\n`, `\t`, `\x1b`.

    Properties may have been set by other hands than ours (captures zfs set-newline).
    """
    if text.isprintable():
        return text
    return "".join(escape_character(char) for char in text)


def escape_character(char: str) -> str:
    """Return a character as it can be shown."""
    if char in SHORT_ESCAPES:
        return SHORT_ESCAPES[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, see host.TEXT
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or 0x7F <= code <= 0x9F:
        return f"\\x{code:02x}"
    if char in TURNING or char in "\u2028\u2029" or 0xD800 <= code <= 0xDFFF:
        return f"\\u{code:04x}"
    return char


def print_table(lines: Sequence[Sequence[str]], out: TextIO, width: int | None = None) -> None:
    """Print lines with their columns aligned, two blanks apart, cut to `width` where given."""
    sizes = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell + " " * (size - display_width(cell))
            for cell, size in zip(line, sizes, strict=True)
        ]
        text = "  ".join(cells)
        out.write((text if width is None else cut(text, width)).rstrip() + "\n")


def cut(text: str, width: int) -> str:
    """Return as much of a text as fits into `width` columns of a terminal."""
    if text.isascii():
        return text[:width]
    end = taken = 0
    for end, char in enumerate(text):
        taken += display_width(char)
        if taken > width:
            return text[:end]
    return text


def display_width(text: str) -> int:
    """Return how many columns of a terminal a text takes: East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(char) in ("Mn", "Me", "Cf") else 2 if east_asian_width(char) in "WF" else 1
        for char in text
    )
