"""Taps and bridges come with a guest and go with it; those of others stay as they are."""

from __future__ import annotations

from tests.endtoend.hosts.base import BRIDGE, Host
from tests.endtoend.running import WEB, make_guest


def test_tap_and_bridge_are_there_as_long_as_the_guest_runs(host: Host) -> None:
    before = set(host.interfaces())
    make_guest(host, "spin.rom")
    host.chyves(WEB, "start")
    there = host.interfaces()
    assert set(there) - before == {BRIDGE, "tap900"}
    assert there[BRIDGE].members == ("tap900",)
    assert there["tap900"].description == f"chyves:{WEB}:tap900"
    assert {"UP"} <= there["tap900"].flags & there[BRIDGE].flags
    host.chyves(WEB, "stop")
    assert set(host.interfaces()) == before


def test_a_bridge_goes_with_its_last_guest(host: Host) -> None:
    before = set(host.interfaces())
    make_guest(host, "spin.rom")
    make_guest(host, "spin.rom", "chyvest-web2")
    host.chyves(f"{WEB},chyvest-web2", "start")
    assert set(host.interfaces()[BRIDGE].members) == {"tap900", "tap901"}
    host.chyves(WEB, "stop")
    assert host.interfaces()[BRIDGE].members == ("tap901",)
    host.chyves("chyvest-web2", "stop")
    assert set(host.interfaces()) == before


def test_a_bridge_of_somebody_else_keeps_its_members_and_gives_its_mtu(host: Host) -> None:
    """A member with another MTU is refused by the kernel: captures ifconfig addm-mtu."""
    make_guest(host, "spin.rom", WEB, "tap900_bridge=bridge990")
    host.run("ifconfig", "tap990", "create", "mtu", "4000", "description", "chyvest-foreign")
    host.run("ifconfig", "bridge990", "create", "description", "chyvest-foreign", "up")
    try:
        host.run("ifconfig", "bridge990", "addm", "tap990")
        before = host.interfaces()
        assert before["bridge990"].mtu == 4000
        host.chyves(WEB, "start")
        there = host.interfaces()
        assert set(there["bridge990"].members) == {"tap900", "tap990"}
        assert there["tap900"].mtu == 4000
        host.chyves(WEB, "stop")
        after = host.interfaces()
        assert after["bridge990"] == before["bridge990"]
        assert after["tap990"] == before["tap990"]
    finally:
        host.run("ifconfig", "bridge990", "destroy", status=None)
        host.run("ifconfig", "tap990", "destroy", status=None)


def test_a_tap_of_somebody_else_is_not_taken(host: Host) -> None:
    make_guest(host, "spin.rom")
    host.run("ifconfig", "tap900", "create", "description", "chyvest-foreign")
    try:
        assert "tap900 belongs to something else" in host.refused(WEB, "start", status=4)
        assert host.interfaces()["tap900"].description == "chyvest-foreign"
    finally:
        host.run("ifconfig", "tap900", "destroy")
