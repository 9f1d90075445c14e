"""Clones of both kinds: on the source's blocks or copied, exactly alike or with an own identity."""

from __future__ import annotations

import pytest

from tests.endtoend.hosts.base import FIRST, SECOND, Host
from tests.endtoend.volumes import read, write

WEB = "chyvest-web"
PLACE = f"{FIRST}/chyves/guests"
# What no two guests may share, and what follows from it.
OF_ITS_OWN = {"chyves:uuid", "chyves:serial", "chyves:uefi_vnc_port", "chyves:net_ifaces"}


@pytest.mark.parametrize("flag", ["-ie", "-iu", "-ce", "-cu"])
def test_a_clone_has_the_disks_and_the_properties(host: Host, flag: str) -> None:
    host.chyves(WEB, "create", "16M", "notes=a  b ü", "cpu=2")
    write(host, f"{PLACE}/{WEB}/disk0", "of the source")
    source = host.own_values(f"{PLACE}/{WEB}")
    host.chyves(WEB, "clone", "chyvest-copy", flag)
    copy = f"{PLACE}/chyvest-copy"
    assert read(host, f"{copy}/disk0") == "of the source"
    write(host, f"{copy}/disk0", "of the clone")
    assert read(host, f"{PLACE}/{WEB}/disk0") == "of the source"
    assert (host.value(f"{copy}/disk0", "origin") == "-") == ("i" in flag)
    values = host.own_values(copy)
    assert host.own_values(f"{PLACE}/{WEB}") == source
    for name in ("notes", "cpu", "ram", "loader", "chyves_guest_version"):
        assert values[f"chyves:{name}"] == source[f"chyves:{name}"]
    if "e" in flag:
        assert {name: values[name] for name in OF_ITS_OWN} == {
            name: source[name] for name in OF_ITS_OWN
        }
        return
    assert all(values[name] != source[name] for name in OF_ITS_OWN)
    assert values["chyves:net_ifaces"] == "tap901"
    assert values["chyves:tap901_bridge"] == source["chyves:tap900_bridge"]
    assert values["chyves:tap901_mac"] != source["chyves:tap900_mac"]
    serials = [
        host.value(f"{each}/disk0", "chyves:disk_serial") for each in (copy, PLACE + "/" + WEB)
    ]
    assert serials[0] != serials[1]


def test_a_copy_on_the_other_pool_lives_on_without_its_source(host: Host) -> None:
    host.chyves(WEB, "create", "16M")
    write(host, f"{PLACE}/{WEB}/disk0", "of the source")
    host.chyves(WEB, "clone", "chyvest-far", "-iu", SECOND)
    host.chyves(WEB, "delete", "--yes")
    assert read(host, f"{SECOND}/chyves/guests/chyvest-far/disk0") == "of the source"
    assert host.output("list", "-H", "-o", "name,pool") == f"chyvest-far\t{SECOND}"


def test_what_was_cloned_goes_only_when_its_clones_live_on(host: Host) -> None:
    host.chyves(WEB, "create", "16M")
    write(host, f"{PLACE}/{WEB}/disk0", "of the source")
    host.chyves(WEB, "clone", "chyvest-copy", "-cu")
    before = host.everything()
    assert "chyvest-copy" in host.refused(WEB, "delete", "--yes", status=4)
    assert host.everything() == before
    host.chyves(WEB, "delete", "promote", "--yes")
    assert host.output("list", "-H", "-o", "name") == "chyvest-copy"
    assert read(host, f"{PLACE}/chyvest-copy/disk0") == "of the source"


def test_clones_live_on_by_one_of_them_and_leave_nothing_at_the_end(host: Host) -> None:
    """`clone` marks the snapshot under them with destroy -d: it goes with the last of them."""
    host.chyves(WEB, "create", "16M")
    before = host.datasets()
    write(host, f"{PLACE}/{WEB}/disk0", "of the source")
    host.chyves(WEB, "clone", "chyvest-c1,chyvest-c2", "-cu")
    origin = host.value(f"{PLACE}/chyvest-c1/disk0", "origin")
    assert host.value(origin, "defer_destroy") == "on"
    host.chyves("chyvest-c1", "clone", "chyvest-c3", "-cu")
    host.chyves(WEB, "delete", "promote", "--yes")
    for name in ("chyvest-c1", "chyvest-c2", "chyvest-c3"):
        assert read(host, f"{PLACE}/{name}/disk0") == "of the source"
    host.chyves("chyvest-c1", "delete", "promote", "--yes")
    host.chyves("chyvest-c2", "delete", "promote", "--yes")
    assert read(host, f"{PLACE}/chyvest-c3/disk0") == "of the source"
    assert not [name for name in host.datasets() if "@" in name]
    host.chyves("chyvest-c3", "delete", "--yes")
    assert host.datasets() == [name for name in before if WEB not in name]


def test_the_copy_of_a_resized_disk_has_all_its_space_reserved(host: Host) -> None:
    host.chyves(WEB, "create", "16M")
    host.chyves(WEB, "disk", "resize", "disk0", "32M")
    source = f"{PLACE}/{WEB}/disk0"
    assert int(host.value(source, "refreservation")) >= 32 << 20
    host.chyves(WEB, "clone", "chyvest-copy", "-iu")
    for name in ("volsize", "refreservation"):
        assert host.value(f"{PLACE}/chyvest-copy/disk0", name) == host.value(source, name)
