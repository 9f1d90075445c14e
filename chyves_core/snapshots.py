"""Snapshots of guests: all datasets of one at the same moment, with its properties frozen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chyves_core import names, zfs
from chyves_core.errors import NotFound, Refused, UsageError
from chyves_core.guests import GUEST_PREFIX, Guest
from chyves_core.host import Host, failed
from chyves_core.output import Row, Size
from chyves_core.plan import Plan, Run, run

LIVE_SUFFIX = "-LIVE-SYSTEM"
SNAPSHOT_NAME = re.compile(r"[A-Za-z0-9_.:-]+")
COLUMNS = ("name", "guest", "created", "used", "refer")


@dataclass(frozen=True)
class Snapshot:
    """One snapshot of a guest's filesystem; sizes in bytes, `created` in seconds since 1970."""

    guest: str
    name: str
    created: int
    used: int
    refer: int

    @property
    def row(self) -> Row:
        """The snapshot as one row of a list."""
        moment = datetime.fromtimestamp(self.created, UTC)
        return {
            "name": f"@{self.name}",
            "guest": self.guest,
            "created": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "used": Size(self.used),
            "refer": Size(self.refer),
        }


def automatic_name(now: datetime | None = None) -> str:
    """Return the name of a snapshot that was given none: the moment, in UTC."""
    return (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_name(word: str) -> str:
    """Return a snapshot's name without its @; raises UsageError where it can't be one."""
    name = word.removeprefix("@")
    if not SNAPSHOT_NAME.fullmatch(name) or not word.startswith("@"):
        raise UsageError(f"{word!r} is not @NAME", "letters, digits and _ . : - make a name")
    return name


def plan_snapshot(guest: Guest, name: str, *, running: bool) -> tuple[Run, ...]:
    """Return the zfs call that snapshots a guest and its disks at one moment.

    zfs snapshots keep no user properties of their own (captures README 12), so the guest's are
    written on them: a rollback can bring them back. Secrets stay out, argv is no place for them.
    """
    longest = max([guest.dataset, *(disk.dataset for disk in guest.disks)], key=len)
    full = name if not running or name.endswith(LIVE_SUFFIX) else f"{name}{LIVE_SUFFIX}"
    if len(f"{longest}@{full}") > names.DATASET_NAME_LENGTH:
        raise UsageError(f"{guest.name}: @{full} is too long for ZFS")
    frozen = {
        f"{GUEST_PREFIX}{key}": value
        for key, value in guest.properties.items()
        if not guest.schema.is_secret(key)
    }
    return (run("zfs", "snapshot", "-r", *zfs.options(frozen), f"{guest.dataset}@{full}"),)


def read_snapshots(host: Host, guests: Sequence[Guest]) -> list[Snapshot]:
    """Return the snapshots of guests, oldest first, with one zfs call.

    `used` adds up what the snapshot holds alone on the guest's filesystem and on its disks.
    """
    if not guests:
        return []
    parents = sorted({guest.dataset.rpartition("/")[0] for guest in guests})
    argv = ("zfs", "list", "-Hp", "-r", "-t", "snapshot", "-o", "name,creation,used,refer")
    answer = host.read(*argv, *parents, allowed=(0, 1))
    if answer.status != 0 and not answer.stderr.strip().endswith("does not exist"):
        raise failed(answer)
    return parse_snapshots(answer.stdout, {guest.dataset: guest.name for guest in guests})


def parse_snapshots(output: str, guests: Mapping[str, str]) -> list[Snapshot]:
    """Return the snapshots in the output of `zfs list`; `guests` are names by dataset."""
    found: dict[tuple[str, str], Snapshot] = {}
    for line in output.splitlines():
        dataset_at_name, created, used, refer = line.split("\t")
        dataset, _, name = dataset_at_name.partition("@")
        parent = dataset if dataset in guests else dataset.rpartition("/")[0]
        if parent not in guests:
            continue
        key = (guests[parent], name)
        old = found.get(key, Snapshot(*key, int(created), 0, 0))
        found[key] = Snapshot(*key, old.created, old.used + int(used), old.refer + int(refer))
    return sorted(found.values(), key=lambda each: (each.created, each.guest, each.name))


def plan_delete(host: Host, guest: Guest, name: str) -> Plan:
    """Return the zfs call that destroys exactly one snapshot of a guest and of its disks.

    Raises NotFound where there is none, Refused where a clone stands on it.
    """
    target = f"{guest.dataset}@{name}"
    if name not in {each.name for each in read_snapshots(host, [guest])}:
        raise NotFound(
            f"{guest.name}: there is no snapshot @{name}", f"chyves {guest.name} snapshot list"
        )
    look = host.read("zfs", "destroy", "-nvpr", target, allowed=None)
    if look.status != 0:
        words = " ".join(look.stderr.split())
        raise Refused(f"{guest.name}: @{name} can't be deleted: {words}")
    return (run("zfs", "destroy", "-r", target),)
