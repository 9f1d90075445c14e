"""Snapshots of guests: all disks and the properties at one moment."""

from __future__ import annotations

import json

from tests.endtoend.hosts.base import FIRST, Host

WEB = "chyvest-web"
DATASET = f"{FIRST}/chyves/guests/{WEB}"


def test_a_snapshot_holds_disks_and_properties_of_its_moment(host: Host) -> None:
    host.chyves(WEB, "create", "16M", "notes=it's  ü")
    host.chyves(WEB, "snapshot", "@first")
    host.chyves(WEB, "set", "notes=later", "cpu=4")
    frozen = host.own_values(f"{DATASET}@first")
    assert frozen["chyves:notes"] == "it's  ü"
    assert frozen["chyves:cpu"] == "1"
    host.chyves(WEB, "snapshot", "@second")
    rows = json.loads(host.output(WEB, "snapshot", "list", "--json"))
    assert [row["snapshot"] for row in rows] == ["@first", "@second"]
    assert f"{DATASET}/disk0@second" in host.datasets(DATASET)
    host.refused(WEB, "snapshot", "@first", status=4)


def test_exactly_one_snapshot_is_deleted_and_none_that_was_cloned(host: Host) -> None:
    host.chyves(f"{WEB},chyvest-web2", "create", "16M")
    for name in ("@a", "@a2"):
        host.chyves(f"{WEB},chyvest-web2", "snapshot", name)
    host.run("zfs", "clone", f"{DATASET}/disk0@a2", f"{FIRST}/chyves/guests/chyvest-copy")
    before = host.datasets()
    host.refused(WEB, "snapshot", "delete", "@a2", "--yes", status=4)
    host.refused(WEB, "snapshot", "delete", "@nosuch", "--yes", status=3)
    assert host.datasets() == before
    host.chyves(WEB, "snapshot", "delete", "@a", "--yes")
    gone = set(before) - set(host.datasets())
    assert gone == {f"{DATASET}@a", f"{DATASET}/disk0@a"}
