"""zpool export and zpool import."""

from __future__ import annotations

from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import Pool
from chyves_core.lab.zfs.mounting import relocate, target_of
from chyves_core.lab.zfs.options import parse
from chyves_core.lab.zfs.session import Session
from chyves_core.lab.zfs.zpool_create import hide_all
from chyves_core.lab.zfs.zpool_show import health
from chyves_core.lab.zfs.zpool_status import device_rows


def export(session: Session, arguments: list[str]) -> None:
    """zpool export [-af] POOL…."""
    options = parse(arguments, "af")
    with session.store.writing():
        names = session.store.pool_names() if "a" in options else options.words
        if not names:
            raise UsageError("missing pool argument")
        for name in names:
            pool = session.store.pool(name)
            if pool is None:
                session.fail(f"cannot open '{name}': no such pool")
                continue
            if not session.lab.is_root:
                session.fail(f"cannot export '{name}': permission denied")
                continue
            hide_all(session, pool, "export")
            session.store.add_history(pool, session.words)
            session.store.write_index(name, pool.guid, exported=True)
            del session.store.loaded[name]


def import_pool(session: Session, arguments: list[str]) -> None:
    """zpool import: list what is exported, or import a pool by name or guid."""
    options = parse(arguments, "ao:d:c:DlfmNR:Fn")
    with session.store.writing():
        exported = {
            guid: entry["name"] for guid, entry in session.store.index.items() if entry["exported"]
        }
        if not options.words and "a" not in options:
            for guid, name in exported.items():
                show(session, session.store.load(guid, name))
            if not exported:
                session.warn("no pools available to import")
            return
        if len(options.words) > 2:
            raise UsageError("too many arguments")
        chosen = list(exported) if "a" in options else [find(session, options.words[0], exported)]
        for guid in chosen:
            name = options.words[1] if len(options.words) == 2 else exported[guid]
            bring_in(session, guid, name, "readonly=on" in options.all("o"), "N" in options)


def show(session: Session, pool: Pool) -> None:
    """Tell about a pool that can be imported."""
    rows = [(0, pool.name, health(pool)), *device_rows(pool.devices, 1)]
    width = max(10, *(2 * depth + len(name) for depth, name, _ in rows))
    lines = [
        f"   pool: {pool.name}",
        f"     id: {pool.guid}",
        f"  state: {health(pool)}",
        " action: The pool can be imported using its name or numeric identifier.",
        " config:",
        "",
    ]
    lines += [f"\t{'  ' * depth + name:<{width}}  {state}" for depth, name, state in rows]
    session.lines += lines


def find(session: Session, word: str, exported: dict[str, str]) -> str:
    """Return the guid of an exported pool; raises ZfsError where it can't be imported."""
    for guid, name in exported.items():
        if word in (guid, name):
            return guid
    if session.store.pool(word):
        raise ZfsError(
            f"cannot import '{word}': a pool with that name already exists\n"
            "use the form 'zpool import <pool | id> <newpool>' to give it a new name"
        )
    raise ZfsError(f"cannot import '{word}': no such pool available")


def bring_in(session: Session, guid: str, name: str, readonly: bool, no_mount: bool) -> None:
    """Import one pool: mount its filesystems and show its volumes."""
    if name in session.store.pool_names():
        raise ZfsError(
            f"cannot import '{name}': a pool with that name already exists\n"
            "use the form 'zpool import <pool | id> <newpool>' to give it a new name"
        )
    if not session.lab.is_root:
        raise ZfsError(f"cannot import '{name}': permission denied")
    pool = session.store.load(guid, name)
    pool.readonly = readonly
    session.store.write_index(name, pool.guid, exported=False)
    session.store.loaded[name] = pool
    view = session.view(pool)
    targets = {
        each.name: target_of(view, each)
        for each in pool.datasets.values()
        if each.is_volume or not no_mount
    }
    session.store.commit(pool, relocate(view, targets), None if readonly else session.words)
