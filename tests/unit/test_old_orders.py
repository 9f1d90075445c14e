"""Guests of iohyve and of the old chyves keep the PCI slots that they had (from their sources)."""

from __future__ import annotations

from chyves_core.bhyve.old_orders import chyves_sh_order, iohyve_order
from chyves_core.bhyve.slots import assign, show_slots

DISKS = ("disk0", "disk1")
TAPS = ("tap0", "tap1")


def test_iohyve_gave_one_slot_after_the_other_behind_host_bridge_and_lpc() -> None:
    places = iohyve_order(("disk0",), ("pcidev_1", "pcidev_2"), TAPS, uefi=False)
    assert show_slots(places) == "disk0=2,pcidev_1=3,pcidev_2=4,tap0=5,tap1=6"


def test_iohyves_uefi_guests_had_the_lpc_bridge_elsewhere() -> None:
    places = iohyve_order(("disk0",), ("pcidev_1",), TAPS, uefi=True)
    assert show_slots(places) == "disk0=1,pcidev_1=2,tap0=3,tap1=4"


def test_uefi_guests_of_an_older_iohyve_had_fixed_slots() -> None:
    places = iohyve_order(("disk0",), ("pcidev_1",), TAPS, uefi=True, before_vnc=True)
    assert show_slots(places) == "disk0=4,pcidev_1=5,tap1=6,tap0=10"


def test_the_old_chyves_put_the_disks_on_one_controller_from_freebsd_12_on() -> None:
    places = chyves_sh_order(DISKS, TAPS, ("pcidev_1",), osreldate=1200086, tablet=False)
    assert show_slots(places) == "disk0=4.0,disk1=4.1,tap0=5,tap1=6,pcidev_1=7"


def test_the_old_chyves_gave_a_single_disk_and_disks_of_freebsd_11_slots_of_their_own() -> None:
    alone = chyves_sh_order(("disk0",), TAPS, (), osreldate=1302001, tablet=True)
    assert show_slots(alone) == "disk0=4,tap0=6,tap1=7"
    old = chyves_sh_order(DISKS, ("tap0",), (), osreldate=1100122, tablet=False)
    assert show_slots(old) == "disk0=4,disk1=5,tap0=6"


def test_a_device_that_is_added_later_moves_none_of_the_old_ones() -> None:
    old = chyves_sh_order(DISKS, TAPS, (), osreldate=1302001, tablet=False)
    new = assign(old, ("disk2", "tap9"), ahci=("disk0", "disk1", "disk2"))
    assert {name: new[name] for name in old} == old
    assert show_slots(new) == "disk0=4.0,disk1=4.1,tap0=5,tap1=6,disk2=7,tap9=16"
