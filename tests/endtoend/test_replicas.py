"""A copy of chyves' tree on another pool, as `zfs send -R | zfs recv` makes it, changes nothing."""

from __future__ import annotations

import json
from typing import Any

from tests.endtoend.hosts.base import FIRST, SECOND, Host

WEB = "chyvest-web"


def replicate(host: Host, target: str) -> None:
    """Send the whole tree of chyves on the first pool to the second pool."""
    host.run("zfs", "snapshot", "-r", f"{FIRST}/chyves@replica")
    host.run("sh", "-c", f"zfs send -R {FIRST}/chyves@replica | zfs recv -u {target}")


def listed(host: Host) -> list[dict[str, Any]]:
    """Return what `chyves list` tells of all guests, but the space, which snapshots take too."""
    rows: list[dict[str, Any]] = json.loads(host.output("list", "--json"))
    for row in rows:
        for each in (row, *row["disks"]):
            del each["used"]
    return rows


def test_a_replica_of_the_whole_tree_is_no_second_guest(host: Host) -> None:
    host.chyves(f"{WEB},chyvest-db", "create", "16M")
    host.chyves(WEB, "set", "description=the only one", "ram=128M")
    before = listed(host)
    replicate(host, f"{SECOND}/backup")
    copy = f"{SECOND}/backup/guests/{WEB}"
    assert host.value(copy, "chyves:description") == "the only one"
    assert host.value(f"{copy}/disk0", "volsize") == str(16 << 20)
    assert listed(host) == before
    own = host.own_values(copy)
    host.chyves(WEB, "set", "description=changed")
    host.chyves("chyvest-db", "delete", "--yes")
    assert host.own_values(copy) == own
    assert f"{SECOND}/backup/guests/chyvest-db/disk0" in host.datasets(SECOND)


def test_a_replica_in_the_place_of_a_layout_is_seen_as_one_of_another_pool(host: Host) -> None:
    """Its chyves.pool:guid is not that of the pool that it lies on."""
    host.chyves(WEB, "create", "16M")
    host.run("zfs", "destroy", "-r", f"{SECOND}/chyves")
    before = listed(host)
    replicate(host, f"{SECOND}/chyves")
    assert listed(host) == before
    everything = set(host.everything().splitlines())
    host.chyves(WEB, "set", "cpu=2")
    changed = set(host.everything().splitlines()) - everything
    assert changed == {f"{FIRST}/chyves/guests/{WEB}\tchyves:cpu\t2\tlocal"}
