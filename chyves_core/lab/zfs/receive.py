"""zfs receive: reads a stream into a spool without any lock, then takes it over in one step."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from chyves_core.lab.zfs.actions import remove
from chyves_core.lab.zfs.checking import BadProperty, check, split_pairs
from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.names import name_error
from chyves_core.lab.zfs.numbers import nice
from chyves_core.lab.zfs.options import Options, parse
from chyves_core.lab.zfs.receive_apply import Target, abort, save_partial, take_over
from chyves_core.lab.zfs.receive_checks import check_target
from chyves_core.lab.zfs.session import Session
from chyves_core.lab.zfs.stream import Cut, Spool, read_plan


def receive(session: Session, arguments: list[str]) -> None:
    """zfs receive [-vMnsFhu] [-o property=value]… [-x property]… [-d|-e] NAME, or -A NAME."""
    options = parse(arguments, ":o:x:dehMnuvFsAc")
    wanted = overrides(options)
    if not options.words:
        raise UsageError("missing snapshot argument")
    if len(options.words) > 1:
        raise UsageError("too many arguments")
    if "A" in options:
        abort(session, options.words[0])
        return
    if os.isatty(0):
        raise ZfsError(
            "Error: Backup stream can not be read from a terminal.\n"
            "You must redirect standard input."
        )
    plan = read_plan(sys.stdin.buffer)
    if plan is None:
        raise ZfsError("cannot receive: failed to read from stream")
    target = target_of(session, options, plan, wanted)
    with session.store.reading():
        todo = check_target(session, plan, target)
    announce(session, plan, target, options)
    if "n" in options or not todo:
        read_to_end()
        return
    take(session, plan, target, options)


def overrides(options: Options) -> tuple[dict[str, str], list[str]]:
    """Return what -o sets and what -x leaves out."""
    try:
        given = split_pairs(options.all("o"))
        for name in options.all("x"):
            if name in given:
                raise BadProperty(f"property '{name}' specified multiple times")
    except BadProperty as wrong:
        raise UsageError(str(wrong)) from wrong
    return given, options.all("x")


def target_of(
    session: Session,
    options: Options,
    plan: dict[str, Any],
    wanted: tuple[dict[str, str], list[str]],
) -> Target:
    """Return where the stream goes; -d keeps the sent path without its pool, -e its last part."""
    name, _, snap = options.words[0].partition("@")
    wrong = name_error(name, "dataset")
    if wrong:
        raise ZfsError(f"cannot receive: invalid name '{name}': {wrong}")
    top = plan["top"]
    if "d" in options:
        name += "/" + top.partition("/")[2] if "/" in top else ""
    elif "e" in options:
        name += "/" + top.rpartition("/")[2]
    stored = {}
    for key, value in wanted[0].items():
        try:
            full, text = check(key, value, plan["datasets"][0]["kind"], creating=True)
        except BadProperty as bad:
            # OpenZFS 2.3 says it twice.
            head = "cannot receive: " * (2 if session.lab.freebsd >= (15, 0) else 1)
            raise ZfsError(f"{head}{bad}") from bad
        stored[full] = text
    return Target(
        name,
        snap,
        force="F" in options,
        mounting="u" not in options,
        with_parents="d" in options or "e" in options,
        given=stored,
        left_out=wanted[1],
    )


def announce(session: Session, plan: dict[str, Any], target: Target, options: Options) -> None:
    """Tell with -v what is received."""
    if "v" not in options:
        return
    verb = "would receive" if "n" in options else "receiving"
    for dataset in plan["datasets"]:
        for place, snap in enumerate(dataset["snaps"]):
            kind = "incremental" if dataset["base"] or place else "full"
            here = f"{target.name}{dataset['below']}@{target.snap or snap['name']}"
            source = f"{dataset['name']}@{snap['name']}"
            session.say(f"{verb} {kind} stream of {source} into {here}")
    session.flush()


def read_to_end() -> None:
    """Read a stream that brings nothing new, so that its sender ends well."""
    while sys.stdin.buffer.read(1 << 20):
        pass


@contextlib.contextmanager
def spool_folder(session: Session) -> Iterator[str]:
    """Yield a folder for what is being received; those of dead processes are removed."""
    above = session.store.files
    above.mkdir(parents=True, exist_ok=True)
    for entry in above.glob("incoming-*"):
        if not is_alive(int(entry.name.partition("-")[2])):
            remove(str(entry))
    folder = str(above / f"incoming-{os.getpid()}")
    try:
        yield folder
    finally:
        remove(folder)


def is_alive(process: int) -> bool:
    """Whether a process of that number runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def take(session: Session, plan: dict[str, Any], target: Target, options: Options) -> None:
    """Read the contents of the stream and make the datasets and snapshots from them."""
    started = time.monotonic()
    with spool_folder(session) as folder:
        spool = Spool(folder)
        try:
            spool.read(sys.stdin.buffer)
        except Cut:
            cut_short(session, plan, target, spool.received, "s" in options)
        with session.store.writing():
            if check_target(session, plan, target):
                take_over(session, plan, target, folder)
    if "v" in options:
        seconds = max(1, round(time.monotonic() - started))
        size, rate = nice(spool.received), nice(spool.received // seconds)
        session.say(f"received {size} stream in {seconds} seconds ({rate}/sec)")


def cut_short(
    session: Session, plan: dict[str, Any], target: Target, received: int, keep: bool
) -> None:
    """Raise ZfsError for a stream that ended early; with -s note where it can go on."""
    kind = "new filesystem" if plan["full"] else "incremental"
    head = f"cannot receive {kind} stream: "
    if not keep:
        raise ZfsError(f"{head}incomplete stream")
    with session.store.writing():
        token = save_partial(session, plan, target, received)
    raise ZfsError(
        f"{head}checksum mismatch or incomplete stream.\n"
        "Partially received snapshot is saved.\n"
        "A resuming stream can be generated on the sending system by running:\n"
        f"    zfs send -t {token}"
    )
