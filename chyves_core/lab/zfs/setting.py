"""zfs set and zfs inherit."""

from __future__ import annotations

from chyves_core.lab.zfs.actions import Action
from chyves_core.lab.zfs.checking import (
    BadProperty,
    PartlySet,
    check,
    check_volsize,
    split_pairs,
    too_long,
)
from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import Dataset, Pool, Snapshot
from chyves_core.lab.zfs.names import pool_of
from chyves_core.lab.zfs.numbers import thick_reservation
from chyves_core.lab.zfs.options import parse
from chyves_core.lab.zfs.properties import by_name, full_name, inheritable, is_user, usage_rows
from chyves_core.lab.zfs.session import Session, View
from chyves_core.lab.zfs.space import set_number
from chyves_core.lab.zfs.values import Item

# What libzfs returned, -1, as an exit status.
MINUS_ONE = 255
PLACES = frozenset(("mountpoint", "volmode", "canmount", "volsize"))


def set_properties(session: Session, arguments: list[str]) -> None:
    """zfs set NAME=VALUE… DATASET…: all pairs or none on each dataset where one is not valid.

    Those that only the pool's room or a volume's state refuses leave the others in force;
    captures set-several-ds-missing, set-several-bad, transcript space.
    """
    if arguments and len(arguments[0]) > 1 and arguments[0].startswith("-"):
        raise UsageError(f"invalid option '{arguments[0][1]}'")
    if not arguments:
        raise UsageError("missing arguments")
    if len(arguments) == 1:
        kind = "dataset name(s)" if "=" in arguments[0] else "property=value argument(s)"
        raise UsageError(f"missing {kind}")
    split = next((n for n, word in enumerate(arguments) if "=" not in word), len(arguments))
    if session.lab.freebsd < (11, 0):
        refuse_more_pairs(session, arguments[1:split])
        arguments, split = [arguments[0], *arguments[split:]], 1
    if split == len(arguments):
        raise UsageError("missing dataset name(s)")
    try:
        pairs = split_pairs(arguments[:split])
    except BadProperty as wrong:
        raise ZfsError(str(wrong), MINUS_ONE) from wrong
    with session.store.writing():
        for name, pool_names in by_pool(session, arguments[split:]):
            set_on_pool(session, name, pool_names, pairs)


def refuse_more_pairs(session: Session, pairs: list[str]) -> None:
    """Take every pair but the first for a dataset, as zfs did before illumos 5745.

    From its source: zfs_do_set() gives all words behind the first one to zfs_for_each().
    """
    for pair in pairs:
        session.fail(f"cannot open '{pair}': invalid character '=' in name")


def by_pool(session: Session, names: list[str]) -> list[tuple[str, list[str]]]:
    """Return the existing ones of the named items, sorted and grouped by pool."""
    groups: dict[str, list[str]] = {}
    for name in names:
        exists = session.store.find_snapshot(name) if "@" in name else session.store.find(name)
        if exists:
            groups.setdefault(pool_of(name), []).append(name)
        else:
            session.fail(f"cannot open '{name}': dataset does not exist")
    return [(pool, sorted(groups[pool])) for pool in sorted(groups)]


def set_on_pool(session: Session, pool_name: str, names: list[str], pairs: dict[str, str]) -> None:
    """Set the pairs on each named item of one pool, and save what could be set."""
    pool = session.store.pool_with(pool_name)
    actions: list[Action] = []
    done = False
    for name in names:
        found = session.store.find_snapshot(name)
        dataset, snap = found if found else (pool.datasets[name], None)
        try:
            actions += set_on_item(session, pool, dataset, snap, pairs)
            done = True
        except BadProperty as wrong:
            if isinstance(wrong, PartlySet):
                actions += wrong.actions
                done = True
            # zfs set has ended so since it has -u, OpenZFS 2.2.
            session.failed_status = MINUS_ONE if session.lab.freebsd >= (14, 0) else 1
            for line in str(wrong).split("\n"):
                session.fail(f"cannot set property for '{name}': {line}")
    if done:
        session.commit(pool, actions)


def set_on_item(
    session: Session,
    pool: Pool,
    dataset: Dataset,
    snap: Snapshot | None,
    pairs: dict[str, str],
) -> list[Action]:
    """Set all pairs on one dataset or snapshot, or raise BadProperty and set none."""
    from chyves_core.lab.zfs.delegation import may

    kind = "snapshot" if snap else dataset.kind
    stored = dict(check(name, value, kind) for name, value in pairs.items())
    if pool.readonly:
        raise BadProperty("pool is read-only")
    rights = {"userprop" if is_user(name) else name for name in stored}
    if not all(may(session, pool, dataset.name, right) for right in rights):
        thick = "volsize" in stored and set_number(dataset, "refreservation")
        raise BadProperty("permission denied" + ("\npermission denied" if thick else ""))
    if any(is_user(name) and too_long(value) for name, value in stored.items()):
        raise BadProperty("property value too long")
    if snap:
        snap.local.update(stored)
        return []
    if all(is_user(name) for name in stored):
        dataset.local.update(stored)
        return []
    return set_native(session, pool, dataset, stored)


def set_native(
    session: Session, pool: Pool, dataset: Dataset, stored: dict[str, str]
) -> list[Action]:
    """Set properties of which some are native; returns what moves or is resized by them.

    Raises PartlySet where some could not be set.
    """
    view = session.view(pool)
    before = {each.name: mount_state(view, each) for each in moved_by(pool, dataset, stored)}
    actions: list[Action] = []
    stored = dict(stored)
    reasons: list[str] = []
    if "volsize" in stored:
        if view.values.get(Item(dataset), "readonly")[0] == "on":
            del stored["volsize"]
            reasons.append("dataset is read-only")
        else:
            actions += resize(view, dataset, stored)
    if stored.get("refreservation") == "auto":
        size = int(stored.get("volsize", dataset.volsize))
        stored["refreservation"] = str(thick_reservation(size, dataset.volblocksize))
    reasons += take_out_too_large(view, dataset, stored)
    size = int(stored.pop("volsize", dataset.volsize))
    dataset.volsize = size
    dataset.local.update(stored)
    actions += move_after(session.view(pool), before, "canmount" in stored)
    if reasons:
        raise PartlySet(reasons, actions)
    return actions


def resize(view: View, dataset: Dataset, stored: dict[str, str]) -> list[Action]:
    """Check a new volsize; a thick volume's refreservation grows and shrinks with it."""
    size = int(stored["volsize"])
    check_volsize(size, dataset.volblocksize)
    usual = thick_reservation(dataset.volsize, dataset.volblocksize)
    if set_number(dataset, "refreservation") == usual:
        stored.setdefault("refreservation", str(thick_reservation(size, dataset.volblocksize)))
    return [["resize", view.files.live(dataset), size]]


def take_out_too_large(view: View, dataset: Dataset, stored: dict[str, str]) -> list[str]:
    """Take quotas that are too small and reservations that are too large out of `stored`.

    Returns why, for each. Where a volume's reservation does not fit, its size stays too.
    """
    space = view.space
    reasons = []
    for name, taken in (("quota", space.used), ("refquota", space.referenced)):
        wanted = int(stored.get(name, "0"))
        if wanted and wanted < taken(dataset):
            del stored[name]
            reasons.append("size is less than current used or reserved space")
    for name in ("reservation", "refreservation"):
        wanted = int(stored.get(name, "0"))
        if wanted - set_number(dataset, name) > space.free(dataset):
            if "volsize" in stored:
                raise BadProperty("size is greater than available space")
            del stored[name]
            reasons.append("size is greater than available space")
    return reasons


def moved_by(pool: Pool, dataset: Dataset, stored: dict[str, str]) -> list[Dataset]:
    """Return the datasets whose place the properties may change."""
    if not PLACES & stored.keys():
        return []
    return pool.tree(dataset.name)


def mount_state(view: View, dataset: Dataset) -> tuple[str, str]:
    """Return mount point and canmount (for a volume "" and volmode)."""
    if dataset.is_volume:
        return "", view.values.get(Item(dataset), "volmode")[0]
    return view.values.mountpoint(dataset)[0], view.values.get(Item(dataset), "canmount")[0]


def move_after(view: View, before: dict[str, tuple[str, str]], canmount_set: bool) -> list[Action]:
    """Return the actions that bring datasets to where they belong after a change.

    A filesystem that was mounted stays so; one that had no mount point and gets one is
    mounted; canmount=off unmounts (libzfs_changelist.c).
    """
    from chyves_core.lab.zfs.mounting import mount_path, relocate, target_of

    targets: dict[str, str | None] = {}
    for name, (old_point, _) in before.items():
        dataset = view.pool.datasets[name]
        if dataset.is_volume:
            targets[name] = target_of(view, dataset)
        elif dataset.mounted:
            off = canmount_set and view.values.get(Item(dataset), "canmount")[0] == "off"
            targets[name] = None if off else mount_path(view, dataset)
        elif not old_point.startswith("/"):
            targets[name] = target_of(view, dataset)
    return relocate(view, targets)


def inherit(session: Session, arguments: list[str]) -> None:
    """zfs inherit [-rS] PROPERTY DATASET…: drop the local value."""
    options = parse(arguments, "rS")
    if not options.words:
        raise UsageError("missing property argument")
    if len(options.words) == 1:
        raise UsageError("missing dataset argument")
    name = full_name(options.words[0])
    check_inheritable(name, "S" in options)
    with session.store.writing():
        for pool_name, names in by_pool(session, options.words[1:]):
            pool = session.store.pool_with(pool_name)
            inherit_on_pool(session, pool, names, name, options.letters)


def check_inheritable(name: str, received: bool) -> None:
    """Raise the error of zfs inherit where the property has no value to inherit."""
    if is_user(name):
        return
    known = by_name().get(name)
    if known is None:
        raise UsageError(f"invalid property '{name}'")
    if name not in usage_rows() or usage_rows()[name][0] == "NO":
        raise ZfsError(f"{name} property is read-only")
    if not inheritable(name) and not received:
        text = f"'{name}' property cannot be inherited"
        if name in ("quota", "reservation", "refquota", "refreservation"):
            text += f"\nuse 'zfs set {name}=none' to clear"
            text += f"\nuse 'zfs inherit -S {name}' to revert to received value"
        raise ZfsError(text)


def inherit_on_pool(
    session: Session, pool: Pool, names: list[str], prop: str, letters: list[str]
) -> None:
    """Drop the local value on each named item, with -r also below; -S shows received ones."""
    right = "userprop" if is_user(prop) else prop
    actions: list[Action] = []
    done = False
    for name in names:
        refused = session.refusal(pool, name, right)
        if refused:
            session.fail(f"cannot inherit {prop} for '{name}': {refused}")
            continue
        done = True
        found = session.store.find_snapshot(name)
        if found:
            found[1].local.pop(prop, None)
            continue
        view = session.view(pool)
        tree = pool.tree(name) if "r" in letters else [pool.datasets[name]]
        before = {
            each.name: mount_state(view, each) for each in moved_by(pool, tree[0], {prop: ""})
        }
        for dataset in tree:
            drop_local(dataset, prop, "S" in letters)
        actions += move_after(session.view(pool), before, prop == "canmount")
    if done:
        session.commit(pool, actions)


def drop_local(dataset: Dataset, prop: str, show_received: bool) -> None:
    """Forget a local value; a received one is put out of force, or with -S back in force."""
    dataset.local.pop(prop, None)
    if show_received:
        dataset.hidden = [name for name in dataset.hidden if name != prop]
    elif prop in dataset.received and prop not in dataset.hidden:
        dataset.hidden.append(prop)
