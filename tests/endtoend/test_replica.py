"""Backups with zfs send: copies of guests look like guests, and none of them counts."""

from __future__ import annotations

from tests.endtoend.hosts.base import FIRST, SECOND, Host

WEB = "chyvest-web"


def send(host: Host, target: str) -> None:
    """Send the whole layout of the first pool, with all properties."""
    line = f"zfs send -R {FIRST}/chyves@backup | zfs recv -u {target}"
    host.run("sh", "-c", line)


def test_a_copy_of_the_whole_layout_changes_nothing(host: Host) -> None:
    """Beside the layout of the second pool, and in its place on a pool that had none."""
    host.chyves(f"{WEB},chyvest-web2", "create", "16M")
    host.run("zfs", "snapshot", "-r", f"{FIRST}/chyves@backup")
    before = host.output("list", "-H", "-o", "name,dataset,cpu")
    send(host, f"{SECOND}/backup")
    assert host.output("list", "-H", "-o", "name,dataset,cpu") == before
    host.run("zfs", "destroy", "-r", f"{SECOND}/chyves")
    send(host, f"{SECOND}/chyves")
    assert host.value(f"{SECOND}/chyves/guests/{WEB}", "chyves:chyves_guest_version") == "1"
    assert host.output("list", "-H", "-o", "name,dataset,cpu") == before
    copied = host.own_values(f"{SECOND}/chyves/guests/{WEB}")
    host.chyves(WEB, "set", "cpu=2")
    host.refused("chyvest-web3", "create", "16M", SECOND, status=3)
    assert host.own_values(f"{SECOND}/chyves/guests/{WEB}") == copied
    assert host.value(f"{FIRST}/chyves/guests/{WEB}", "chyves:cpu") == "2"
