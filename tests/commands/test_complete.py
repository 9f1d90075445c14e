"""What completion knows of a host: it asks ZFS and ifconfig, and never Python."""

from __future__ import annotations

import pytest
from bulk_guests import make_guests


@pytest.fixture
def complete(lab):
    own = {
        "ram": "1G",
        "net_ifaces": "tap50,tap51",
        "tap50_mac": "02:00:00:00:00:01",
        "tap50_bridge": "bridge3",
        "pcidev_0": "passthru,2/0/0",
        "com2": "/dev/nmdm70A",
        "groups": "web",
    }
    make_guests(lab, {"web1": own, "web10": {}}, disks=2)
    lab.run("zfs", "snapshot", "zroot/chyves/guests/web1@monday")
    lab.chyves("global", "set", "bridge7_phy_attach=em1", "tap_start_offset=60")
    lab.forget_commands()
    return lambda *words: lab.output("complete", *words).split()


def test_what_a_guest_has_and_what_it_could_have_are_offered(complete, lab):
    for line, candidates in {
        "web1 get tap": "tap50_bridge tap50_mac",
        "web1 set pci": "pcidev_0= pcidev_1=",
        "web1 set virtio_b": "virtio_block_options_disk0= virtio_block_options_disk1=",
        "web1 unset ": "com2 pcidev_0 tap50_bridge tap50_mac",
        "web10 unset ": "",
        "global unset ": "bridge7_phy_attach tap_start_offset",
        "web1 set tap50_bridge=": "bridge0 bridge3 bridge7",
        "web1 set revert_to_snapshot=": "@monday",
        "web10 set revert_to_snapshot=": "",
        "web1 set groups=": "web",
        "global set bridge0_phy_attach=e": "em0 em1",
        "network web1 remove ": "tap50 tap51",
        "network web10 remove ": "",
        "network bridge0 join ": "tap50 tap51",
        "network bridge0 attach e": "em0 em1",
        "network web1 add tap ": "bridge0 bridge3 bridge7",
        "web1 snapshot delete ": "@monday",
        "web10 group add ": ":web",
        "start :": ":web",
        "list global ": "primary tank zroot",
        "help tut": "tutorial",
        "help snap": "snapshot",
    }.items():
        given = complete(*line.split(" "))
        assert [each.rpartition("=")[2] or each for each in given] == candidates.split(), line
    assert {argv[0] for argv in lab.commands()} <= {"zfs", "zpool", "ifconfig"}
