"""chyves on two pools: the first one is the primary one."""

from __future__ import annotations

from tests.endtoend.hosts.base import FIRST, SECOND, Host


def test_the_first_pool_is_the_primary_one_and_the_second_holds_guests(host: Host) -> None:
    assert host.value(f"{FIRST}/chyves", "chyves.pool:role") == "primary"
    assert host.value(f"{SECOND}/chyves", "chyves.pool:role") == "secondary"
    guid = host.run("zpool", "get", "-Hp", "-o", "value", "guid", FIRST).stdout.strip()
    assert host.value(f"{FIRST}/chyves", "chyves.pool:guid") == guid
    expected = [f"{FIRST}/chyves/{name}" for name in ("Firmware", "ISO", "guests", "logs")]
    assert host.datasets(f"{FIRST}/chyves") == [f"{FIRST}/chyves", *expected]
    assert host.datasets(f"{SECOND}/chyves") == [f"{SECOND}/chyves", f"{SECOND}/chyves/guests"]
    assert {"Firmware", "ISO", "guests", "logs"} <= host.names_in(f"/chyves/{FIRST}")
    assert host.value(f"{SECOND}/chyves/guests", "mounted") == "yes"


def test_a_pool_that_has_chyves_is_not_installed_on_again(host: Host) -> None:
    before = host.everything()
    assert f"{FIRST}: chyves is on this pool already" in host.refused(
        "dataset", FIRST, "install", status=4
    )
    host.refused("dataset", "chyvest9", "install", status=3)
    assert host.everything() == before


def test_a_host_without_guests_says_so(host: Host) -> None:
    assert host.output("list", "-H") == ""
    assert host.chyves("list").stderr == "no guests\n"
