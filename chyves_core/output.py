"""Tables for people, tabs for scripts, JSON for programs: one place for `-H -p -o --json`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from chyves_core.errors import UsageError

Row = Mapping[str, object]


@dataclass(frozen=True)
class Format:
    """How a list is printed: zfs(8)'s own letters, and JSON."""

    no_header: bool = False
    exact: bool = False
    columns: tuple[str, ...] = ()
    json: bool = False
    width: int | None = None


def print_rows(
    rows: Sequence[Row], columns: Sequence[str], wanted: Format, stream: TextIO | None = None
) -> None:
    """Print rows with the given columns, or with those that `-o` chose.

    JSON always holds every key of a row, so that keys stay stable; `-o` narrows it.
    """
    out = stream or sys.stdout
    chosen = list(wanted.columns or columns)
    known = set(columns).union(*(row.keys() for row in rows)) if rows else set(columns)
    unknown = [name for name in chosen if name not in known]
    if unknown and (rows or not wanted.columns):
        raise UsageError(
            f"there is no column {unknown[0]!r}", f"columns: {', '.join(sorted(known))}"
        )
    if wanted.json:
        print_json([select_keys(row, wanted.columns) for row in rows], out)
        return
    lines = [[show_cell(row.get(name), wanted) for name in chosen] for row in rows]
    if wanted.no_header:
        out.writelines("\t".join(line) + "\n" for line in lines)
        return
    print_table([[name.upper().replace("_", " ") for name in chosen], *lines], out, wanted.width)


def select_keys(row: Row, columns: Sequence[str]) -> Row:
    """Return the row with only the chosen keys, all of them where none are chosen."""
    return {name: row[name] for name in columns if name in row} if columns else row


def print_json(value: object, stream: TextIO | None = None) -> None:
    """Print a value as JSON, readable, UTF-8 as it is."""
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False), file=stream or sys.stdout)


def show_cell(value: object, wanted: Format) -> str:
    """Return a cell as text: sizes (Size) short unless exact, nothing as `-`."""
    from chyves_core.sizes import show_size

    if isinstance(value, Size):
        return str(int(value)) if wanted.exact else show_size(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value) or "-"
    return "-" if value is None or value == "" else str(value)


class Size(int):
    """A number of bytes."""


def print_table(lines: Sequence[Sequence[str]], out: TextIO, width: int | None = None) -> None:
    """Print lines with their columns aligned, two blanks apart, cut to `width` where given."""
    widths = [max(display_width(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        cells = [
            cell + " " * (size - display_width(cell))
            for cell, size in zip(line, widths, strict=True)
        ]
        text = "  ".join(cells).rstrip()
        out.write((text if width is None else text[:width]) + "\n")


def display_width(text: str) -> int:
    """Return how many columns of a terminal a text takes: East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text
    )
