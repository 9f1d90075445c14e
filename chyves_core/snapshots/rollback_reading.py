"""What has to be read of a guest before it goes back to a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from chyves_core import logs
from chyves_core.errors import ChyvesError
from chyves_core.guests import Guest, read_inventory
from chyves_core.host import Host
from chyves_core.plan import Write
from chyves_core.snapshots.reading import number, read_pieces
from chyves_core.snapshots.rollback import Rollback, make_targets


def read_now(host: Host, datasets: Sequence[str], name: str) -> dict[str, tuple[int, int, int]]:
    """Return what was written since a snapshot, volsize and refreservation, by dataset."""
    argv = ("zfs", "list", "-Hp", "-o", f"name,written@{name},volsize,refreservation")
    lines = host.read(*argv, *datasets).stdout.splitlines()
    fields = [line.split("\t") for line in lines]
    return {each[0]: (number(each[1]), number(each[2]), number(each[3])) for each in fields}


def newer_images(host: Host, guest: Guest, name: str) -> tuple[str, ...]:
    """Return the image files of a guest that a snapshot of its filesystem does not have."""
    then = f"{guest.folder}/.zfs/snapshot/{name}"
    if not host.path(then).is_dir():
        return ()
    old = host.list_folder(f"{then}/img")
    return tuple(each for each in host.list_folder(f"{guest.folder}/img") if each not in old)


def read_logs(host: Host, guest: Guest, since: int) -> tuple[Write, ...]:
    """Return the steps that write a guest's log again as it is, from a moment on."""
    month = f"{datetime.fromtimestamp(since, UTC):%Y-%m}"
    steps = []
    for path in logs.files(host, guest.folder):
        text = host.read_text(path)
        if text is not None and path.rpartition("/")[2] >= month:
            steps.append(Write(path, text, 0o640, "its lines as they are now"))
    return tuple(steps)


def is_untouched(host: Host, planned: Rollback) -> bool:
    """Return whether going back has failed before it changed anything, at its very first call."""
    try:
        pieces = read_pieces(host, [planned.guest.dataset], "snapshot,bookmark")
        now = read_now(host, [each.dataset for each in planned.targets], planned.name)
        guest = read_inventory(host).guest(planned.guest.name)
    except ChyvesError:
        return False
    same = (guest.properties, guest.disks) == (planned.guest.properties, planned.guest.disks)
    return same and make_targets(pieces, planned.name, now) == planned.targets
