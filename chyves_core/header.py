"""The comment lines at the top of a command, which are its help in every language."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Header:
    """What a command says of itself: one summary, its usage lines and its long help."""

    summary: str
    usage: tuple[str, ...]
    text: tuple[str, ...]


def read_header(command: Path) -> Header:
    """Return the header of an executable; all parts are empty where it has none."""
    summary, usage, text = "", [], []
    with open(command, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not line.startswith("#"):
                break
            words = line[1:].strip()
            if words.startswith("Summary:"):
                summary = words.removeprefix("Summary:").strip()
            elif words.startswith("Usage:"):
                usage.append(words.removeprefix("Usage:").strip())
            elif summary and not words.startswith("Provide "):
                text.append(line[1:].rstrip().removeprefix(" "))
    return Header(summary, tuple(usage), tuple(text))
