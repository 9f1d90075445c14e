"""bhyvectl(8): look at a VM, stop it, destroy it."""

from __future__ import annotations

import sys
import time

from chyves_core.lab.bhyve import vmm
from chyves_core.lab.bhyve.ctl_texts import OPTIONS, STATISTICS, USAGE
from chyves_core.lab.home import Lab
from chyves_core.lab.host.sysctl import sysctl_value

EEXIST, EINVAL, EALREADY = 17, 22, 37
BOOTROM_SPACE = 16384
ENTRY = "0x000000000000fff0"


def main(arguments: list[str], lab: Lab) -> int:
    """Do what the options ask of one VM; 255 where the kernel refuses it."""
    options: dict[str, str] = {}
    for word in arguments:
        name, _, value = word.partition("=")
        known = [option for option in OPTIONS if option.startswith(name)] if len(name) > 2 else []
        exact = name if name in OPTIONS else known[0] if len(known) == 1 else None
        if exact is None:
            print(f"bhyvectl: unrecognized option `{word}'\n{USAGE}", file=sys.stderr)
            return 1
        options[exact] = value
    if "--vm" not in options:
        print(USAGE, file=sys.stderr)
        return 1
    return _act(options.pop("--vm"), options, lab)


def _act(name: str, options: dict[str, str], lab: Lab) -> int:
    with lab.lock("vmm"):
        state = vmm.read_vm(lab, name)
        if "--create" in options:
            if state is not None:
                return _error(EEXIST)
            if not vmm.is_valid_name(name, lab.freebsd):
                return _error(EINVAL)
            if lab.is_root:
                state = vmm.new_vm()
                vmm.write_vm(lab, name, state)
        if state is None or not lab.is_root:
            reason = "No such file or directory" if state is None else "Permission denied"
            print(f"vm_open: {name} could not be opened: {reason}", file=sys.stderr)
            return 1
        status = _show(state, options, lab)
        if status == 0:
            status = _change(name, state, options, lab)
    return status


def _error(number: int) -> int:
    print(f"errno = {number}")
    return 255


def _show(state: vmm.VmState, options: dict[str, str], lab: Lab) -> int:
    """Print what the `--get` options ask for, in the order in which bhyvectl does it."""
    cpu = options.get("--cpu", "0")
    cpus = state["active"] or 1
    if "--get-memseg" in options or "--get-all" in options:
        _show_segments(state)
    if "--get-memmap" in options or "--get-all" in options:
        _show_map(state, lab)
    if "--get-rtc-time" in options:
        now = int(time.time())
        date = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(now))
        print(f"rtc time 0x{now:08x}: {date}")
    if "--get-rip" in options or "--get-all" in options:
        if not cpu.isdecimal() or int(cpu) >= cpus:
            return _error(EINVAL)
        print(f"rip[{cpu}]\t\t{ENTRY}")
    if "--get-active-cpus" in options:
        numbers = " ".join(str(number) for number in range(state["active"]))
        print(f"active cpus:\t {numbers or '(none)'}")
    if "--get-suspended-cpus" in options:
        stopped = range(state["active"]) if state["suspended"] else range(0)
        print(f"suspended cpus:\t {' '.join(str(number) for number in stopped) or '(none)'}")
    if "--get-stats" in options and cpu.isdecimal() and int(cpu) < cpus:
        print(f"vcpu{cpu} stats:")
        print("\n".join(f"{text:<40}\t0" for text in STATISTICS))
    if "--get-cpu-topology" in options:
        sockets, cores, threads = state["topology"]
        most = sysctl_value(lab, "hw.vmm.maxcpu")
        shape = f"sockets={sockets}, cores={cores}, threads={threads}"
        print(f"cpu_topology:\t{shape}, maxcpus={most}")
    return 0


def _size(kilobytes: int) -> str:
    """Return kilobytes as bhyvectl does: in the largest unit, as long as it has two digits."""
    megabytes = kilobytes // 1024
    return f"{megabytes}MB" if kilobytes % 1024 == 0 and megabytes >= 100 else f"{kilobytes}KB"


def _show_segments(state: vmm.VmState) -> None:
    print("ID  Length      Name")
    segments = [(state["memory"] // 1024, "sysmem")] if state["memory"] else []
    if state["bootrom"]:
        segments.append((BOOTROM_SPACE, "bootrom"))
    if state["framebuffer"]:
        segments.append((BOOTROM_SPACE, "framebuffer"))
    for number, (kilobytes, name) in enumerate(segments):
        print(f"{number:<4}{_size(kilobytes):<12}{name}")


def _show_map(state: vmm.VmState, lab: Lab) -> None:
    print("Address     Length      Segment     Offset      Prot  Flags")
    rows: list[tuple[int, str, str, int, str]] = []
    if state["memory"]:
        rows.append((0, _size(state["memory"] // 1024), "sysmem", 0, "RWX"))
    if state["framebuffer"]:
        rows.append((0xC0000000, _size(BOOTROM_SPACE), "framebuffer", 0, "RW-"))
    if state["bootrom"]:
        rom = lab.path_or_own(state["bootrom"])
        size = rom.stat().st_size if rom.exists() else 4096
        offset = (16 << 20) - size
        length = f"{size // 1024}KB" if size > 4096 else f"{size}B"
        rows.append((0xFF000000, "4096B", "bootrom", 0, "R--"))
        rows.append((0xFF000000 + offset, length, "bootrom", offset, "R-X"))
    for start, length, name, offset, protection in rows:
        print(f"{start:<12X}{length:<12}{name:<12}{offset:<12X}{protection:<6}")


def _change(name: str, state: vmm.VmState, options: dict[str, str], lab: Lab) -> int:
    if "--inject-nmi" in options:
        vmm.give_order(lab, name, "nmi")
    for option, order in (("--force-reset", "reset"), ("--force-poweroff", "poweroff")):
        if option not in options:
            continue
        if state["suspending"] or state["suspended"]:
            return _error(EALREADY)
        state["suspending"] = True
        vmm.write_vm(lab, name, state)
        if vmm.is_running(state):
            vmm.give_order(lab, name, order)
    if "--destroy" in options:
        vmm.destroy_vm(lab, name)
    return 0
