"""Guests of vm-bhyve come here as they were, from datasets and from plain folders."""

from __future__ import annotations

import pytest

from tests.commands.whole_guests import own_properties
from tests.conftest import LabHost
from tests.migration.hosts.vm_bhyve import VmBhyve
from tests.migration.hosts.vm_bhyve_scenes import VARIABLES, ZVOL, fill, fill_folder
from tests.migration.looking import below, planned
from tests.migration.seen import Seen, see

ZVOL_PARTS = {"type": "ahci-hd", "dev": "zvol"}
NOTHING = "there is nothing to import"


def same(lab: LabHost, name: str, old: Seen) -> None:
    """Check that a guest sees what it has seen."""
    new = see(planned(lab, name)[name])
    assert new.devices == old.devices
    assert (new.cpu, new.ram, new.flags, new.uuid) == (old.cpu, old.ram, old.flags, old.uuid)
    assert (sorted(new.screen), new.has_firmware) == (sorted(old.screen), old.has_firmware)


@pytest.fixture
def vm(lab: LabHost) -> VmBhyve:
    """vm-bhyve with its guests in datasets of zroot/vm."""
    firmware = lab.root / "usr/local/share/uefi-firmware"
    firmware.mkdir(parents=True, exist_ok=True)
    (firmware / "BHYVE_UEFI.fd").write_bytes(b"f" * 4096)
    return VmBhyve(lab.run, lab.root, "zfs:zroot/vm")


def test_guests_in_datasets_see_the_same_machine(lab: LabHost, vm: VmBhyve) -> None:
    names = fill(vm)
    vm.snapshot("win", "a")
    lines = {name: see(vm.line(name)) for name in names}
    shown = lab.chyves("import", "vm-bhyve", "-y").stdout
    for name, old in lines.items():
        same(lab, name, old)
    assert "prestart=x.sh" in shown and "sysrc vm_enable=NO" in shown
    assert lab.output("list", "-H", "-o", "name,rcboot") == "bsd\t1\nodd\t0\nwin\t2"
    odd = own_properties(lab, "zroot/chyves/guests/odd")
    bridges = [value for name, value in sorted(odd.items()) if name.endswith("_bridge")]
    assert bridges == ["bridge1", "bridge2"]
    settings = own_properties(lab, "zroot/chyves")
    assert settings["chyves.global:bridge0_phy_attach"] == "em0"
    assert settings["chyves.global:bridge1_phy_attach"] == "private"
    assert settings["chyves.global:bridge2_phy_attach"] == "vlan7"
    assert settings["chyves.global:vlan7_parent"] == "em1"
    folder = lab.root / "chyves/zroot/guests/win"
    assert (folder / "uefi_vars.fd").read_bytes() == VARIABLES
    assert "zroot/chyves/guests/win@a" in lab.datasets()
    assert "sysrc vm_enable=NO" in lab.chyves("doctor", status=1).stdout
    lab.run("sysrc", "vm_enable=NO")
    assert lab.output("doctor") == "nothing is wrong"
    assert "there is nothing to import" in lab.chyves("import", "vm-bhyve", "-y").stdout


def test_guests_go_back_and_come_again(lab: LabHost, vm: VmBhyve) -> None:
    names = fill(vm)
    vm.snapshot("bsd", "a")
    before = below(lab, "zroot/vm")
    lines = {name: see(vm.line(name)) for name in names}
    lab.chyves("import", "vm-bhyve", "-yq")
    here = below(lab, "zroot/chyves/guests")
    lab.chyves("export", "--to", "vm-bhyve", ",".join(names), "-yq")
    after = [line for line in below(lab, "zroot/vm") if "\tchyves:" not in line]
    assert after == before
    for name, old in lines.items():
        assert see(vm.line(name)).devices == old.devices
        assert "chyves:chyves_guest_version" not in own_properties(lab, f"zroot/vm/{name}")
    assert vm.read("odd")["prestart"] == "x.sh"
    assert vm.path("win/uefi-vars.fd").read_bytes() == VARIABLES
    lab.chyves("import", "vm-bhyve", "-yq")
    assert below(lab, "zroot/chyves/guests") == here


def test_guests_in_plain_folders_get_volumes_and_stay_where_they_were(lab: LabHost) -> None:
    vm = VmBhyve(lab.run, lab.root, "/srv/vm")
    vm.switch("public", ports="em0")
    fill_folder(vm, "bsd")
    old = see(vm.line("bsd"))
    files = {path.name: path.read_bytes() for path in vm.path("bsd").iterdir()}
    words = ("import", "vm-bhyve", "-y")
    for call in range(4, 14, 2):
        lab.chyves(*words, status=None, CHYVES_LAB_FAIL=f"zfs:{call}:kill-after")
    lab.chyves(*words)
    same(lab, "bsd", old)
    device = lab.root / "dev/zvol/zroot/chyves/guests/bsd/disk0"
    assert device.read_bytes()[:6] == b"system"
    assert {path.name: path.read_bytes() for path in vm.path("bsd").iterdir()} == files
    lab.run("sysrc", "vm_enable=NO")
    assert lab.output("doctor") == "nothing is wrong"
    assert not any("copies" in line for line in below(lab, "zroot/chyves"))


def test_a_locked_guest_and_a_missing_disk_are_refused(lab: LabHost, vm: VmBhyve) -> None:
    fill(vm)
    vm.path("win/disk0.img").unlink()
    vm.path("bsd/run.lock").write_text("other.example.net\n")
    before = lab.everything()
    told = lab.chyves("import", "vm-bhyve", "-y", status=4).stdout
    assert "win: /vm/win/disk0.img is not there" in told
    assert "bsd: is locked by other.example.net" in told
    assert lab.everything() == before


def test_switches_of_all_kinds_become_what_chyves_has(lab: LabHost, vm: VmBhyve) -> None:
    for name, kind in (("wires", "netgraph"), ("fast", "vale"), ("far", "vxlan")):
        vm.switch(name, type=kind, **({"ports": "em0", "vlan": "9"} if kind == "vxlan" else {}))
    vm.switch("lan", type="manual", bridge="lan0")
    vm.switch("out", nat="yes")
    lab.run("kldload", "ng_socket", "ng_ether", "ng_bridge", "if_bridge")
    lab.run("ngctl", "-f", "-", stdin="mkpeer em1: bridge lower link0\nname em1:lower wires\n")
    names = [f"network{n}_{part}" for n in range(4) for part in ("type", "switch")]
    words = [w for each in ("wires", "fast", "far", "lan") for w in ("virtio-net", each)]
    vm.create("web", **ZVOL, **dict(zip(names, words, strict=True)))
    vm.create("db", **ZVOL, network0_switch="fast")
    vm.first_start("web")
    old = see(vm.line("web"))
    (vm.root / "dev/netmap").write_text("")
    (vm.path(".templates") / "default.conf").write_text("loader=uefi\n")
    (lab.root / "isos").mkdir()
    (lab.root / "isos/a.iso").write_bytes(b"iso")
    vm.configure(".config/system.conf", datastore_list="isos", path_isos="iso:/isos")
    shown = lab.chyves("import", "vm-bhyve", "web", "--resources", "-y").stdout
    ifaces = lab.output("web", "get", "-H", "net_ifaces").split(",")
    assert [each.rstrip("0123456789") for each in ifaces[2:]] == ["tap"] * 2
    assert ifaces[:2] == ["netgraph0:2", "vale0:0"]
    bridges = [lab.output("web", "get", "-H", f"{each}_bridge") for each in ifaces[2:]]
    settings = own_properties(lab, "zroot/chyves")
    assert settings["chyves.global:netgraph0_phy_attach"] == "em1"
    assert settings[f"chyves.global:{bridges[0]}_phy_attach"] == "vxlan9"
    assert "netgraph0:2=15,vale0:0=15:1,tap" in lab.output("web", "get", "-H", "pci_slots")
    assert lab.output("web", "get", "-H", "netgraph0:2_mac") == old.devices["15"][1]
    assert "whose lower wires has" in lab.chyves("web", "start", "-n", status=4).stderr
    assert "ngctl shutdown wires:" in shown and f"ifconfig lan0 name {bridges[1]}" in shown
    assert "valectl -h vale0:CARD" in shown and "1 template for vm create stay" in shown
    assert "nat 172.16.0.1/24 dhcp" in shown
    # What vm-bhyve makes of the switch's name: md5 -qs far.
    assert "create_args_vxlan9='vxlanid 9 vxlanlocal " in shown
    assert "vxlangroup 239.23.217.101 vxlandev em0'" in shown
    assert lab.output("iso", "list", "-H", "-o", "name") == "a.iso"
    # Later ones are on the same switches.
    lab.chyves("import", "vm-bhyve", "-yq")
    assert lab.output("db", "get", "-H", "net_ifaces") == "vale0:1"
    lab.chyves("export", "--to", "vm-bhyve", "web", "-yq")
    assert [vm.read("web")[f"network{n}_switch"] for n in (0, 1)] == ["wires", "fast"]


def test_older_guests_keep_the_slots_that_their_log_tells(lab: LabHost, vm: VmBhyve) -> None:
    vm.switch("public", ports="em0")
    many = {f"disk{n}_{part}": value for n in (1, 2) for part, value in ZVOL_PARTS.items()}
    many |= {"disk1_name": "disk1", "disk2_name": "disk2", "disk0_type": "ahci-hd"}
    grub = {"loader": "grub", "grub_run0": "linux /vmlinuz", "grub_install1": "boot"}
    vm.create("old", **ZVOL, **many, ahci_device_limit="2", virt_random="yes", **grub)
    vm.first_start("old")
    line = vm.path("old/vm-bhyve.log")
    devices = "-s 0,hostbridge -s 31,lpc -s 4:0,ahci,hd:/x,hd:/y -s 4:1,ahci,hd:/z"
    line.write_text(
        f"Sep 01 [bhyve devices: -s 9:0,virtio-net,tap1]\n"
        f"Sep 02 [bhyve devices: {devices} -s 5:0,virtio-net,tap0,mac=x -s 6:0,virtio-rnd]\n"
    )
    shown = lab.chyves("import", "vm-bhyve", "-y").stdout
    slots = lab.output("old", "get", "-H", "pci_slots")
    assert slots == "disk0=4.0,disk1=4.1,disk2=4:1,tap50=5,random=6"
    assert shown.count("to install anew: the property os, see chyves list profiles") == 1
    assert lab.chyves("import", "vm-bhyve", "-y").stdout.splitlines()[-1:] == [NOTHING]
    assert "GUEST" not in lab.chyves("import", "vm-bhyve", "-y").stdout
