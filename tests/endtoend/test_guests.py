"""The life of guests that do not run: made, changed, shown, renamed, deleted."""

from __future__ import annotations

import json

from tests.endtoend.hosts.base import BRIDGE, FIRST, SECOND, Host

WEB = "chyvest-web"
PLACE = f"{FIRST}/chyves/guests"
HARD = "a  \"b\" 'c' $(touch /tmp/chyvest) `id`; \\ = % * ü ☃ &|<>"


def test_a_guest_is_a_dataset_with_a_disk_and_an_identity_of_its_own(host: Host) -> None:
    host.chyves(f"{WEB},chyvest-db", "create", "16M")
    host.chyves("chyvest-far", "create", "24M", SECOND, "cpu=2", "description=on the second pool")
    assert host.value(f"{PLACE}/{WEB}/disk0", "volsize") == str(16 << 20)
    assert host.value(f"{SECOND}/chyves/guests/chyvest-far/disk0", "volsize") == str(24 << 20)
    rows = json.loads(host.output("list", "--json"))
    assert [row["name"] for row in rows] == ["chyvest-db", "chyvest-far", WEB]
    values = [row["properties"] for row in rows]
    assert [each["net_ifaces"] for each in values] == ["tap901", "tap902", "tap900"]
    assert [each["serial"] for each in values] == ["nmdm901", "nmdm902", "nmdm900"]
    assert {each[f"{each['net_ifaces']}_bridge"] for each in values} == {BRIDGE}
    for name in ("uuid", "uefi_vnc_port"):
        assert len({each[name] for each in values}) == 3
    assert values[1]["cpu"] == 2
    assert host.output("list", "-H", "-o", "name,pool") == (
        f"chyvest-db\t{FIRST}\nchyvest-far\t{SECOND}\n{WEB}\t{FIRST}"
    )


def test_its_properties_hold_what_was_set_and_zfs_shows_them(host: Host) -> None:
    host.chyves(WEB, "create", "16M")
    host.chyves(WEB, "set", f"description={HARD}", f"notes={'n' * 4000}", "ram=256")
    assert host.output(WEB, "get", "-H", "description") == HARD
    assert host.value(f"{PLACE}/{WEB}", "chyves:description") == HARD
    assert host.value(f"{PLACE}/{WEB}", "chyves:ram") == "256M"
    assert json.loads(host.output(WEB, "info", "--json"))[0]["properties"]["notes"] == "n" * 4000
    assert HARD in host.output("info", "-v", "-d")
    assert not host.path("/tmp/chyvest").exists()
    # Below the guest they are inherited, and its disk is no guest for that.
    assert host.value(f"{PLACE}/{WEB}/disk0", "chyves:ram") == "256M"
    assert host.output("list", "-H", "-o", "name") == WEB
    before = host.everything()
    host.refused(WEB, "set", "cpu=2", "ram=many", status=2)
    host.refused(WEB, "set", "nosuch=1", status=2)
    assert host.everything() == before


def test_a_guest_that_does_not_fit_its_pool_leaves_nothing(host: Host) -> None:
    before = host.everything()
    host.refused(WEB, "create", "900G", status=1)
    host.refused("chyvest-", "create", "16M", "nosuchpool", status=3)
    host.refused("chyvest web", "create", status=2)
    assert host.everything() == before


def test_a_renamed_guest_keeps_all_it_has(host: Host) -> None:
    host.chyves(WEB, "create", "16M")
    host.chyves(WEB, "snapshot", "@before")
    own = host.own_values(f"{PLACE}/{WEB}")
    host.chyves(WEB, "rename", "chyvest-www")
    assert host.own_values(f"{PLACE}/chyvest-www") == own
    assert host.datasets(PLACE)[1:] == [
        f"{PLACE}/chyvest-www",
        f"{PLACE}/chyvest-www/disk0",
        f"{PLACE}/chyvest-www/disk0@before",
        f"{PLACE}/chyvest-www@before",
    ]
    assert "chyvest-www" in host.names_in(f"/chyves/{FIRST}/guests")


def test_exactly_the_guest_that_was_named_is_deleted(host: Host) -> None:
    """Names compare whole: this project exists because they once did not."""
    names = ["chyvest-pfSense", "chyvest-pfSense-gold", "chyvest-pfSense2"]
    host.chyves(",".join(names), "create", "16M")
    host.chyves("chyvest-pfSense2", "snapshot", "@s")
    others = [line for line in host.everything().splitlines() if "pfSense/" not in line]
    others = [line for line in others if not line.startswith(f"{PLACE}/{names[0]}\t")]
    before = host.everything()
    assert "no terminal" in host.refused(names[0], "delete", status=4)
    host.refused("chyvest-pf", "delete", "--yes", status=3)
    host.refused("chyvest-pfSense*", "delete", "--yes", status=3)
    shown = host.output(names[0], "delete", "-n")
    assert "pfSense2" not in shown and "gold" not in shown
    assert host.everything() == before
    host.chyves(names[0], "delete", "--yes")
    assert host.output("list", "-H", "-o", "name").split() == names[1:]
    left = [line for line in host.everything().splitlines() if line != f"{PLACE}/{names[0]}"]
    assert set(left) <= set(others)
    assert len(left) == len([line for line in others if line != f"{PLACE}/{names[0]}"])


def test_a_snapshot_that_is_held_keeps_its_guest_whole(host: Host) -> None:
    host.chyves(WEB, "create", "16M")
    host.chyves(WEB, "snapshot", "@kept")
    host.run("zfs", "hold", "chyvest", f"{PLACE}/{WEB}@kept")
    before = host.everything()
    assert "is held" in host.refused(WEB, "delete", "--yes", status=4)
    assert host.everything() == before
    host.run("zfs", "release", "chyvest", f"{PLACE}/{WEB}@kept")
    host.chyves(WEB, "delete", "--yes")
    assert host.output("list", "-H") == ""
