"""Kernel modules: which files there are, what is in them, and which are loaded."""

from __future__ import annotations

from typing import NamedTuple

from chyves_core.lab.host.state import HostState

KERNEL_ADDRESS, KERNEL_SIZE = 0xFFFFFFFF80200000, 0xB26290
BUILT_IN = {
    "if_lo": 123,
    "newreno": 126,
    "mld": 127,
    "igmp": 125,
    "elf64": 110,
    "shell": 111,
    "pseudofs": 96,
    "cryptodev": 128,
    "virtio": 129,
    "ufs": 130,
}
"""Modules in the kernel and their numbers (captures host kldstat-v)."""

KERNEL_REFERENCES = 1


class ModuleFile(NamedTuple):
    """One file of /boot/kernel: where it is loaded, the modules in it with their numbers, what
    it needs, and how many references to the kernel it adds (captures host kldload-several)."""

    address: int
    size: int
    modules: tuple[tuple[str, int], ...]
    needs: tuple[str, ...] = ()
    references: int = 2


FILES: dict[str, ModuleFile] = {
    "vmm.ko": ModuleFile(
        0xFFFFFFFF81000000,
        0x5390A8,
        (("acpi/ivhd", 174), ("pci/amdiommu", 173), ("pci/ppt", 172), ("vmm", 171)),
        references=5,
    ),
    "nmdm.ko": ModuleFile(0xFFFFFFFF80F18000, 0x21CC, (("nmdm", 175),)),
    "if_bridge.ko": ModuleFile(
        0xFFFFFFFF80F1B000, 0x7638, (("if_bridge", 177),), ("bridgestp.ko",), 5
    ),
    "bridgestp.ko": ModuleFile(0xFFFFFFFF80F23000, 0x50D8, (("bridgestp", 176),), (), 3),
    "if_tuntap.ko": ModuleFile(
        0xFFFFFFFF80F29000, 0x5AE8, (("if_tap", 180), ("if_tun", 179), ("if_tuntap", 178)), (), 3
    ),
    "if_tap.ko": ModuleFile(0xFFFFFFFF80F29000, 0x4F10, (("if_tap", 180),), (), 3),
    "if_epair.ko": ModuleFile(0xFFFFFFFF80F2F000, 0x3A64, (("if_epair", 181),)),
    "if_vlan.ko": ModuleFile(0xFFFFFFFF80F40000, 0x4D30, (("if_vlan", 182),)),
    "zfs.ko": ModuleFile(0xFFFFFFFF81600000, 0x3AAE30, (("zfs", 183),), ("xdr.ko",), 8),
    "xdr.ko": ModuleFile(0xFFFFFFFF80F33000, 0x3178, (("xdr", 184),)),
    "ng_ether.ko": ModuleFile(0xFFFFFFFF80F50000, 0x41A8, (("ng_ether", 185),), ("netgraph.ko",)),
    "netgraph.ko": ModuleFile(0xFFFFFFFF80F56000, 0xC2F0, (("netgraph", 186),)),
    "ng_socket.ko": ModuleFile(0xFFFFFFFF80F5A000, 0x3C10, (("ng_socket", 189),), ("netgraph.ko",)),
    "ng_bridge.ko": ModuleFile(0xFFFFFFFF80F5E000, 0x2E90, (("ng_bridge", 190),), ("netgraph.ko",)),
    "netmap.ko": ModuleFile(0xFFFFFFFF80F70000, 0x1C000, (("netmap", 187),)),
    "pf.ko": ModuleFile(0xFFFFFFFF81A00000, 0x59F70, (("pf", 188),)),
    "ctl.ko": ModuleFile(0xFFFFFFFF81B00000, 0x35A28, (("ctl", 189),)),
}


class ModuleError(Exception):
    """Why a module could not be loaded or unloaded, in the words of the kernel."""


def file_name(name: str, freebsd: tuple[int, int]) -> str | None:
    """Return the file that kldload(8) takes for a name, or None where there is none.

    Up to 12 tap(4) is if_tap.ko, since 13 it is in if_tuntap.ko (osreldate 1300029).
    """
    base = name.rpartition("/")[2]
    if name.startswith("./") or ("/" in name and not name.startswith("/boot/")):
        return None
    file = base if base.endswith(".ko") else f"{base}.ko"
    if file in ("if_tap.ko", "if_tun.ko", "if_tuntap.ko"):
        file = "if_tuntap.ko" if freebsd >= (13, 0) else file
        return file if freebsd >= (13, 0) or file == "if_tap.ko" else None
    return file if file in FILES else None


def loaded_files(state: HostState) -> list[str]:
    """Return the loaded files in the order of their numbers; the first has number 2."""
    return list(state["modules"])


def has_module(state: HostState, module: str) -> bool:
    """Return whether a module of that name is loaded or in the kernel."""
    if module in BUILT_IN:
        return True
    return any(module == name for file in loaded_files(state) for name, _ in FILES[file].modules)


def load(state: HostState, name: str, freebsd: tuple[int, int]) -> int:
    """Load a file and what it needs; return its number. Raises ModuleError."""
    file = file_name(name, freebsd)
    if file in loaded_files(state) or name in BUILT_IN:
        raise ModuleError("module already loaded or in kernel")
    if file is None:
        raise ModuleError("No such file or directory")
    state["modules"].append(file)
    for needed in FILES[file].needs:
        if needed not in state["modules"]:
            state["modules"].append(needed)
    return file_id(state, file)


def ensure(state: HostState, name: str, freebsd: tuple[int, int]) -> None:
    """Load a file unless it is loaded, as ifconfig(8) and bhyve(8) do by themselves."""
    file = file_name(name, freebsd)
    if file is not None and file not in loaded_files(state):
        load(state, name, freebsd)


def unload(state: HostState, file: str) -> None:
    """Unload a file and what only it needed."""
    state["modules"].remove(file)
    for needed in FILES[file].needs:
        if not any(needed in FILES[other].needs for other in state["modules"]):
            state["modules"].remove(needed)


def file_id(state: HostState, file: str) -> int:
    """Return the number of a loaded file as kldstat(8) shows it."""
    return loaded_files(state).index(file) + 2


def kernel_references(state: HostState) -> int:
    """Return how often the kernel itself is referred to."""
    return KERNEL_REFERENCES + sum(FILES[file].references for file in loaded_files(state))
