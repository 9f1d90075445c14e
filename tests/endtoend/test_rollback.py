"""Going back to a snapshot: disks, files and properties are those of its moment."""

from __future__ import annotations

from tests.endtoend.hosts.base import FIRST, Host
from tests.endtoend.volumes import read, write

WEB = "chyvest-web"
PLACE = f"{FIRST}/chyves/guests/{WEB}"


def test_a_guest_goes_back_with_its_disk_and_its_properties(host: Host) -> None:
    host.chyves(f"{WEB},chyvest-web2", "create", "16M", "notes=then  it's ü")
    write(host, f"{PLACE}/disk0", "then")
    host.chyves(WEB, "snapshot", "@then")
    then = host.own_values(PLACE)
    others = host.own_values(f"{PLACE}2")
    write(host, f"{PLACE}/disk0", "now")
    host.chyves(WEB, "set", "notes=now", "cpu=2", "rcboot=7")
    host.chyves(WEB, "snapshot", "@newer")
    before = host.everything()
    assert "@newer" in host.chyves(WEB, "snapshot", "rollback", "@then", status=4).stdout
    host.refused(WEB, "snapshot", "rollback", "@nosuch", "--yes", status=3)
    assert host.everything() == before
    assert read(host, f"{PLACE}/disk0") == "now"
    host.chyves(WEB, "snapshot", "rollback", "@then", "--yes")
    assert read(host, f"{PLACE}/disk0") == "then"
    assert host.own_values(PLACE) == then
    assert host.own_values(f"{PLACE}2") == others
    assert f"{PLACE}@newer" not in host.datasets(PLACE)


def test_a_clone_on_a_newer_snapshot_is_never_lost(host: Host) -> None:
    host.chyves(WEB, "create", "16M")
    host.chyves(WEB, "snapshot", "@then")
    host.chyves(WEB, "clone", "chyvest-copy", "-cu")
    before = host.everything()
    assert "chyvest-copy" in host.refused(WEB, "snapshot", "rollback", "@then", "--yes", status=4)
    assert host.everything() == before
