"""One run of zfs or zpool: what it was asked, what it has said, and the pools it sees."""

from __future__ import annotations

import sys
from collections.abc import Callable

from chyves_core.lab.home import Lab
from chyves_core.lab.zfs.actions import Action
from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.files import Files
from chyves_core.lab.zfs.model import Dataset, Pool
from chyves_core.lab.zfs.names import pool_of
from chyves_core.lab.zfs.space import Space
from chyves_core.lab.zfs.store import Store
from chyves_core.lab.zfs.values import Values

Command = Callable[["Session", list[str]], None]


class View:
    """One pool and what can be asked about it; valid until the pool is changed."""

    def __init__(self, store: Store, pool: Pool) -> None:
        self.pool = pool
        self.files = Files(store, pool)
        self.space = Space(self.files, pool)
        self.values = Values(pool, self.space, store.lab.freebsd)


class Session:
    """The running command: `words` is its command line, `failed` whether anything went wrong."""

    def __init__(self, lab: Lab, program: str, words: list[str]) -> None:
        self.lab = lab
        self.store = Store(lab)
        self.words = [program, *words]
        self.failed = False
        self.failed_status = 1
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        """Print a line to standard output (when the command ends, or with flush)."""
        self.lines.append(text)

    def flush(self) -> None:
        """Write what was said so far."""
        if self.lines:
            text = "\n".join(self.lines) + "\n"
            self.lines = []
            sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
            sys.stdout.buffer.flush()

    def warn(self, text: str) -> None:
        """Write a line to standard error."""
        sys.stderr.buffer.write(f"{text}\n".encode("utf-8", "surrogateescape"))
        sys.stderr.buffer.flush()

    def fail(self, text: str) -> None:
        """Write a line to standard error and go on; the command will end with status 1."""
        self.warn(text)
        self.failed = True

    def view(self, pool: Pool) -> View:
        """Return a fresh view of a pool."""
        return View(self.store, pool)

    def dataset(self, name: str) -> tuple[Pool, Dataset]:
        """Return a dataset with its pool; raises ZfsError where it doesn't exist."""
        if "@" in name:
            raise ZfsError(f"cannot open '{name}': snapshot delimiter '@' is not expected here")
        pool = self.store.pool(pool_of(name))
        dataset = pool.datasets.get(name) if pool else None
        if pool is None or dataset is None:
            raise ZfsError(f"cannot open '{name}': dataset does not exist")
        return pool, dataset

    def commit(self, pool: Pool, actions: list[Action]) -> None:
        """Save a changed pool; the command line goes to the pool's history once."""
        self.store.commit(pool, actions, self.words)

    def refusal(self, pool: Pool, name: str = "", right: str = "") -> str | None:
        """Return why the pool can't be changed, or this user has no `right` on a dataset of it."""
        if pool.readonly:
            return "pool is read-only"
        if self.lab.is_root:
            return None
        from chyves_core.lab.zfs.delegation import may

        return None if right and may(self, pool, name, right) else "permission denied"


def run(lab: Lab, program: str, words: list[str], call: Command, usage: Callable[[], str]) -> int:
    """Run one command and return its exit status; errors go to standard error."""
    session = Session(lab, program, words)
    status = 0
    try:
        call(session, words[1:])
    except ZfsError as error:
        session.flush()
        session.warn(error.text)
        status = error.status
    except UsageError as error:
        session.flush()
        head = f"{error.text}\n" if error.text else ""
        session.warn(f"{head}{usage()}")
        status = 2
    except BrokenPipeError:
        raise
    except OSError as error:
        session.warn(f"{program}: the machine refused the lab: {error}")
        status = 1
    session.flush()
    return status or (session.failed_status if session.failed else 0)


def plain_words(arguments: list[str]) -> list[str]:
    """Return arguments as the program keeps text, whatever the locale: see names.text_of."""
    if sys.getfilesystemencoding() == "utf-8":
        return arguments
    return [
        word.encode(sys.getfilesystemencoding(), "surrogateescape").decode(
            "utf-8", "surrogateescape"
        )
        for word in arguments
    ]
