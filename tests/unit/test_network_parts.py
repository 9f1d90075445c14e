"""What ifconfig and netstat say, and plans that are sketched on it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from chyves_core.guests import Guest
from chyves_core.network.design import Design, Vlan
from chyves_core.network.ifconfig import parse_ifconfig
from chyves_core.network.own import default_interfaces
from chyves_core.network.sketch import Sketch
from chyves_core.properties.schema import load_schema
from chyves_core.supervise.host_boot import awaited_interfaces
from tests.conftest import LabHost

CAPTURES = Path(__file__).parent.parent / "captures/ifconfig.jsonl"

# netstat(1): 10 to 15 have these columns; 9 had Refs and Use before Netif.
ROUTES = """\
Routing tables

Internet:
Destination        Gateway            Flags     Netif Expire
default            192.0.2.1          UGS         em0
127.0.0.1          link#3             UH          lo0

Internet6:
Destination                       Gateway                       Flags     Netif Expire
::/96                             ::1                           UGRS        lo0
default                           fe80::1%vlan7                 UGS       vlan7
fe80::%lo0/64                     link#3                        U           lo0
"""


def captured(name: str) -> str:
    """Return what a captured command printed."""
    rows = (json.loads(line) for line in CAPTURES.read_text().splitlines())
    return next(str(row["stdout"]) for row in rows if row["id"] == name)


def test_the_default_routes_of_both_families_are_found() -> None:
    assert default_interfaces(ROUTES) == ["em0", "vlan7"]
    assert default_interfaces(captured("netstat-rn")) == []


def test_groups_and_vlans_are_read_as_freebsd_prints_them() -> None:
    vlan = parse_ifconfig(captured("vlan-show"))["vlan0"]
    assert (vlan.tag, vlan.parent, vlan.groups) == (100, "em0", ("vlan",))
    loose = parse_ifconfig(captured("vlan-parent-destroy").partition("\n")[2])["tap54.9"]
    assert (loose.tag, loose.parent) == (0, "")
    assert parse_ifconfig(captured("bridge-name").partition("rc=0\n")[2])["web-br"].is_bridge


def test_a_sketch_says_what_the_host_will_be(lab: LabHost) -> None:
    lab.run("ifconfig", "em1", "mtu", "9000")
    sketch = Sketch(parse_ifconfig(lab.run("ifconfig", "-a").stdout))
    sketch.ifconfig("vlan7", "create", "vlan", "7", "vlandev", "em1", "description", "a", "up")
    sketch.ifconfig("bridge0", "create", "description", "b", "addm", "vlan7", "up")
    sketch.ifconfig("tap5", "create", "description", "c", "mtu", "9000", "up")
    sketch.ifconfig("tap6", "create", "mtu", "9000")
    sketch.ifconfig("bridge0", "addm", "tap5")
    sketch.ifconfig("bridge0", "addm", "tap6")
    sketch.ifconfig("tap5", "name", "net5")
    sketch.ifconfig("bridge0", "deletem", "vlan7")
    sketch.ifconfig("tap6", "destroy")
    for step in sketch.steps:
        lab.run(*step.argv)
    there = parse_ifconfig(lab.run("ifconfig", "-a").stdout)
    assert there.keys() == sketch.interfaces.keys()
    for name, wanted in sketch.interfaces.items():
        found = there[name]
        same = ("mtu", "description", "members", "groups", "tag", "parent", "is_up")
        assert [getattr(found, each) for each in same] == [getattr(wanted, each) for each in same]


def test_a_host_that_boots_waits_for_the_parent_of_a_vlan_that_chyves_makes() -> None:
    design = Design(True, {"bridge1": "vlan7"}, {"vlan7": Vlan("vlan7", 7, "em0")})
    properties = {"net_ifaces": "tap50,tap51", "tap50_bridge": "bridge1", "tap51_bridge": "bridge2"}
    guest = Guest(
        "web1", "zroot", "zroot/chyves/guests/web1", properties, (), 0, "", load_schema("guest")
    )
    assert awaited_interfaces(guest, design) == ("em0",)
    assert awaited_interfaces(guest, replace(design, automatic=False)) == ("bridge1", "bridge2")
