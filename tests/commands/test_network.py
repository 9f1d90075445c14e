"""`chyves network GUEST`: interfaces that guests get and lose, with all that is theirs."""

from __future__ import annotations

import os
import signal

import pytest

from tests.commands.conftest import interfaces, until
from tests.commands.whole_guests import make_whole_guests, outside, own_properties
from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"


@pytest.fixture
def two(lab: LabHost) -> LabHost:
    """A lab with the guests web1 and web10."""
    slots = {"pci_slots": "disk0=4"}
    make_whole_guests(lab, ["web1", "web10"], **slots)
    lab.forget_commands()
    return lab


def own(lab: LabHost, guest: str = "web1") -> dict[str, str]:
    """Return the properties of a guest, without their prefix."""
    found = own_properties(lab, f"zroot/chyves/guests/{guest}")
    return {name.removeprefix("chyves:"): value for name, value in found.items()}


def test_a_new_interface_gets_the_next_tap_an_address_a_bridge_and_a_slot(two: LabHost) -> None:
    before = outside(two, "web1")
    said = two.output("network", "web1", "add", "tap")
    values = own(two)
    assert values["net_ifaces"] == "tap50,tap52"
    assert values["tap52_bridge"] == "bridge0"
    assert values["tap52_mac"].startswith("58:9c:fd:")
    assert values["pci_slots"] == "disk0=4,tap50=16,tap52=17"
    assert said == f"web1: tap52 added on bridge0, {values['tap52_mac']}, PCI slot 17"
    assert len([argv for argv in two.commands("zfs") if argv[1] == "set"]) == 1
    assert outside(two, "web1") == before


def test_the_guest_may_come_first_and_name_tap_and_bridge(two: LabHost) -> None:
    two.chyves("web1", "network", "add", "tap70", "bridge7")
    two.chyves("network", "web1", "add", "vale0:1")
    values = own(two)
    assert values["net_ifaces"] == "tap50,tap70,vale0:1"
    assert values["tap70_bridge"] == "bridge7"
    assert "vale0:1_bridge" not in values
    assert values["vale0:1_mac"] != values["tap70_mac"]


@pytest.mark.parametrize(
    ("status", "words", "said"),
    [
        (4, "web1 add tap50", "has tap50 already"),
        (4, "web1 add tap51", "taken by web10"),
        (4, "web1 add tap60", "in use by 'mine'"),
        (2, "web1 add em0", "an interface is tap"),
        (2, "web1 add tap١", "an interface is tap"),
        (2, "web1 add tap br0", "a bridge is bridge{n}"),
        (2, "web1 add vale0 bridge0", "on a switch of its own"),
        (2, "web1 add", "what?"),
        (2, "web1 frob", "is nothing that can be done"),
        (2, "bridge0 attach", "what?"),
        (2, "web1 remove --vlan 3 tap50", "option of attach"),
        (3, "web add tap", "no such guest"),
        (2, "web1,web10 add tap", "this is for one guest at a time"),
        (3, "web1 remove tap51", "has no interface tap51"),
        (3, "bridge0 join tap5", "no guest has it"),
        (4, "bridge1 unjoin tap50", "is in bridge0, not in bridge1"),
        (3, "bridge9 migrate bridge0x", "a bridge is"),
        (4, "bridge0 migrate bridge0", "is that bridge already"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    two: LabHost, status: int, words: str, said: str
) -> None:
    two.run("ifconfig", "tap60", "create", "description", "mine")
    before = two.everything(), interfaces(two)
    done = two.chyves("network", *words.split(), status=2 if "bridge0x" in words else status)
    assert said in done.stderr
    assert (two.everything(), interfaces(two)) == before


def test_a_dry_run_changes_nothing(two: LabHost) -> None:
    before = two.everything(), interfaces(two)
    for words in (
        "web1 add tap",
        "web1 remove tap50",
        "bridge0 attach em1 --vlan 7",
        "bridge0 default",
        "bridge3 join tap50",
        "bridge0 unjoin tap50",
        "bridge0 migrate bridge1",
    ):
        assert two.output("network", *words.split(), "-n").startswith("zfs "), words
    assert (two.everything(), interfaces(two)) == before


def test_all_of_an_interface_goes_with_it_and_the_others_keep_their_slots(two: LabHost) -> None:
    two.chyves("network", "web1", "add", "tap")
    two.chyves("network", "web1", "remove", "tap50")
    values = own(two)
    assert values["net_ifaces"] == "tap52"
    assert not {name for name in values if name.startswith("tap50")}
    assert values["pci_slots"] == "disk0=4,tap52=17"


@pytest.mark.parametrize("moment", ["kill", "kill-after"])
@pytest.mark.parametrize("call", [3, 4])
def test_a_removal_that_was_killed_is_ended_by_the_same_command(
    two: LabHost, call: int, moment: str
) -> None:
    words = ("network", "web1", "remove", "tap50")
    killed = two.chyves(*words, status=None, CHYVES_LAB_FAIL=f"zfs:{call}:{moment}")
    assert killed.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    assert "was interrupted" in two.chyves("web1", "rename", "web2", status=4).stderr
    two.chyves(*words)
    values = own(two)
    assert values["net_ifaces"] == ""
    assert not {name for name in values if name.startswith("tap50")}


def test_a_running_guest_gets_and_loses_interfaces_when_it_boots_again(guest: LabHost) -> None:
    guest.chyves("web1", "set", "eject_iso_on_n_reboot=0")
    guest.chyves("web1", "start", "os.iso")
    said = guest.output("network", "web1", "add", "tap51")
    assert said.endswith("is running, it sees the change when it starts the next time, or reboots")
    guest.chyves("network", "web1", "remove", "tap50")
    assert "tap51" not in interfaces(guest)
    assert "Opened by PID" in guest.run("ifconfig", "tap50").stdout
    guest.chyves("web1", "reload")
    until(lambda: "Opened by PID" in guest.run("ifconfig", "tap51", status=None).stdout)
    assert "tap50" not in interfaces(guest)
    assert "tap51 flags=" in guest.run("ifconfig", "bridge0").stdout


def test_a_guest_on_a_vale_switch_needs_netmap_in_the_kernel(guest: LabHost) -> None:
    guest.chyves("network", "web1", "add", "vale0:1")
    os.unlink(guest.root / "dev/netmap")
    done = guest.chyves("web1", "start", "os.iso", status=4)
    assert "vale0:1 needs netmap(4)" in done.stderr
    assert "tap50" not in interfaces(guest)
