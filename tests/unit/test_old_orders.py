"""Guests of iohyve and of the old chyves keep the PCI slots that they had (from their sources)."""

from __future__ import annotations

from chyves_core.bhyve.old_orders import ShellHost, chyves_sh_order, iohyve_order
from chyves_core.bhyve.slots import Place, assign, show_slots

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


def test_the_old_chyves_gave_each_device_a_slot() -> None:
    places = chyves_sh_order(DISKS, TAPS, {"pcidev_1": "virtio-rnd"}, tablet=True)
    assert show_slots(places) == "disk0=4,disk1=5,tap0=7,tap1=8,pcidev_1=9"


def test_with_consolidated_devices_eight_of_a_kind_shared_a_slot() -> None:
    disks = [f"disk{n}" for n in range(9)]
    custom = {"pcidev_1": "virtio-rnd", "pcidev_2": "passthru,10/0/0", "pcidev_3": "ahci-cd,/a"}
    custom |= {"pcidev_4": "passthru,2/0/1", "pcidev_5": "passthru,2/0/0"}
    places = chyves_sh_order(disks, TAPS, custom, consolidates=True)
    assert show_slots(places) == (
        "disk0=4,disk1=4:1,disk2=4:2,disk3=4:3,disk4=4:4,disk5=4:5,disk6=4:6,disk7=4:7,disk8=5"
        ",tap0=6,tap1=6:1,pcidev_5=7,pcidev_4=7:1,pcidev_2=8,pcidev_3=9,pcidev_1=10"
    )


def test_disks_shared_one_controller_where_the_old_chyves_knew_that_bhyve_could() -> None:
    places = chyves_sh_order(DISKS, TAPS, {}, shares_ahci=True, consolidates=True)
    assert show_slots(places) == "disk0=4.0,disk1=4.1,tap0=5,tap1=5:1"
    alone = chyves_sh_order(("disk0",), TAPS, {}, shares_ahci=True)
    assert show_slots(alone) == "disk0=4,tap0=5,tap1=6"
    many = [f"disk{n}" for n in range(34)]
    assert chyves_sh_order(many, TAPS, {}, shares_ahci=True)["disk33"] == Place(5, 0, 1)
    yes, no = ShellHost(1204000, True), ShellHost(1204000, False)
    assert yes.shares_ahci(300, "ahci-hd") and not yes.shares_ahci(300, "virtio-blk")
    assert no.shares_ahci(202, "ahci-hd") and not no.shares_ahci(300, "ahci-hd")
    assert not ShellHost(1302001, True).shares_ahci(300, "ahci-hd")


def test_a_uefi_guest_of_the_old_chyves_saw_three_disks_or_one() -> None:
    four = [f"disk{n}" for n in range(4)]
    assert show_slots(chyves_sh_order(four, ("tap0",), {}, uefi=True)) == "disk0=4,tap0=5"
    three = chyves_sh_order(four[:3], ("tap0",), {}, uefi=True)
    assert show_slots(three) == "disk0=4,disk1=5,disk2=6,tap0=7"


def test_more_devices_than_slots_shared_them() -> None:
    taps = [f"tap{n}" for n in range(26)]
    places = chyves_sh_order(("disk0",), taps, {})
    assert (places["tap0"], places["tap1"], places["tap2"]) == (Place(5), Place(5, 1), Place(6))


def test_a_device_that_is_added_later_moves_none_of_the_old_ones() -> None:
    old = chyves_sh_order(DISKS, TAPS, {}, shares_ahci=True)
    new = assign(old, ("disk2", "tap9"), ahci=("disk0", "disk1", "disk2"))
    assert {name: new[name] for name in old} == old
    assert show_slots(new) == "disk0=4.0,disk1=4.1,tap0=5,tap1=6,disk2=7,tap9=16"
