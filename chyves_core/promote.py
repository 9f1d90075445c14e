"""Plan how clones live on without the guest that they were cloned from.

`zfs promote` gives a clone its origin and all snapshots before it; the other clones of those
stand on it then, and its parent can go. One promotion for each dataset is enough: that of a clone
of the last snapshot that has any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chyves_core.errors import Refused
from chyves_core.host import Host
from chyves_core.plan import Run, run


@dataclass(frozen=True)
class Snapshot:
    """One snapshot of a dataset, with the clones that stand on it; `txg` is its place in time."""

    name: str
    txg: int
    clones: tuple[str, ...]

    @property
    def dataset(self) -> str:
        """The dataset that it is of."""
        return self.name.partition("@")[0]

    @property
    def short(self) -> str:
        """Its name without the dataset's."""
        return self.name.partition("@")[2]


@dataclass(frozen=True)
class Promotion:
    """One promotion: `clone` takes over the snapshots `moves`, the last of which is its origin.

    `others` are clones of those, too, and stand on `clone` then.
    """

    clone: str
    moves: tuple[Snapshot, ...]
    others: tuple[str, ...]

    @property
    def step(self) -> Run:
        """The step that promotes."""
        return run("zfs", "promote", self.clone, while_origin=self.moves[-1].name)

    @property
    def undo(self) -> Run:
        """The step that gives everything back."""
        last = self.moves[-1]
        return run("zfs", "promote", last.dataset, while_origin=f"{self.clone}@{last.short}")


def read_snapshots(host: Host, dataset: str) -> list[Snapshot]:
    """Return all snapshots of a dataset and of those below it, oldest first, with one zfs call."""
    argv = ("zfs", "get", "-Hp", "-r", "-t", "snapshot", "-o", "name,property,value")
    answer = host.read(*argv, "clones,createtxg", dataset)
    found: dict[str, dict[str, str]] = {}
    for line in answer.stdout.splitlines():
        name, key, value = line.split("\t")
        found.setdefault(name, {})[key] = value
    snapshots = [
        Snapshot(name, int(values["createtxg"]), split_clones(values.get("clones", "")))
        for name, values in found.items()
    ]
    return sorted(snapshots, key=lambda each: (each.txg, each.name))


def split_clones(value: str) -> tuple[str, ...]:
    """Return the datasets that the property `clones` names."""
    return tuple(name for name in value.split(",") if name not in ("", "-"))


def find_promotions(
    host: Host, dataset: str, owners: Mapping[str, str | None]
) -> tuple[Promotion, ...]:
    """Return the promotions that let everything go which is cloned from a dataset's tree.

    `owners` are the guests that the clones belong to, None for what is no guest's. Raises
    Refused where a snapshot of the same name is in the way.
    """
    snapshots = read_snapshots(host, dataset)
    outside = [name for each in snapshots for name in each.clones if name in owners]
    if not outside:
        return ()
    own = read_names(host, outside)
    by_dataset: dict[str, list[Snapshot]] = {}
    for each in snapshots:
        by_dataset.setdefault(each.dataset, []).append(each)
    found = (promotion(by_dataset[name], owners, own) for name in sorted(by_dataset))
    return tuple(each for each in found if each)


def read_names(host: Host, datasets: Iterable[str]) -> dict[str, set[str]]:
    """Return the names of the snapshots of each dataset, without those of datasets below it."""
    argv = ("zfs", "list", "-H", "-d", "1", "-t", "snapshot", "-o", "name")
    found: dict[str, set[str]] = {}
    for line in host.read(*argv, *dict.fromkeys(datasets)).stdout.splitlines():
        dataset, _, name = line.partition("@")
        found.setdefault(dataset, set()).add(name)
    return found


def promotion(
    snapshots: Sequence[Snapshot],
    owners: Mapping[str, str | None],
    own: Mapping[str, set[str]],
) -> Promotion | None:
    """Return the promotion that frees one dataset of its clones, None where it has none.

    A guest's clone is taken before another, the first by name; so all disks go to one guest.
    """
    cloned = [place for place, each in enumerate(snapshots) if set(each.clones) & owners.keys()]
    if not cloned:
        return None
    moves = tuple(snapshots[: cloned[-1] + 1])
    names = {each.short for each in moves}
    candidates = sorted(
        (name for name in moves[-1].clones if name in owners),
        key=lambda name: (owners[name] is None, name),
    )
    for name in candidates:
        if not names & own.get(name, set()):
            clones = [each for snapshot in moves for each in snapshot.clones if each in owners]
            return Promotion(name, moves, tuple(each for each in clones if each != name))
    name = candidates[0]
    both = min(names & own[name])
    raise Refused(
        f"{name} can't take over the snapshots of {moves[-1].dataset}: it has a @{both} too",
        f"zfs rename -r {name}@{both} @OTHER",
    )


def explain(name: str, promotions: Sequence[Promotion], owners: Mapping[str, str | None]) -> str:
    """Return the lines that say what the promotions move; `name` is the guest that goes."""
    moves: dict[str, dict[str, None]] = {}
    others: dict[str, dict[str, None]] = {}
    for each in promotions:
        heir = owners[each.clone] or each.clone
        moves.setdefault(heir, {}).update(dict.fromkeys(f"@{move.short}" for move in each.moves))
        stand = (owners[other] or other for other in each.others)
        others.setdefault(heir, {}).update(dict.fromkeys(other for other in stand if other != heir))
    lines = []
    for heir, names in moves.items():
        text = f"{name}: {heir} takes over its snapshots {', '.join(names)}"
        if others[heir]:
            text += f"; {', '.join(sorted(others[heir]))} will stand on {heir}"
        lines.append(text)
    return "\n".join(lines)
