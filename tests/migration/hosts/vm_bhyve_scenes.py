"""What hosts with vm-bhyve really have: guests of all kinds, in datasets and in a plain folder."""

from __future__ import annotations

from tests.migration.hosts.vm_bhyve import VmBhyve

UEFI = {"graphics": "yes", "graphics_res": "1600x900", "xhci_mouse": "yes", "uefi_vars": "yes"}
VARIABLES = b"variables".ljust(4096)
ZVOL = {"disk0_name": "disk0", "disk0_dev": "zvol"}


def fill(
    vm: VmBhyve,
    pool: str = "tank",
    *,
    prefix: str = "",
    nics: tuple[str, str] = ("em0", "em1"),
    uefi: str = "uefi",
) -> list[str]:
    """Make guests of all kinds, one with a disk that is POOL/data; returns their names."""
    bsd, odd, win = names = [f"{prefix}{name}" for name in ("bsd", "odd", "win")]
    vm.run("zfs", "create", "-V", "16M", "-o", "volmode=dev", f"{pool}/data")
    vm.switch("public", ports=nics[0])
    vm.switch("inside", addr="10.0.0.1/24")
    vm.switch("dmz", ports=nics[1], vlan="7")
    vm.create(bsd, **ZVOL, disk1_type="virtio-blk", disk1_name="disk1", disk1_dev="zvol")
    vm.create(win, loader=uefi, **UEFI, disk0_type="ahci-hd", disk0_opts="sectorsize=512")
    vm.path(f"{win}/uefi-vars.fd").write_bytes(VARIABLES)
    more = {f"network1_{key}": value for key, value in (("type", "virtio-net"), ("switch", "dmz"))}
    vm.create(odd, **ZVOL, **more, network0_switch="inside", virt_random="yes", prestart="x.sh")
    vm.configure(f"{odd}/{odd}.conf", bhyve_options="-W", disk1_name=f"/dev/zvol/{pool}/data")
    vm.configure(f"{odd}/{odd}.conf", disk1_type="ahci-hd", disk1_dev="custom")
    for number, name in enumerate(names):
        vm.first_start(name, number)
    vm.run("sysrc", f"vm_list={win} {bsd}", "vm_delay=7")
    return names


def fill_folder(vm: VmBhyve, name: str) -> None:
    """Make a guest whose two disks are files, with a word at the begin of the first one."""
    vm.create(name, "2M", disk1_type="virtio-blk", disk1_name="more.img")
    vm.first_start(name, 9)
    vm.path(f"{name}/disk0.img").write_bytes(b"system".ljust(2 << 20, b"\0"))
