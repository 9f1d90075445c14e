"""Plans: what is to be done on the host, as plain data, before anything is done."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass

# A password never gets into what is shown: `zfs set chyves:uefi_vnc_password=...`.
PASSWORD = r"(?s)^(chyves[a-z.]*:[a-z_]*password=).+"


@dataclass(frozen=True)
class Run:
    """One program to run: argv, never a shell string.

    `allowed` are the exit statuses that count as success. No word may be a secret: argv can be
    read by every user of the host. `while_origin` is for `zfs promote`: the origin that the
    dataset has as long as it was not promoted.
    """

    argv: tuple[str, ...]
    allowed: tuple[int, ...] = (0,)
    while_origin: str = ""

    def __str__(self) -> str:
        return quote(hide_passwords(self.argv))

    @property
    def one_pair_each(self) -> list[tuple[str, ...]]:
        """`zfs set a=1 b=2 DATASET...` as one call for each pair; none for other programs.

        FreeBSD 10's zfs takes the second pair for a dataset (illumos 5745 came later).
        """
        if self.argv[:2] != ("zfs", "set"):
            return []
        datasets = tuple(word for word in self.argv[2:] if "=" not in word)
        return [(*self.argv[:2], pair, *datasets) for pair in self.argv[2:] if "=" in pair]


@dataclass(frozen=True)
class Write:
    """One file of the host to write whole; `shown` stands for what is secret, or no text.

    Bytes always need one.
    """

    path: str
    text: str | bytes
    mode: int = 0o644
    shown: str | None = None

    def __str__(self) -> str:
        text = str(self.text) if self.shown is None else self.shown
        lines = "".join(f"\n#   {line}" for line in text.splitlines())
        return f"# write {self.path} (mode {self.mode:04o}){lines}"


@dataclass(frozen=True)
class Remove:
    """One file of the host to remove where it is there."""

    path: str

    def __str__(self) -> str:
        return f"rm -f {quote((self.path,))}"


@dataclass(frozen=True)
class Copy:
    """One file of the host to copy; never over one that is there."""

    source: str
    target: str

    def __str__(self) -> str:
        return f"cp {quote((self.source, self.target))}"


@dataclass(frozen=True)
class Size:
    """One file of the host that gets a size: what is new in it are zeros that take no room.

    With `new` it is made, never over one that is there.
    """

    path: str
    size: int
    new: bool = False

    def __str__(self) -> str:
        line = f"truncate -s {self.size} {quote((self.path,))}"
        return f"mkdir -p {quote((os.path.dirname(self.path),))} && {line}" if self.new else line


@dataclass(frozen=True)
class Folder:
    """One folder of the host to make where it is not there."""

    path: str
    mode: int = 0o755

    def __str__(self) -> str:
        return f"mkdir -p -m {self.mode:04o} {quote((self.path,))}"


Step = Run | Write | Remove | Copy | Size | Folder
Plan = tuple[Step, ...]


def run(*argv: str, allowed: tuple[int, ...] = (0,), while_origin: str = "") -> Run:
    """Return the step that runs `argv`."""
    return Run(argv, allowed, while_origin)


def hide_passwords(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return argv as it may be shown."""
    return tuple(re.sub(PASSWORD, r"\1***", word) for word in argv)


def quote(argv: tuple[str, ...]) -> str:
    """Return argv as a line that can be pasted into sh and means the same there."""
    return shlex.join(argv)


def show(plan: Plan) -> str:
    """Return the plan as `--dry-run` prints it, one step a line."""
    return "".join(f"{step}\n" for step in plan)
