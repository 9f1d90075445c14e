"""zfs create: filesystems and volumes."""

from __future__ import annotations

import os

from chyves_core.lab.zfs.actions import Action, remove
from chyves_core.lab.zfs.checking import BadProperty, check, split_pairs, too_long
from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import FILESYSTEM, VOLUME, Dataset, Pool
from chyves_core.lab.zfs.names import name_error, parent_of, pool_of
from chyves_core.lab.zfs.numbers import BadNumber, parse_size, thick_reservation
from chyves_core.lab.zfs.options import Options, parse
from chyves_core.lab.zfs.properties import is_user
from chyves_core.lab.zfs.session import Session, View

ABORTED = 134


def create(session: Session, arguments: list[str]) -> None:
    """zfs create [-Pnpsuv] [-b size] [-o property=value]… [-V size] NAME."""
    options = parse(arguments, ":nPpsuvb:o:V:", "missing size argument")
    if "s" in options and "V" not in options:
        raise UsageError("'-s' and '-b' can only be used when creating a volume")
    pairs = given_pairs(options)
    if not options.words:
        what = "volume" if "V" in options else "filesystem"
        raise UsageError(f"missing {what} argument")
    if len(options.words) > 1:
        raise UsageError("too many arguments")
    name = options.words[0]
    kind = VOLUME if "V" in options else FILESYSTEM
    with session.store.writing():
        if "p" in options and session.store.find(name):
            return
        pool = check_place(session, name, kind, "p" in options)
        make(session, pool, name, kind, pairs, options)


def given_pairs(options: Options) -> dict[str, str]:
    """Return all properties that the options set, volsize and volblocksize among them."""
    try:
        pairs = split_pairs(options.all("o"))
    except BadProperty as wrong:
        raise ZfsError(str(wrong)) from wrong
    size = options.last("V")
    if size is not None:
        try:
            pairs["volsize"] = str(parse_size(size))
        except BadNumber as wrong:
            raise ZfsError(f"bad volume size '{size}': {wrong}") from wrong
    block = options.last("b")
    if block is not None:
        pairs["volblocksize"] = block
    return pairs


def check_place(session: Session, name: str, kind: str, with_parents: bool) -> Pool:
    """Return the pool on which `name` can be made; raises ZfsError where it can't."""
    head = f"cannot create '{name}': "
    wrong = name_error(name, "dataset")
    if wrong:
        raise ZfsError(head + wrong)
    pool = session.store.pool(pool_of(name))
    if not parent_of(name):
        raise ZfsError(head + "missing dataset name")
    if pool is None:
        raise ZfsError(f"{head}no such pool '{pool_of(name)}'")
    if name in pool.datasets:
        raise ZfsError(head + "dataset already exists")
    check_parent(pool, name, head, with_parents)
    return pool


def check_parent(pool: Pool, name: str, head: str, with_parents: bool) -> None:
    """Raise ZfsError where nothing can be made below the parent of `name`."""
    parent = parent_of(name)
    while with_parents and parent not in pool.datasets:
        parent = parent_of(parent)
    found = pool.datasets.get(parent)
    if found is None:
        raise ZfsError(head + "parent does not exist")
    if found.is_volume:
        raise ZfsError(head + "parent is not a filesystem")


def make(
    session: Session, pool: Pool, name: str, kind: str, pairs: dict[str, str], options: Options
) -> None:
    """Check the properties, make the dataset (with -p its parents too) and save it."""
    view = session.view(pool)
    stored = checked_pairs(name, kind, pairs)
    volsize, volblocksize = 0, 0
    if kind == VOLUME:
        volsize, volblocksize = volume_sizes(session, view, name, stored, "s" in options)
    if "n" in options or "v" in options or "P" in options:
        preview(session, name, pairs | changed(stored, pairs), options, volsize)
        if "n" in options:
            return
    refuse(session, view, name, kind, stored)
    actions: list[Action] = []
    if "p" in options:
        actions += make_parents(session, pool, name)
    dataset = pool.new_dataset(name, kind)
    dataset.volsize, dataset.volblocksize = volsize, volblocksize
    dataset.local.update(stored)
    actions += put_in_place(session.view(pool), dataset, "u" not in options)
    session.commit(pool, actions)


def changed(stored: dict[str, str], pairs: dict[str, str]) -> dict[str, str]:
    """Return what was added to the properties that the user gave."""
    return {name: value for name, value in stored.items() if name not in pairs}


def checked_pairs(name: str, kind: str, pairs: dict[str, str]) -> dict[str, str]:
    """Return the properties as they are stored; raises ZfsError for the first bad one."""
    stored = {}
    for key, value in pairs.items():
        try:
            full, text = check(key, value, kind, creating=True)
        except BadProperty as wrong:
            reason = str(wrong)
            if "volsize' cannot be zero" in reason:
                reason = "volume size cannot be zero"
            raise ZfsError(f"cannot create '{name}': {reason}") from wrong
        stored[full] = text
    return stored


def volume_sizes(
    session: Session, view: View, name: str, stored: dict[str, str], sparse: bool
) -> tuple[int, int]:
    """Return volsize and volblocksize, and take both out of `stored`; a thick volume reserves.

    captures create-V-odd, create-V-small: the size is rounded up to whole blocks.
    """
    size = int(stored.pop("volsize"))
    usual = int(view.values.defaults["volblocksize"])
    block = int(stored.pop("volblocksize", usual))
    if block < usual:
        session.warn(
            f"Warning: volblocksize ({block}) is less than the default minimum block size "
            f"({usual}).\nTo reduce wasted space a volblocksize of {usual} is recommended."
        )
    size = -(-size // block) * block
    if stored.get("refreservation", "auto" if not sparse else "") == "auto":
        copies = int(stored.get("copies", "1"))
        stored["refreservation"] = str(thick_reservation(size, block, copies))
    return size, block


def preview(
    session: Session, name: str, stored: dict[str, str], options: Options, volsize: int
) -> None:
    """Print what -n and -v tell."""
    if "P" in options:
        session.say(f"create\t{name}")
    else:
        session.say(f"{'would create' if 'n' in options else 'create'} {name}")
    if volsize:
        stored = stored | {"volsize": str(volsize)}
    for key, value in stored.items():
        session.say(f"property\t{key}\t{value}" if "P" in options else f"\t{key}={value}")


def refuse(session: Session, view: View, name: str, kind: str, stored: dict[str, str]) -> None:
    """Raise ZfsError where the pool, its room or the user's rights don't allow the dataset."""
    from chyves_core.lab.zfs.delegation import may

    head = f"cannot create '{name}': "
    parent = parent_of(name)
    while parent not in view.pool.datasets:
        parent = parent_of(parent)
    if view.pool.readonly:
        raise ZfsError(head + "pool is read-only")
    rights = {"create", "mount", *("userprop" if is_user(key) else key for key in stored)}
    if kind == VOLUME:
        rights.add("volsize")
    if not all(may(session, view.pool, parent, right) for right in rights):
        raise ZfsError(head + "permission denied")
    if any(is_user(key) and too_long(value) for key, value in stored.items()):
        raise ZfsError(f"internal error: {head}Argument list too long", ABORTED)
    room = view.space.free(view.pool.datasets[parent])
    wanted = max(int(stored.get("refreservation", "0")), int(stored.get("reservation", "0")))
    if room <= 0 or wanted > room:
        raise ZfsError(head + "out of space")


def make_parents(session: Session, pool: Pool, name: str) -> list[Action]:
    """Make the missing filesystems above `name` and return the actions that mount them."""
    actions: list[Action] = []
    parts = parent_of(name).split("/")
    for end in range(2, len(parts) + 1):
        above = "/".join(parts[:end])
        if above not in pool.datasets:
            dataset = pool.new_dataset(above, FILESYSTEM)
            actions += put_in_place(session.view(pool), dataset, True)
    return actions


def put_in_place(view: View, dataset: Dataset, mounting: bool) -> list[Action]:
    """Make a new dataset's empty content and return the actions that show it.

    Its number may be that of a dataset which a killed command did not get to save.
    """
    from chyves_core.lab.zfs.mounting import relocate, target_of

    remove(view.files.own(dataset))
    if dataset.is_volume:
        target = target_of(view, dataset)
        dataset.mounted = target
        return [["volume", view.files.live(dataset), dataset.volsize]]
    empty = f"{view.files.own(dataset)}/fs"
    os.makedirs(empty, exist_ok=True)
    target = target_of(view, dataset) if mounting else None
    return relocate(view, {dataset.name: target})
