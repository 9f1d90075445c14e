"""Guests that move to the other pool, and pools that change their part."""

from __future__ import annotations

from tests.endtoend.hosts.base import FIRST, SECOND, Host
from tests.endtoend.volumes import read, write

WEB = "chyvest-web"
NAMESAKE = "chyvest-web2"
HERE, THERE = (f"{pool}/chyves/guests/{WEB}" for pool in (FIRST, SECOND))


def snapshots(host: Host, place: str) -> dict[str, str]:
    """Return the guid of each snapshot of a guest, by its name behind the guest's."""
    argv = ("zfs", "list", "-H", "-r", "-t", "snapshot", "-o", "name,guid", place)
    rows = (line.split("\t") for line in host.run(*argv).stdout.splitlines())
    return {name.removeprefix(place): guid for name, guid in rows}


def state(host: Host, place: str) -> list[str]:
    """Return what of a disk has to be the same on the other pool."""
    names = ("volsize", "refreservation", "volmode", "chyves:disk_serial")
    return [host.value(f"{place}/disk0", name) for name in names]


def test_a_guest_arrives_on_the_other_pool_with_all_that_it_had(host: Host) -> None:
    host.chyves(f"{WEB},{NAMESAKE}", "create", "16M", "notes=it's  ü")
    write(host, f"{HERE}/disk0", "then")
    host.chyves(WEB, "snapshot", "@then")
    write(host, f"{HERE}/disk0", "now")
    host.chyves(WEB, "disk", "resize", "disk0", "24M")
    host.chyves(WEB, "snapshot", "@now")
    host.chyves(WEB, "set", "cpu=2")
    properties, frozen = host.own_values(HERE), host.own_values(f"{HERE}@then")
    before, disk = snapshots(host, HERE), state(host, HERE)
    others = [line for line in host.everything().split("\n") if line.startswith(f"{HERE}2")]
    host.chyves(WEB, "move", SECOND)
    assert f"{FIRST}/chyves/guests/{WEB}" not in host.datasets()
    assert (snapshots(host, THERE), state(host, THERE)) == (before, disk)
    assert host.own_values(THERE) == properties
    assert host.own_values(f"{THERE}@then") == frozen
    assert read(host, f"{THERE}/disk0") == "now"
    host.chyves(WEB, "snapshot", "rollback", "@then", "--yes")
    assert read(host, f"{THERE}/disk0") == "then"
    assert [line for line in host.everything().split("\n") if line.startswith(f"{HERE}2")] == others
    host.chyves(WEB, "move", FIRST)
    assert read(host, f"{HERE}/disk0") == "then"
    assert host.output("list", "-H", "-o", "name,pool") == f"{WEB}\t{FIRST}\n{NAMESAKE}\t{FIRST}"


def test_a_guest_stays_where_a_snapshot_of_it_is_needed(host: Host) -> None:
    host.chyves(WEB, "create", "16M")
    host.chyves(WEB, "snapshot", "@kept")
    host.run("zfs", "hold", "chyvest", f"{HERE}/disk0@kept")
    before = host.everything()
    assert "zfs holds" in host.refused(WEB, "move", SECOND, status=4)
    host.run("zfs", "release", "chyvest", f"{HERE}/disk0@kept")
    host.chyves(WEB, "clone", "chyvest-copy", "-cu")
    cloned = host.everything()
    assert "chyvest-copy was cloned from it" in host.refused(WEB, "move", SECOND, status=4)
    assert host.everything() == cloned
    host.chyves("chyvest-copy", "delete", "--yes")
    assert host.everything() == before


def test_a_clone_that_moves_stands_alone(host: Host) -> None:
    host.chyves(NAMESAKE, "create", "16M")
    write(host, f"{HERE}2/disk0", "of the source")
    host.chyves(NAMESAKE, "clone", WEB, "-cu")
    host.chyves(WEB, "move", SECOND)
    assert host.value(f"{THERE}/disk0", "origin") == "-"
    host.chyves(NAMESAKE, "delete", "--yes")
    assert read(host, f"{THERE}/disk0") == "of the source"


def test_a_pool_becomes_the_primary_one_with_all_that_is_for_all(host: Host) -> None:
    host.chyves(WEB, "create", "16M")
    file = host.folder / "os.iso"
    file.write_bytes(text := b"an installer" * 1000)
    host.chyves("iso", "import", str(file))
    host.chyves("global", "set", "bridge7_phy_attach=private")
    before = host.output("global", "get", "-H", "all")
    host.chyves("dataset", SECOND, "promote")
    assert host.value(f"{SECOND}/chyves", "chyves.pool:role") == "primary"
    assert host.value(f"{FIRST}/chyves", "chyves.pool:role") == "secondary"
    assert host.path(f"/chyves/{SECOND}/ISO/os.iso/os.iso").read_bytes() == text
    assert host.output("iso", "verify") == "os.iso: ok"
    assert host.output("global", "get", "-H", "all") == before
    assert [name for name in host.datasets(f"{FIRST}/chyves") if "/guests" not in name] == [
        f"{FIRST}/chyves"
    ]
    host.chyves("dataset", FIRST, "promote")
    assert host.path(f"/chyves/{FIRST}/ISO/os.iso/os.iso").read_bytes() == text


def test_a_pool_goes_offline_and_comes_back_as_it_was(host: Host) -> None:
    host.chyves(WEB, "create", "16M")
    host.chyves(NAMESAKE, "create", "16M", SECOND)
    write(host, f"{THERE}2/disk0", "on the second pool")
    before = host.everything()
    assert "is the primary pool" in host.refused("dataset", FIRST, "offline", status=4)
    host.chyves("dataset", SECOND, "offline")
    assert host.output("list", "-H", "-o", "name") == WEB
    host.refused(NAMESAKE, "get", "cpu", status=3)
    host.refused("chyvest-new", "create", "16M", SECOND, status=3)
    host.chyves("dataset", SECOND, "online")
    assert host.everything() == before
    assert read(host, f"{THERE}2/disk0") == "on the second pool"
    assert host.value(f"{SECOND}/chyves/guests", "mounted") == "yes"
