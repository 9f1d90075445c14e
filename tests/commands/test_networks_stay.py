"""Interfaces on several bridges: what becomes of them when their guest changes, and of NAT."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import interfaces
from tests.commands.whole_guests import make_whole_guests, own_properties
from tests.conftest import LabHost

ROOT = "zroot/chyves"
THREE = {"tap50": "bridge0", "tap60": "bridge6", "tap61": "bridge7"}


@pytest.fixture
def three(lab: LabHost) -> LabHost:
    """A lab with web1, which has three taps on three bridges and a port of a switch, and web10."""
    make_whole_guests(lab, ["web1", "web10"], pci_slots="disk0=4")
    for words in ("tap60 bridge6", "tap61 bridge7", "vale0:1"):
        lab.chyves("network", "web1", "add", *words.split())
    lab.forget_commands()
    return lab


def bridges_of(lab: LabHost, guest: str) -> dict[str, str]:
    """Return the bridge of each interface of a guest."""
    own = own_properties(lab, f"{ROOT}/guests/{guest}")
    return {
        name: own.get(f"chyves:{name}_bridge", "") for name in own["chyves:net_ifaces"].split(",")
    }


def slots_of(lab: LabHost, guest: str) -> list[str]:
    """Return the PCI slots of a guest's interfaces, in their order."""
    own = own_properties(lab, f"{ROOT}/guests/{guest}")
    places = dict(each.split("=") for each in own["chyves:pci_slots"].split(","))
    return [places[name] for name in own["chyves:net_ifaces"].split(",")]


def test_interfaces_stay_on_their_bridges_whatever_becomes_of_their_guest(three: LabHost) -> None:
    slots = slots_of(three, "web1")
    assert bridges_of(three, "web1") == {**THREE, "vale0:1": ""}
    three.chyves("web1", "snapshot", "@then")
    three.chyves("network", "bridge6", "migrate", "bridge9")
    three.chyves("network", "web1", "remove", "tap61")
    three.chyves("network", "web10", "add", "tap61", "bridge8")
    # Back: bridges as they were; what another guest has got since is replaced, in its slot.
    said = three.chyves("web1", "snapshot", "rollback", "@then", "-y").stdout
    assert "web1: tap61 is web10's now: it gets tap52\n" in said
    back = {"tap50": "bridge0", "tap60": "bridge6", "tap52": "bridge7", "vale0:1": ""}
    assert bridges_of(three, "web1") == back
    assert bridges_of(three, "web10") == {"tap51": "bridge0", "tap61": "bridge8"}
    three.chyves("web1", "rename", "www")
    assert bridges_of(three, "www") == back
    three.chyves("www", "clone", "copy", "-cu", "-q")
    copied = bridges_of(three, "copy")
    assert list(copied.values()) == ["bridge0", "bridge6", "bridge7", ""]
    assert list(copied)[3] == "vale0:0"
    assert not set(copied) & {*back, "tap51", "tap61"}
    assert slots_of(three, "copy") == slots_of(three, "www") == slots
    three.chyves("copy", "move", "tank", "-q")
    assert own_properties(three, "tank/chyves/guests/copy")["chyves:pci_slots"]
    assert three.output("copy", "get", "-H", "net_ifaces") == ",".join(copied)
    assert three.output("copy", "get", "-H", f"{list(copied)[2]}_bridge") == "bridge7"
    assert three.chyves("doctor", status=None).stdout.count(" is that of ") == 0


def leave_taps(lab: LabHost) -> None:
    """Leave taps of web1 on the host, as a supervisor that was killed does, and one of others."""
    for tap in ("tap50", "tap60"):
        lab.run("ifconfig", tap, "create", "description", f"chyves:web1:{tap}", "up")
        words = ("create", "description", f"chyves:{THREE[tap]}", "addm", tap, "up")
        lab.run("ifconfig", THREE[tap], *words)
    lab.run("ifconfig", "tap90", "create", "description", "mine", "up")
    lab.run("ifconfig", "bridge6", "addm", "tap90")


def test_a_rename_and_a_deletion_leave_nothing_of_the_old_name_on_the_host(
    three: LabHost,
) -> None:
    leave_taps(three)
    three.chyves("web1", "rename", "www")
    names = three.run("ifconfig", "-l").stdout.split()
    assert names == ["em0", "em1", "lo0", "bridge6", "tap90"], "tap90 is in it still"
    three.run("ifconfig", "tap60", "create", "description", "chyves:www:tap60")
    three.chyves("www", "delete", "-y")
    assert three.run("ifconfig", "-l").stdout.split() == names


def test_taps_that_are_kept_are_the_hosts_and_the_next_guest_uses_them(three: LabHost) -> None:
    leave_taps(three)
    three.chyves("web1", "delete", "keepnet", "-y")
    shown = interfaces(three)
    assert "chyves:web1" not in shown and "description: mine" in shown
    before = three.run("ifconfig", "-l").stdout
    assert "tap" not in three.chyves("doctor", "--fix", "-y", status=None).stdout
    assert three.run("ifconfig", "-l").stdout == before
    three.chyves("network", "web10", "add", "tap60", "bridge6")
    assert "ifconfig tap60" not in three.output("web10", "start", "-n")


def test_a_running_guest_gets_its_network_back_from_other_hands(guest: LabHost) -> None:
    guest.chyves("network", "bridge0", "attach", "em1")
    guest.run("ifconfig", "em1", "up")
    guest.chyves("web1", "start", "os.iso")
    before = interfaces(guest)
    guest.run("ifconfig", "bridge0", "deletem", "tap50", "deletem", "em1", "down")
    guest.run("ifconfig", "bridge0", "name", "lan")
    said = guest.chyves("doctor", "-H", status=1).stdout
    assert "web1\ttap50 is not in bridge0 as designed\tchyves network bridge0 join tap50" in said
    guest.chyves("doctor", "--fix", "-y", status=None)
    guest.run("ifconfig", "lan", "name", "bridge0")
    assert sorted(interfaces(guest).splitlines()) == sorted(before.splitlines())
    assert "nothing is wrong" in guest.output("doctor")
    guest.run("ifconfig", "bridge0", "deletem", "em1")
    guest.run("ifconfig", "bridge7", "create", "addm", "em1")
    said = guest.chyves("doctor", "-H", status=1).stdout
    assert "web1\tbridge0 is attached to em1, which is in bridge7 already" in said


def nat_on(lab: LabHost, *words: str) -> None:
    """Let pf look into the anchors of chyves, and put bridge1 behind NAT."""
    (lab.root / "etc/pf.conf").write_text('nat-anchor "chyves/*"\n')
    lab.run("pfctl", "-e", "-f", "/etc/pf.conf")
    lab.run("ifconfig", "tap50", "create", "description", "mine")
    lab.run("ifconfig", "bridge1", "create", "addm", "tap50", "up")
    lab.chyves("network", "bridge1", "nat", *words)


def rules(lab: LabHost) -> str:
    """Return the rules of bridge1's anchor."""
    return lab.run("pfctl", "-a", "chyves/bridge1", "-s", "nat").stdout


@pytest.mark.parametrize("fault", ["zfs:2:kill-after", "pkill:1:kill-after", "pfctl:3:kill"])
def test_nat_that_is_half_taken_away_is_ended_by_the_same_command_or_the_doctor(
    lab: LabHost, fault: str
) -> None:
    before = interfaces(lab)
    nat_on(lab, "10.0.0.1/24", "dhcp")
    off = ("network", "bridge1", "nat", "off")
    lab.chyves(*off, status=None, CHYVES_LAB_FAIL=fault)
    assert "from 10.0.0.0/24" in rules(lab)
    assert "chyves.global:bridge1_nat" not in own_properties(lab, ROOT)
    if fault.startswith("zfs"):
        assert "bridge1\tis behind NAT unasked\t" in lab.chyves("doctor", "-H", status=1).stdout
        lab.chyves("doctor", "--fix", "-y", status=None)
    else:
        lab.chyves(*off)
    assert rules(lab) == ""
    assert "inet 10.0.0.1" not in interfaces(lab)
    assert list((lab.root / "var/run/chyves/nat").iterdir()) == []
    lab.run("ifconfig", "bridge1", "destroy")
    lab.run("ifconfig", "tap50", "destroy")
    assert interfaces(lab) == before


def test_nat_comes_and_goes_with_the_taps_that_are_moved(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    lab.run("ifconfig", "tap50", "create", "description", "chyves:web1:tap50", "up")
    lab.run("ifconfig", "bridge0", "create", "description", "chyves:bridge0", "addm", "tap50", "up")
    lab.run("zfs", "set", "chyves.global:bridge1_nat=10.0.0.1/24", ROOT)
    before = lab.everything(), interfaces(lab)
    join = ("network", "bridge1", "join", "tap50")
    assert "bridge1: NAT needs pf" in lab.chyves(*join, status=4).stderr
    assert (lab.everything(), interfaces(lab)) == before
    (lab.root / "etc/pf.conf").write_text('nat-anchor "chyves/*"\n')
    lab.run("pfctl", "-e", "-f", "/etc/pf.conf")
    lab.chyves(*join)
    assert "from 10.0.0.0/24" in rules(lab) and "inet 10.0.0.1" in interfaces(lab)
    lab.chyves("network", "bridge1", "migrate", "bridge0")
    assert rules(lab) == "" and interfaces(lab) == before[1]


def test_the_doctor_sees_nat_that_is_not_as_designed(lab: LabHost, tmp_path: Path) -> None:
    nat_on(lab, "10.0.0.1/24")
    # What `service pf restart` does.
    lab.run("pfctl", "-a", "chyves/bridge1", "-F", "nat")
    said = lab.chyves("doctor", "-H", status=1).stdout
    assert "bridge1\tis not behind NAT as designed, 10.0.0.1/24" in said
    lab.chyves("doctor", "--fix", "-y", status=None)
    assert "from 10.0.0.0/24" in rules(lab)
    # By other hands: another network, an uplink, and the bridge destroyed.
    lab.run("zfs", "set", "chyves.global:bridge1_nat=10.9.0.1/24", ROOT)
    lab.chyves("doctor", "--fix", "-y", status=None)
    shown = interfaces(lab)
    assert "from 10.9.0.0/24" in rules(lab)
    assert "inet 10.9.0.1" in shown and "inet 10.0.0.1" not in shown
    lab.run("zfs", "set", "chyves.global:bridge1_phy_attach=em1", ROOT)
    said = lab.chyves("doctor", "-H", status=1).stdout
    assert "bridge1\tcan't be behind NAT: is attached to em1, NAT is for private bridges" in said
    lab.run("ifconfig", "bridge1", "destroy")
    assert "bridge1\thas gone, and left" in lab.chyves("doctor", "-H", status=1).stdout
    lab.chyves("doctor", "--fix", "-y", status=None)
    assert rules(lab) == ""
