"""Copy datasets with all their snapshots by send and receive, and make sure the copy is the same.

A copy is received below POOL/chyves/copies, where nothing counts as a guest or resource, and is not
mounted. Once it is whole and checked, one `zfs rename` puts it in its place.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from chyves_core import copying, zfs
from chyves_core.errors import ChyvesError, Refused
from chyves_core.host import Host
from chyves_core.plan import Plan, Run, run
from chyves_core.room import read_free
from chyves_core.sizes import show_size
from chyves_core.zfs import Dataset

COPIES = "copies"
KINDS = "filesystem,volume,snapshot"
# A source that goes on being written to is copied this often at most.
PASSES = 4


@dataclass(frozen=True)
class Tree:
    """A dataset with all that is below it, and all their snapshots, as one look found them."""

    root: str
    datasets: Mapping[str, Dataset]

    @property
    def names(self) -> list[str]:
        """The filesystems and volumes, parents first."""
        return sorted(name for name in self.datasets if "@" not in name)

    @property
    def filesystems(self) -> list[str]:
        """The filesystems, parents first."""
        return [name for name in self.names if self.datasets[name].kind == "filesystem"]

    def snapshots(self, name: str) -> list[Dataset]:
        """Return the snapshots of one of the datasets, the oldest first."""
        own = [each for each in self.datasets.values() if each.name.startswith(f"{name}@")]
        return sorted(own, key=age)

    @property
    def needed(self) -> int:
        """The bytes that a copy takes; of a clone that is more than it takes itself."""
        parts = ("referenced", "usedbysnapshots", "usedbyrefreservation")
        chosen = (self.datasets[name] for name in self.names)
        return sum(int(each.value(part, "0") or 0) for each in chosen for part in parts)


def age(snapshot: Dataset) -> tuple[int, int]:
    """Return what snapshots of a dataset are sorted by; zfs of FreeBSD 11 has no createtxg."""
    return int(snapshot.value("createtxg", "0")), int(snapshot.value("creation", "0"))


def read_trees(host: Host, *roots: str) -> dict[str, Tree]:
    """Return the trees at the roots that are there, by root, read with one zfs call."""
    found = zfs.read_tree(host, roots, KINDS)
    return {
        root: Tree(root, {name: each for name, each in found.items() if is_in(name, root)})
        for root in roots
        if root in found
    }


def is_in(name: str, root: str) -> bool:
    """Return whether a dataset or snapshot is `root` or below it; names compare whole."""
    return name == root or name.startswith((f"{root}/", f"{root}@"))


def check_can_be_sent(tree: Tree) -> None:
    """Raise Refused for what does not come through a send and receive as it was."""
    for name in tree.names:
        dataset = tree.datasets[name]
        if dataset.value("encryption", "off") != "off":
            raise Refused(f"{name}: is encrypted, a copy of it would need its key or be open")
        if dataset.kind == "filesystem" and dataset.own("mountpoint") is not None:
            raise Refused(
                f"{name}: has a mountpoint of its own, its copy would be mounted there too",
                f"zfs inherit mountpoint {name}",
            )


def check_room(host: Host, trees: Iterable[Tree], parent: str, what: str) -> None:
    """Raise Refused where copies do not fit below `parent`."""
    check_free(host, sum(tree.needed for tree in trees), parent, what)


def check_free(host: Host, needed: int, parent: str, what: str) -> None:
    """Raise Refused where so many bytes are not free below `parent`."""
    free = read_free(host, parent)
    if needed > free:
        pool = parent.partition("/")[0]
        raise Refused(
            f"{what}: takes {show_size(needed)}, {show_size(free)} are free on {pool}",
            f"zfs list -o space {parent}",
        )


def plan_place(datasets: Container[str], root: str) -> Plan:
    """Return the step that makes the place for copies in a layout at `root`, where there is none.

    Who copies to it holds locks.LAYOUT, and calls `tidy` when done.
    """
    place = f"{root}/{COPIES}"
    return () if place in datasets else (zfs.create_filesystem(place, {"canmount": "off"}),)


def is_empty_place(datasets: Mapping[str, Dataset], root: str) -> bool:
    """Return whether a layout has a place for copies that chyves made, and nothing is in it."""
    place = f"{root}/{COPIES}"
    there = datasets.get(place)
    return (
        there is not None
        and there.kind == "filesystem"
        and there.own("canmount") == "off"
        and not any(name != place and is_in(name, place) for name in datasets)
    )


def tidying(root: str) -> Run:
    """Return the step that takes the place for copies away; without -r, it fails on any content."""
    return run("zfs", "destroy", f"{root}/{COPIES}")


def tidy(host: Host, root: str) -> None:
    """Take the place for copies away where it is empty; what is left of it, doctor tells."""
    with contextlib.suppress(ChyvesError):
        datasets = zfs.read_tree(host, (f"{root}/{COPIES}",), KINDS)
        if is_empty_place(datasets, root) or (host.dry_run and len(datasets) <= 1):
            host.act(tidying(root))


def plan_clearing(copies: Mapping[str, Tree], target: str) -> Plan:
    """Return the step that clears a copy that an interrupted command left at `target`."""
    return (run("zfs", "destroy", "-r", target),) if target in copies else ()


def copy_tree(host: Host, tree: Tree, target: str, mark: str, *, shown: bool = False) -> Tree:
    """Copy a tree with its snapshots to `target`, which is not there yet; returns what was copied.

    Properties come along as received ones, those of snapshots too; a clone becomes independent.
    The copy ends at a snapshot `mark`-N of every dataset, which is taken here and stays on both
    sides. What is written to the source meanwhile is copied in further passes. Where anything
    fails, nothing is left of the copy. `shown` shows on the terminal how far it is.
    """
    try:
        return copy_passes(host, tree, target, mark, shown=shown)
    except (ChyvesError, KeyboardInterrupt):
        left = read_trees(host, tree.root, target)
        marks = marks_of(left[tree.root], mark) if tree.root in left else []
        host.try_to(*plan_clearing(left, target), *plan_forgetting(tree.root, marks))
        raise


def copy_passes(host: Host, tree: Tree, target: str, mark: str, *, shown: bool) -> Tree:
    """Copy until nothing has been written to the source since the last pass."""
    host.act(*plan_forgetting(tree.root, marks_of(tree, mark)))
    before = None
    for number in range(1, PASSES + 1):
        last = f"{mark}-{number}"
        host.act(run("zfs", "snapshot", "-r", f"{tree.root}@{last}"))
        now = with_snapshot(tree, last) if host.dry_run else read_trees(host, tree.root)[tree.root]
        label = tree.root.rpartition("/")[2]
        copying.copy(host, label, plan_streams(now, target, before), shown=shown)
        if host.dry_run:
            return now
        check_copy(host, now, target)
        if not is_written_to(host, now, last):
            return now
        before = last
    raise ChyvesError(f"{tree.root}: goes on being written to, no copy of it is whole")


def with_snapshot(tree: Tree, name: str) -> Tree:
    """Return a tree as it will be with one more snapshot, the newest: for a dry run."""
    properties = {"createtxg": (str(1 << 64), "-")}
    new = {f"{each}@{name}": Dataset(f"{each}@{name}", properties) for each in tree.names}
    return Tree(tree.root, {**tree.datasets, **new})


def marks_of(tree: Tree, mark: str) -> list[str]:
    """Return the names of the snapshots of a tree's root that copying took."""
    names = (each.name.partition("@")[2] for each in tree.snapshots(tree.root))
    return [name for name in names if re.fullmatch(rf"{re.escape(mark)}-[0-9]+", name)]


def plan_forgetting(root: str, marks: list[str]) -> Plan:
    """Return the steps that destroy snapshots that copying took."""
    return tuple(run("zfs", "destroy", "-r", f"{root}@{name}") for name in marks)


def plan_streams(tree: Tree, target: str, before: str | None) -> list[tuple[Run, Run]]:
    """Return the sends and receives of all snapshots newer than `before`; None: of all.

    Not with -R: that sends a clone as a difference to its origin, which may not be on the other
    pool. The first snapshot of a dataset goes whole, the others as differences.
    """
    pairs = []
    for name in tree.names:
        snapshots = [each.name for each in tree.snapshots(name)]
        place = target + name[len(tree.root) :]
        start = f"{name}@{before}" if before else ""
        if start not in snapshots:
            start = snapshots[0]
            pairs.append((run("zfs", "send", "-p", start), run("zfs", "receive", "-u", place)))
        if start != snapshots[-1]:
            differences = ("-I", f"@{start.partition('@')[2]}", snapshots[-1])
            sender = run("zfs", "send", "-p", *differences)
            pairs.append((sender, run("zfs", "receive", "-u", "-F", place)))
    return pairs


def is_written_to(host: Host, tree: Tree, snapshot: str) -> bool:
    """Return whether any dataset of a tree differs from its snapshot; zfsprops(7), written@."""
    argv = ("zfs", "get", "-Hp", "-o", "value", f"written@{snapshot}", *tree.names)
    return any(value not in ("0", "-") for value in host.read(*argv).stdout.split())


def check_copy(host: Host, tree: Tree, target: str) -> None:
    """Make sure that a copy has every dataset and snapshot of a tree, each snapshot by its guid.

    Where properties were changed since they were sent, or did not come along, the copy gets them.
    Raises ChyvesError where anything else differs.
    """
    found = read_trees(host, target)
    if target not in found:
        raise ChyvesError(f"{target}: the copy is not there")
    copy = found[target].datasets
    check_whole(tree, found[target])
    for name, dataset in tree.datasets.items():
        host.act(*plan_alike(dataset, copy[target + name[len(tree.root) :]]))


def check_whole(tree: Tree, copy: Tree) -> None:
    """Raise ChyvesError where a dataset or snapshot of a tree is missing in a copy, or differs."""
    for name, dataset in tree.datasets.items():
        twin = copy.datasets.get(copy.root + name[len(tree.root) :])
        if twin is None or not is_same(dataset, twin):
            raise ChyvesError(f"{copy.root}: is no whole copy, {name} differs or is missing")


def plan_alike(dataset: Dataset, twin: Dataset) -> Plan:
    """Return the steps that give a copy the properties that its source has now."""
    wanted, there = followed_properties(dataset), followed_properties(twin)
    lacking = dict(sorted(wanted.items() - there.items()))
    gone = sorted(there.keys() - wanted.keys())
    change = (zfs.set_properties([twin.name], lacking),) if lacking else ()
    return (*change, *(zfs.inherit([twin.name], name) for name in gone))


def is_same(one: Dataset, other: Dataset) -> bool:
    """Return whether a dataset or snapshot is like its copy; of a snapshot the guid is the same."""
    names = ["type", "volsize", *(("guid",) if one.kind == "snapshot" else ())]
    return all(one.value(name) == other.value(name) for name in names)


def followed_properties(dataset: Dataset) -> dict[str, str]:
    """Return what may be set on a dataset while it is copied: user properties, and readonly."""
    own = dataset.own_with_prefix("").items()
    return {name: value for name, value in own if ":" in name or name == "readonly"}


def plan_mounting(tree: Tree, target: str) -> Plan:
    """Return the steps that mount a copy of a tree in its place."""
    return tuple(
        run("zfs", "mount", target + name[len(tree.root) :])
        for name in tree.filesystems
        if tree.datasets[name].own("canmount") in (None, "on")
    )
