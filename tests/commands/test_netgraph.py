"""Guests on switches of netgraph(4): ng_bridge(4), with a card of the host behind it or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import ended, interfaces, stop, until
from tests.commands.whole_guests import make_whole_guests, own_properties
from tests.conftest import LabHost, make_lab

WEB1 = "zroot/chyves/guests/web1"


def nodes(lab: LabHost) -> str:
    """Return the nodes of the host with their hooks, blanks put together."""
    return "\n".join(
        " ".join(line.split()) for line in lab.run("ngctl", "list", "-l").stdout.split("\n")
    )


def test_a_switch_comes_with_its_first_guest_and_goes_with_the_last(guest: LabHost) -> None:
    guest.run("ifconfig", "em1", "up")
    before = interfaces(guest)
    guest.chyves("web1", "set", "eject_iso_on_n_reboot=0")
    guest.chyves("network", "web1", "remove", "tap50")
    said = guest.output("network", "web1", "add", "netgraph2")
    assert said.startswith("web1: netgraph2:2 added, 58:9c:fd:")
    mac = own_properties(guest, WEB1)["chyves:netgraph2:2_mac"]
    told = guest.output("network", "netgraph2", "attach", "em1")
    assert told == "netgraph2: will be attached to em1 when a guest that uses it starts"
    preview = guest.output("web1", "start", "-n", "os.iso")
    assert "kldload -n ng_socket ng_ether ng_bridge\n" in preview
    assert "#   connect em1: chyves_netgraph2: lower link0\n" in preview
    backend = "netgraph,path=chyves_netgraph2:,peerhook=link2,socket=chyves_netgraph2_2"
    assert f",virtio-net,{backend},mac={mac}" in preview
    assert "ng_" not in guest.run("kldstat").stdout
    guest.chyves("web1", "start", "os.iso")
    shown = nodes(guest)
    assert "\nlink0 em1 ether" in shown and "\nlink1 em1 ether" in shown
    assert "\nlink2 chyves_netgraph2_2 socket" in shown
    assert json.loads(guest.output("network", "show"))["netgraph_ports"] == [
        {"port": "netgraph2:2", "guest": "web1", "attached": "em1"}
    ]
    assert "netgraph switch" in guest.output("network", "graph", "--dot")
    done = guest.chyves("network", "netgraph2", "private", status=4)
    assert "netgraph2: is on the host, and guests use it" in done.stderr
    guest.chyves("web1", "reload")
    until(lambda: "\nlink2 chyves_netgraph2_2 socket" in nodes(guest))
    stop(guest, "web1", "stop", "force")
    until(lambda: ended(guest, "web1"))
    assert "chyves_netgraph2" not in nodes(guest)
    assert not list((guest.root / "var/run/chyves/netgraph").iterdir())
    assert interfaces(guest) == before


@pytest.fixture
def two(lab: LabHost) -> LabHost:
    """A lab with web1 on netgraph2 and web2."""
    make_whole_guests(lab, ["web1", "web2"], pci_slots="disk0=4")
    lab.chyves("network", "web1", "add", "netgraph2:7")
    return lab


def test_ports_are_given_out_once_and_follow_their_guest(two: LabHost) -> None:
    assert "taken by web1" in two.chyves("network", "web2", "add", "netgraph2:7", status=4).stderr
    for word, said in (("netgraph2:1", "ports 0 and 1 are for the uplink"), ("netgraph", "is tap")):
        assert said in two.chyves("network", "web2", "add", word, status=2).stderr
    assert (
        "not on bridge0"
        in two.chyves("network", "web2", "add", "netgraph2", "bridge0", status=2).stderr
    )
    two.chyves("web1", "clone", "copy", "-iu", "-q")
    assert two.output("copy", "get", "-H", "net_ifaces").endswith(",netgraph2:2")
    two.chyves("web1", "snapshot", "@then")
    two.chyves("network", "web1", "remove", "netgraph2:7")
    two.chyves("network", "web2", "add", "netgraph2:7")
    said = two.chyves("web1", "snapshot", "rollback", "@then", "-y").stdout
    assert "web1: netgraph2:7 is web2's now: it gets netgraph2:" in said


def test_what_a_switch_cannot_be_attached_to_is_refused_and_the_hosts_own_is_asked_about(
    two: LabHost,
) -> None:
    attach = ("network", "netgraph2", "attach")
    assert "em0 carries the default route" in two.chyves(*attach, "em0", status=4).stderr
    done = two.chyves("global", "set", "netgraph2_phy_attach=em0", status=4)
    assert "em0 carries the default route" in done.stderr
    assert "no such interface" in two.chyves(*attach, "ue0", status=3).stderr
    assert "can't be the uplink" in two.chyves(*attach, "lo0", status=4).stderr
    two.chyves("network", "bridge7", "attach", "em1")
    assert "em1: is that of bridge7" in two.chyves(*attach, "em1", status=4).stderr
    two.chyves("network", "bridge7", "private")
    two.chyves(*attach, "em1")
    assert (
        "is that of netgraph2" in two.chyves("network", "bridge7", "attach", "em1", status=4).stderr
    )
    two.run("ifconfig", "bridge9", "create", "addm", "em1")
    assert "em1, which is in bridge9" in two.chyves("web1", "start", "-n", status=4).stderr
    two.run("ifconfig", "bridge9", "deletem", "em1")
    two.run("kldload", "ng_ether")
    two.run("ngctl", "mkpeer", "em1:", "bridge", "lower", "link0")
    assert "whose lower <unnamed> has" in two.chyves("web1", "start", "-n", status=4).stderr


def test_older_hosts_and_foreign_nodes_are_told_and_system_mode_makes_nothing(
    two: LabHost, tmp_path: Path
) -> None:
    two.chyves("global", "set", "network_design_mode=system")
    two.run("ifconfig", "tap50", "create")
    two.run("ifconfig", "bridge0", "create", "addm", "tap50", "up")
    done = two.chyves("web1", "start", "-n", status=4)
    assert "web1: lacks chyves_netgraph2 on this host" in done.stderr
    two.chyves("global", "set", "network_design_mode=auto")
    two.run("kldload", "ng_ether", "ng_bridge")
    two.run("ngctl", "mkpeer", "em0:", "bridge", "orphans", "link7")
    two.run("ngctl", "name", "em0:orphans", "chyves_netgraph2")
    done = two.chyves("web1", "start", "-n", status=4)
    assert "web1: netgraph2:7 is in use by em0" in done.stderr
    old = make_lab(tmp_path / "old", freebsd="12.4")
    old.chyves("dataset", "zroot", "install")
    make_whole_guests(old, ["web1"], net_ifaces="netgraph2:2")
    assert "web1: netgraph2:2 needs FreeBSD 13.0" in old.chyves("web1", "start", status=4).stderr
    assert (
        "needs FreeBSD 13.0" in old.chyves("network", "netgraph2", "attach", "em1", status=4).stderr
    )


@pytest.mark.parametrize("call", ["ngctl:1:kill", "ngctl:2:kill-after"])
def test_a_start_that_is_killed_leaves_a_switch_that_the_next_one_or_the_doctor_ends(
    guest: LabHost, call: str
) -> None:
    guest.chyves("network", "web1", "add", "netgraph2")
    guest.chyves("network", "netgraph2", "attach", "em1")
    guest.run("kldload", "ng_socket", "ng_ether", "ng_bridge")
    killed = guest.chyves("web1", "start", "os.iso", status=None, CHYVES_LAB_FAIL=call)
    assert killed.returncode
    if call.endswith("after"):
        guest.chyves("doctor", "--fix", "-y", status=None)
        assert "chyves_netgraph2" not in nodes(guest)
    guest.chyves("web1", "start", "os.iso")
    assert "\nlink2 chyves_netgraph2_2 socket" in nodes(guest)
