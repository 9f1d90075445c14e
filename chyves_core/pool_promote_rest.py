"""Behind a promotion: what the new primary pool has for sure is removed where it was before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chyves_core import logs, replicate, resources, zfs
from chyves_core.errors import ChyvesError
from chyves_core.host import Host
from chyves_core.plan import run
from chyves_core.pools import DEFAULT_PREFIX, GLOBAL_PREFIX, Pool, Storage, read_storage
from chyves_core.replicate import Tree, read_trees
from chyves_core.resources import FIRMWARE, ISO

MARK = "chyves-promote"
KINDS = (ISO, FIRMWARE)


def settings_of(pool: Pool) -> dict[str, str]:
    """Return the global properties and defaults that a pool's layout holds."""
    if pool.layout is None:
        return {}
    return {
        f"{prefix}{name}": value
        for prefix in (GLOBAL_PREFIX, DEFAULT_PREFIX)
        for name, value in pool.layout.own_with_prefix(prefix).items()
    }


def remove_rest(host: Host, name: str, planned: Iterable[Tree]) -> list[str]:
    """Remove from the other pools what the primary one has for sure; returns what stays, and why.

    In a dry run it is what the `planned` resources will leave there.
    """
    storage = read_storage(host)
    new = storage.pool(name)
    said: list[str] = []
    for old in (each for each in storage.active_pools if each.name != name):
        going = {tree.root for tree in planned if tree.root.startswith(f"{old.root}/")}
        if host.dry_run:
            for source in going:
                host.act(run("zfs", "destroy", "-r", source))
                host.act(run("zfs", "destroy", "-r", f"{twin(source, old, new)}@{MARK}-1"))
        else:
            said += remove_resources(host, find_twins(storage, old, new))
        remove_places(host, old, new, going)
        host.act(*(zfs.inherit([old.root], each) for each in settings_of(old)))
    return said


def twin(dataset: str, old: Pool, new: Pool) -> str:
    """Return where a dataset of one layout stands in another one."""
    return new.root + dataset[len(old.root) :]


def find_twins(storage: Storage, old: Pool, new: Pool) -> dict[str, str]:
    """Return the resources of a pool that another one has under the same names, both datasets."""
    found = {
        each.dataset: twin(each.dataset, old, new)
        for kind in KINDS
        for each in resources.on_pool(storage, old, kind)
    }
    return {source: target for source, target in found.items() if target in storage.datasets}


def remove_resources(host: Host, pairs: Mapping[str, str]) -> list[str]:
    """Destroy each resource whose twin has all of it; returns a line for each that stays."""
    trees = read_trees(host, *pairs, *pairs.values()) if pairs else {}
    said = []
    for source, target in pairs.items():
        marks = replicate.marks_of(trees[source], MARK)
        try:
            replicate.check_whole(trees[source], trees[target])
            if not marks or replicate.is_written_to(host, trees[source], marks[-1]):
                raise ChyvesError(f"{target} is there too, but was not copied from it")
        except ChyvesError as error:
            said.append(f"{source}: stays, {error}")
            continue
        host.act(run("zfs", "destroy", "-r", source))
        host.act(*replicate.plan_forgetting(target, marks))
    return said


def remove_places(host: Host, old: Pool, new: Pool, going: set[str]) -> None:
    """Destroy what only a primary pool needs, where nothing is in it and it has no snapshots.

    `going` are datasets that count as gone.
    """
    places = {f"{old.root}/{name}": name for name in (*KINDS, "logs")}
    for place, tree in read_trees(host, *places).items():
        folder = f"{old.mountpoint}/{places[place]}"
        names = [each for each in host.list_folder(folder) if f"{place}/{each}" not in going]
        if places[place] == "logs":
            logs.bring_lines(host, old.mountpoint, new.mountpoint)
            rest = [each for each in names if not logs.LOG_FILE.fullmatch(each)]
        else:
            # A folder on which a dataset was mounted may be left.
            rest = [each for each in names if not is_empty_folder(host, f"{folder}/{each}")]
        within = {each.partition("@")[0] for each in tree.datasets if each != place}
        if not rest and not within - going:
            host.act(run("zfs", "destroy", place))


def is_empty_folder(host: Host, path: str) -> bool:
    """Return whether a path is a folder with nothing in it."""
    return host.path(path).is_dir() and not host.list_folder(path)
