"""The journal: a change of several steps that must be whole is written down before it is begun.

An entry is a file on a pool, so that it outlives a power loss. It goes when its last step is done;
where it is still there, and nobody holds its locks, the change was interrupted. While it is there
`locks.hold` refuses what it concerns. Ending it goes through its steps again, past those whose
outcome is there.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from chyves_core.errors import ChyvesError, Refused
from chyves_core.host import Host, failed
from chyves_core.plan import Copy, Folder, Plan, Remove, Run, Size, Step, Write

CHYVES = "/chyves"
FOLDER = "journal"
KINDS: dict[str, type[Step]] = {
    kind.__name__.lower(): kind for kind in (Run, Write, Remove, Copy, Size, Folder)
}


@dataclass(frozen=True)
class Entry:
    """One change: `title` is the command that it is, without `chyves`; `locks` what it concerns.

    `undo` are the steps that bring back what was before, in their order.
    """

    title: str
    locks: tuple[str, ...]
    steps: Plan
    undo: Plan = ()

    @property
    def file_name(self) -> str:
        """The file of the entry; no two changes of the same thing can be under way."""
        return f"{self.locks[0]}.json"


def folder_of(pool: str) -> str:
    """Return the folder of a pool's journal."""
    return f"{CHYVES}/{pool}/{FOLDER}"


def carry_out(
    host: Host, pool: str, entry: Entry, *, untouched: Callable[[], bool] = lambda: False
) -> None:
    """Do all the steps of a change, or none: `pool` keeps the entry meanwhile.

    The caller holds the locks of the entry. Where a step fails, what was done is undone; where
    that fails too, the entry stays, and the error says so. `untouched` tells whether a change
    that failed has changed nothing at all. A dry run only shows the steps.
    """
    if host.dry_run:
        host.act(*entry.steps)
        return
    path = f"{folder_of(pool)}/{entry.file_name}"
    host.write(path, to_text(entry), 0o600, durable=True)
    try:
        host.act(*entry.steps)
    except (ChyvesError, KeyboardInterrupt) as error:
        if not (untouched() or go_back(host, entry)):
            raise half_done(entry, str(error) or "interrupted") from error
        host.remove(path, durable=True)
        raise
    host.remove(path, durable=True)


@contextlib.contextmanager
def whole_or_gone(host: Host, pool: str, entry: Entry) -> Iterator[None]:
    """Have what the block makes whole, or taken away by the steps of the entry.

    They are taken where the block raises, and where it never ends: by the next one who ends the
    entry. For what takes long, and where no one misses what is not finished.
    """
    if host.dry_run:
        yield
        return
    path = f"{folder_of(pool)}/{entry.file_name}"
    host.write(path, to_text(entry), 0o600, durable=True)
    try:
        yield
    except (ChyvesError, KeyboardInterrupt) as error:
        if not go_back(host, entry):
            raise half_done(entry, str(error) or "interrupted") from error
        host.remove(path, durable=True)
        raise
    host.remove(path, durable=True)


def half_done(entry: Entry, reason: str) -> ChyvesError:
    """Return the error for a change that could neither be ended nor undone."""
    return ChyvesError(f"{reason}; `{entry.title}` is half done", "chyves doctor --fix")


def go_back(host: Host, entry: Entry) -> bool:
    """Undo what was done of a change, up to what can't be; return whether all of it could be."""
    try:
        undone = (is_done(host, step) or not host.try_to(step) for step in entry.undo)
        return bool(entry.undo) and all(undone)
    except ChyvesError:
        return False


def pending(host: Host) -> dict[str, Entry]:
    """Return the changes that were begun and not ended, by the path of their file."""
    found = {}
    for pool in host.list_folder(CHYVES):
        for name in host.list_folder(folder_of(pool)):
            path = f"{folder_of(pool)}/{name}"
            text = host.read_text(path) if name.endswith(".json") else None
            if text is not None:
                found[path] = from_text(path, text)
    return found


def concerning(host: Host, locks: Iterable[str]) -> dict[str, Entry]:
    """Return the pending changes that concern what these locks protect."""
    wanted = set(locks)
    return {path: entry for path, entry in pending(host).items() if wanted & set(entry.locks)}


def refuse_interrupted(host: Host, locks: Iterable[str]) -> None:
    """Raise Refused where a change of what these locks protect was interrupted."""
    for entry in concerning(host, locks).values():
        raise Refused(f"`chyves {entry.title}` was interrupted", "chyves doctor --fix")


def resume(host: Host, title: str, locks: Iterable[str]) -> bool:
    """End the interrupted change of this title, if there is one; return whether there was.

    The caller holds the locks, taken with `interrupted=True`. Raises Refused where another
    change of the same things was interrupted.
    """
    for path, entry in concerning(host, locks).items():
        if entry.title != title:
            raise Refused(f"`chyves {entry.title}` was interrupted", "chyves doctor --fix")
        finish(host, path, entry)
        return True
    return False


def finish(host: Host, path: str, entry: Entry) -> None:
    """End a change that was interrupted: do the steps whose outcome is not there yet.

    Where one can't be done any more, the change is undone; raises the error of that step.
    """
    try:
        for step in entry.steps:
            if host.dry_run or not is_done(host, step):
                host.act(step)
    except ChyvesError as error:
        if not go_back(host, entry):
            raise half_done(entry, str(error)) from error
        host.remove(path, durable=True)
        raise
    if not host.dry_run:
        host.remove(path, durable=True)


def is_done(host: Host, step: Step) -> bool:
    """Return whether the outcome of a step is there; False for one that can be done twice."""
    if isinstance(step, Copy):
        return host.path(step.target).exists()
    if not isinstance(step, Run) or step.argv[0] != "zfs":
        return False
    verb, target = step.argv[1], step.argv[-1]
    if verb == "rename":
        return exists(host, target) and not exists(host, step.argv[-2])
    if verb == "inherit":
        # What a later step has destroyed has no property any more.
        return not any(exists(host, name) for name in step.argv[3:])
    if verb == "destroy":
        return not any(exists(host, name) for name in split_snapshots(target))
    if verb in ("create", "clone", "snapshot"):
        return exists(host, target)
    if verb == "mount":
        argv = ("zfs", "get", "-Hp", "-o", "value", "mounted", target)
        return host.read(*argv, allowed=None).stdout == "yes\n"
    if verb == "promote":
        # A clone of a clone has an origin afterwards too: the one of its old parent.
        argv = ("zfs", "get", "-Hp", "-o", "value", "origin", target)
        return host.read(*argv, allowed=None).stdout.strip() != step.while_origin
    return False


def split_snapshots(target: str) -> list[str]:
    """Return the snapshots that `dataset@a,b` means, or the dataset itself; zfs-destroy(8)."""
    dataset, at, names = target.partition("@")
    return [f"{dataset}@{name}" for name in names.split(",")] if at else [target]


def exists(host: Host, name: str) -> bool:
    """Return whether a dataset or snapshot of exactly that name is there.

    Raises HostError where zfs fails in another way: what can't be seen is not gone.
    """
    answer = host.read("zfs", "list", "-H", "-t", "all", "-o", "name", name, allowed=None)
    if answer.status != 0 and "does not exist" not in answer.stderr:
        raise failed(answer)
    return answer.status == 0


def to_text(entry: Entry) -> str:
    """Return an entry as its file holds it: JSON, in ASCII, whatever bytes values have."""
    return json.dumps(
        {
            "title": entry.title,
            "locks": entry.locks,
            "steps": [step_data(step) for step in entry.steps],
            "undo": [step_data(step) for step in entry.undo],
        },
        indent=1,
    )


def step_data(step: Step) -> dict[str, object]:
    """Return a step as plain data, with its kind."""
    return {"kind": type(step).__name__.lower(), **asdict(step)}


def from_text(path: str, text: str) -> Entry:
    """Return the entry that a file holds; raises ChyvesError where it is none."""
    try:
        data = json.loads(text)
        return Entry(
            data["title"],
            tuple(data["locks"]),
            tuple(make_step(each) for each in data["steps"]),
            tuple(make_step(each) for each in data["undo"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ChyvesError(f"{path} can't be read: {error}", f"cat {path}") from error


def make_step(data: dict[str, Any]) -> Step:
    """Return the step that plain data stand for."""
    kind = KINDS[data["kind"]]
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in data.items()
        if name != "kind"
    }
    return kind(**values)
