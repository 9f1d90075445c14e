"""Read the snapshots of any number of guests with one zfs call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chyves_core.guests import Guest
from chyves_core.host import Host, failed
from chyves_core.output import Moment, Row, Size
from chyves_core.snapshots.naming import is_automatic

FIELDS = "name,createtxg,creation,used,referenced,userrefs,clones,volsize"
COLUMNS = ("guest", "snapshot", "creation", "used", "refer")


@dataclass(frozen=True)
class Piece:
    """The snapshot of one dataset, or a bookmark of it: names whole, sizes in bytes.

    `txg` is the order in which they came into being, `used` what only this one holds.
    """

    full_name: str
    txg: int
    creation: int
    used: int
    refer: int
    holds: int
    clones: tuple[str, ...]
    volsize: int

    @property
    def is_bookmark(self) -> bool:
        """Whether this is only a mark, without data."""
        return "#" in self.full_name

    @property
    def dataset(self) -> str:
        """The filesystem or volume."""
        return self.full_name.partition("#" if self.is_bookmark else "@")[0]

    @property
    def name(self) -> str:
        """The name behind the @ or #."""
        return self.full_name.partition("#" if self.is_bookmark else "@")[2]


@dataclass(frozen=True)
class Snapshot:
    """One snapshot of a guest: those of the same name of its filesystem and its disks.

    A disk that was added later has none; one that was made by hand may be of a disk alone.
    """

    guest: str
    dataset: str
    name: str
    pieces: tuple[Piece, ...]

    @property
    def own(self) -> Piece | None:
        """The piece of the guest's filesystem."""
        return next((each for each in self.pieces if each.dataset == self.dataset), None)

    @property
    def order(self) -> int:
        """Where it stands among the guest's snapshots."""
        return self.own.txg if self.own else min(each.txg for each in self.pieces)

    @property
    def creation(self) -> int:
        """When it was taken, in seconds since 1970."""
        return self.own.creation if self.own else min(each.creation for each in self.pieces)

    @property
    def clones(self) -> tuple[str, ...]:
        """The datasets that stand on it."""
        return tuple(clone for each in self.pieces for clone in each.clones)

    @property
    def held(self) -> tuple[Piece, ...]:
        """The pieces that zfs-hold(8) keeps from being destroyed."""
        return tuple(each for each in self.pieces if each.holds)

    @property
    def row(self) -> Row:
        """The snapshot as one row of a list."""
        return {
            "guest": self.guest,
            "snapshot": f"@{self.name}",
            "creation": Moment(self.creation),
            "used": Size(sum(each.used for each in self.pieces)),
            "refer": Size(sum(each.refer for each in self.pieces)),
            "holds": sum(each.holds for each in self.pieces),
            "clones": self.clones,
            "disks": tuple(part_of(self.dataset, each) for each in self.pieces if each != self.own),
            "automatic": is_automatic(self.name),
            "dataset": f"{self.dataset}@{self.name}",
        }


def part_of(guest_dataset: str, piece: Piece) -> str:
    """Return the name of a disk, empty for the guest's filesystem itself."""
    return piece.dataset.removeprefix(guest_dataset).removeprefix("/")


def read_snapshots(host: Host, guests: Sequence[Guest]) -> dict[str, list[Snapshot]]:
    """Return the snapshots of each guest by its name, the oldest first."""
    pieces = read_pieces(host, [guest.dataset for guest in guests])
    found = gather(pieces, {guest.dataset: guest.name for guest in guests})
    snapshots: dict[str, list[Snapshot]] = {guest.name: [] for guest in guests}
    for each in sorted(found, key=lambda each: (each.order, each.name)):
        snapshots[each.guest].append(each)
    return snapshots


def read_pieces(host: Host, datasets: Sequence[str], kinds: str = "snapshot") -> list[Piece]:
    """Return the snapshots of datasets and of all below them; those that are gone have none."""
    if not datasets:
        return []
    argv = ("zfs", "list", "-Hp", "-r", "-t", kinds, "-o", FIELDS)
    answer = host.read(*argv, *datasets, allowed=None)
    complaints = [line for line in answer.stderr.splitlines() if line.strip()]
    if answer.status != 0 and not (
        complaints and all(line.endswith("dataset does not exist") for line in complaints)
    ):
        raise failed(answer)
    return [parse_piece(line) for line in answer.stdout.splitlines()]


def parse_piece(line: str) -> Piece:
    """Return the piece of one line; what a snapshot or bookmark does not have is `-`."""
    name, txg, creation, used, refer, holds, clones, volsize = line.split("\t")
    return Piece(
        name,
        int(txg),
        int(creation),
        number(used),
        number(refer),
        number(holds),
        tuple(clone for clone in clones.split(",") if clone not in ("", "-")),
        number(volsize),
    )


def number(text: str) -> int:
    """Return a number of zfs list, 0 where there is none."""
    return int(text) if text.isdecimal() else 0


def gather(pieces: Iterable[Piece], guests: Mapping[str, str]) -> list[Snapshot]:
    """Return the snapshots that pieces make up; `guests` are names by dataset."""
    found: dict[tuple[str, str], list[Piece]] = {}
    for piece in pieces:
        owner = piece.dataset
        while owner and owner not in guests:
            owner = owner.rpartition("/")[0]
        if owner:
            found.setdefault((owner, piece.name), []).append(piece)
    return [
        Snapshot(guests[owner], owner, name, tuple(parts)) for (owner, name), parts in found.items()
    ]


def rows(snapshots: Mapping[str, Sequence[Snapshot]]) -> list[Row]:
    """Return one row a snapshot, guest by guest, the oldest first."""
    return [each.row for name in sorted(snapshots) for each in snapshots[name]]
