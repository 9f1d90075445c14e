"""Where filesystems and device nodes show, what moves when that changes, and `zfs mount`."""

from __future__ import annotations

import os

from chyves_core.lab.zfs.actions import Action
from chyves_core.lab.zfs.busy import is_busy
from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import Dataset, Pool
from chyves_core.lab.zfs.options import parse
from chyves_core.lab.zfs.session import Session, View
from chyves_core.lab.zfs.values import Item


def target_of(view: View, dataset: Dataset) -> str | None:
    """Return where a dataset shows when it is put in place: mount point or device node."""
    if dataset.is_volume:
        volmode = view.values.get(Item(dataset), "volmode")[0]
        return view.files.node_of(dataset.name, volmode)
    if view.values.get(Item(dataset), "canmount")[0] != "on":
        return None
    return mount_path(view, dataset)


def mount_path(view: View, dataset: Dataset) -> str | None:
    """Return the path of a filesystem's mount point, None for none and legacy.

    The lab mounts nothing on "/": that is the folder which holds its host.
    """
    path = view.values.mountpoint(dataset)[0]
    if not path.startswith("/"):
        return None
    plain = os.path.normpath(path)
    return None if plain.strip("/") == "" else plain


def relocate(view: View, targets: dict[str, str | None]) -> list[Action]:
    """Return the actions that show each named dataset at its new place (None: nowhere).

    Filesystems that are mounted inside of moved folders step aside and come back. Raises
    ZfsError where a folder that has to go is in use.
    """
    moved = {name: at for name, at in targets.items() if view.pool.datasets[name].mounted != at}
    old = [view.pool.datasets[name].mounted for name in moved]
    edges = [path for path in (*old, *moved.values()) if path]
    places = dict(moved)
    for dataset in view.pool.datasets.values():
        here = dataset.mounted
        if not here or dataset.name in moved or dataset.is_volume:
            continue
        if any(here.startswith(edge + "/") for edge in edges):
            places[dataset.name] = here
    for path in moved.values():
        if path and view.files.holds_mounts(path, own=frozenset()):
            raise ZfsError(f"cannot mount '{path}': another pool is mounted below it")
    for path in old:
        if not path or path.startswith("/dev/zvol/"):
            continue
        if view.files.holds_mounts(path, own=frozenset()) or is_busy(view.files.root + path):
            raise ZfsError(f"cannot unmount '{path}': pool or dataset is busy")
    return place(view, places, moved)


def place(view: View, places: dict[str, str | None], moved: dict[str, str | None]) -> list[Action]:
    """Return the actions: all go, the deepest first, then all come, the highest first."""
    actions: list[Action] = []
    datasets = [view.pool.datasets[name] for name in places]
    for dataset in sorted(datasets, key=lambda each: each.mounted or "", reverse=True):
        path = dataset.mounted
        if dataset.is_volume or not path:
            continue
        actions += view.files.show(dataset, None)
        if dataset.name in moved:
            actions.append(["rmdir", view.files.root + path])
    for dataset in sorted(datasets, key=lambda each: places[each.name] or ""):
        actions += view.files.show(dataset, places[dataset.name])
    return actions


def mount(session: Session, arguments: list[str]) -> None:
    """zfs mount: list what is mounted, mount one filesystem, or all with -a."""
    options = parse(arguments, "aflvOo:")
    if not options.words and "a" not in options:
        return list_mounts(session)
    if "a" in options:
        return mount_all(session)
    if len(options.words) > 1:
        raise UsageError("too many arguments")
    name = options.words[0]
    with session.store.writing():
        pool, dataset = session.dataset(name)
        view = session.view(pool)
        if dataset.is_volume:
            raise ZfsError(
                f"cannot open '{name}': operation not applicable to datasets of this type"
            )
        refuse_mount(session, view, dataset)
        actions = relocate(view, {name: mount_path(view, dataset)})
        session.store.commit(pool, actions)
    return None


def refuse_mount(session: Session, view: View, dataset: Dataset) -> None:
    """Raise ZfsError where a filesystem can't be mounted by name."""
    name = dataset.name
    point = view.values.mountpoint(dataset)[0]
    if point == "legacy":
        raise ZfsError(
            f"cannot mount '{name}': legacy mountpoint\nuse mount(8) to mount this filesystem"
        )
    if point == "none":
        raise ZfsError(f"cannot mount '{name}': no mountpoint set")
    if view.values.get(Item(dataset), "canmount")[0] == "off":
        raise ZfsError(f"cannot mount '{name}': 'canmount' property is set to 'off'")
    if dataset.mounted:
        raise ZfsError(f"cannot mount '{name}': filesystem already mounted")
    if not session.lab.is_root:
        raise ZfsError(f"cannot mount '{name}': Insufficient privileges")


def list_mounts(session: Session) -> None:
    """Print the mounted filesystems and where."""
    with session.store.reading():
        for pool in all_pools(session):
            for dataset in pool.tree(pool.name):
                if dataset.mounted and not dataset.is_volume:
                    session.say(f"{dataset.name:<30}  {dataset.mounted}")


def all_pools(session: Session) -> list[Pool]:
    """Return all imported pools, sorted by name."""
    pools = [session.store.pool(name) for name in session.store.pool_names()]
    return [pool for pool in pools if pool]


def mount_all(session: Session) -> None:
    """Mount all filesystems that canmount=on asks for."""
    with session.store.writing():
        for pool in all_pools(session):
            view = session.view(pool)
            targets = {
                each.name: target_of(view, each)
                for each in pool.datasets.values()
                if not each.mounted
            }
            actions = relocate(view, targets)
            if actions:
                session.store.commit(pool, actions)


def unmount(session: Session, arguments: list[str]) -> None:
    """zfs unmount: one filesystem with those below it, by name or path, or all with -a."""
    options = parse(arguments, "afu")
    if not options.words and "a" not in options:
        raise UsageError("missing filesystem argument")
    if len(options.words) > 1:
        raise UsageError("too many arguments")
    with session.store.writing():
        if "a" in options:
            for pool in all_pools(session):
                hide_tree(session, pool, pool.name)
            return
        pool, dataset = to_unmount(session, options.words[0])
        hide_tree(session, pool, dataset.name)


def hide_tree(session: Session, pool: Pool, name: str) -> None:
    """Unmount a filesystem and all that are mounted below it; the folders stay."""
    view = session.view(pool)
    mounted = [each for each in pool.tree(name) if each.mounted and not each.is_volume]
    own = frozenset(str(each.mounted) for each in pool.datasets.values())
    hidden = frozenset(str(each.mounted) for each in mounted)
    for dataset in mounted:
        inside = view.files.holds_mounts(str(dataset.mounted), own - hidden)
        if inside or is_busy(view.files.root + str(dataset.mounted)):
            raise ZfsError(f"cannot unmount '{dataset.mounted}': pool or dataset is busy")
    actions: list[Action] = []
    for dataset in sorted(mounted, key=lambda each: each.mounted or "", reverse=True):
        actions += view.files.show(dataset, None)
    session.store.commit(pool, actions)


def to_unmount(session: Session, name: str) -> tuple[Pool, Dataset]:
    """Return the mounted filesystem that a name or a path means."""
    if name.startswith("/"):
        for pool in all_pools(session):
            for dataset in pool.datasets.values():
                if not dataset.is_volume and dataset.mounted == name.rstrip("/"):
                    return pool, dataset
        raise ZfsError(f"cannot unmount '{name}': not a ZFS filesystem")
    pool, dataset = session.dataset(name)
    if dataset.is_volume:
        raise ZfsError(f"cannot open '{name}': operation not applicable to datasets of this type")
    if not dataset.mounted:
        raise ZfsError(f"cannot unmount '{name}': not currently mounted")
    if not session.lab.is_root:
        raise ZfsError(f"cannot unmount '{name}': Operation not permitted")
    return pool, dataset
