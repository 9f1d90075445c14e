"""Transcripts of zfs commands: `transcripts/*.txt`, with what OpenZFS answers to each.

    $ zfs create tank/a          a command for sh, in a fresh host with the pools zroot and tank
      text                       what it prints
    ! text                       what it says on standard error
    = 1                          its exit status where it is not 0

A command after `~` instead of `$` prints sizes that follow from ZFS's metadata; numbers are not
compared there. $R stands before absolute paths: the root of the host's files. What has to vary
(guids, dates, the options that a release's usage lists) is written as <guid> and so on.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FILES = tuple(sorted((Path(__file__).parent / "transcripts").glob("*.txt")))


@dataclass
class Entry:
    """One command of a transcript with its answer; `before` is what stands above it."""

    prompt: str
    command: str
    before: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)


def read(file: Path) -> list[Entry]:
    """Return the commands of a transcript, in order."""
    entries: list[Entry] = []
    before: list[str] = []
    for line in file.read_text().splitlines():
        if line.startswith(("$ ", "~ ")):
            entries.append(Entry(line[0], line[2:], before))
            before = []
        elif line.startswith("#") or not line:
            before.append(line)
        else:
            entries[-1].answer.append(line)
    return entries


def text_of(entries: list[Entry]) -> str:
    """Return the transcript as it stands in a file."""
    lines: list[str] = []
    for entry in entries:
        lines += [*entry.before, f"{entry.prompt} {entry.command}", *entry.answer]
    return "\n".join(lines) + "\n"


def play(
    entries: list[Entry],
    root: str,
    folder: Path,
    environment: Mapping[str, str],
    before_each: Callable[[str], None] = lambda command: None,
) -> Iterator[Entry]:
    """Run the commands of a transcript in order and yield each with what came out now."""
    variables = {**environment, "R": root, "LC_ALL": "C", "TZ": "UTC"}
    for entry in entries:
        before_each(entry.command)
        done = subprocess.run(
            ["sh", "-c", entry.command],
            env=variables,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        answer = [f"  {line}" for line in lines_of(entry, done.stdout, root)]
        answer += [f"! {line}" for line in lines_of(entry, done.stderr, root)]
        answer += [f"= {done.returncode}"] if done.returncode else []
        yield Entry(entry.prompt, entry.command, entry.before, answer)


def lines_of(entry: Entry, raw: bytes, root: str) -> list[str]:
    """Return the lines of an output without what has to vary."""
    text = raw.decode("utf-8", "backslashreplace")
    text = text.replace(root, "") if root else text
    text = re.sub(r"\b\d{15,20}\b", "<guid>", text)
    text = re.sub(r"(?ms)^usage:.*", "usage: ...", text)
    # Which end of a pipe is first to go is a matter of chance.
    text = re.sub(r"(?m)^warning: cannot send '.*': (signal received|Broken pipe)\n", "", text)
    if entry.prompt == "~":
        text = re.sub(r"\b\d+(\.\d+)?[BKMGT]?\b", "<n>", text)
        text = re.sub(r"  +", "  ", text)
    return text.splitlines()
