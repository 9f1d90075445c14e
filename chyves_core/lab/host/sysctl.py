"""sysctl(8): read and write the host's variables."""

from __future__ import annotations

import sys
import time

from chyves_core.lab.home import Lab
from chyves_core.lab.host import modules, oids
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.kstats import kstats
from chyves_core.lab.host.release import kernel_version, os_release, osreldate
from chyves_core.lab.host.state import HostState, change_host, read_host

USAGE = """\
usage: sysctl [-bdehiNnoqTtWx] [ -B <bufsize> ] [-f filename] name[=value] ...
       sysctl [-bdehNnoqTtWx] [ -B <bufsize> ] -a"""

VM_NAMES = ("hw.vmm.create", "hw.vmm.destroy")


def main(arguments: list[str], lab: Lab) -> int:
    """Show or set each variable that is named; 1 where one of them failed."""
    try:
        options, names = parse_options(arguments, "AabB:def:hiNnoqTtWwXx")
    except BadOption as bad:
        print(f"sysctl: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    flags = {letter for letter, _ in options}
    if not names and not flags & {"a", "A"}:
        print(USAGE, file=sys.stderr)
        return 1
    status = 0
    for name in names or list(all_values(lab, read_host(lab))):
        status |= _handle(lab, name, flags)
    return status


def sysctl_value(lab: Lab, name: str) -> str | None:
    """Return the value of one variable, or None where the host has none of that name."""
    return all_values(lab, read_host(lab)).get(name)


def all_values(lab: Lab, state: HostState) -> dict[str, str]:
    """Return every variable that the loaded modules offer, in the order of sysctl(8)."""
    values = dict(oids.ALWAYS)
    if modules.has_module(state, "vmm"):
        values |= oids.HW_VMM
    if modules.has_module(state, "if_tap"):
        values |= oids.TAP
    values |= oids.BRIDGE
    if lab.freebsd >= (15, 0):
        values["net.link.bridge.member_ifaddrs"] = "1" if lab.freebsd < (16, 0) else "0"
    values |= {name: str(value) for name, value in state["sysctl"].items() if name in values}
    return values | _computed(lab, values, state)


def _computed(lab: Lab, values: dict[str, str], state: HostState) -> dict[str, str]:
    """Return what follows from the release, the boot and other variables."""
    set_by_hand = state["sysctl"]
    boot = int(lab.settings_file.stat().st_mtime)
    date = time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(boot))
    computed = {
        "kern.osrelease": os_release(lab),
        "kern.osreldate": str(osreldate(lab)),
        "kern.version": kernel_version(lab) + "\n",
        "kern.boottime": f"{{ sec = {boot}, usec = 0 }} {date}",
        "kern.smp.cpus": values["hw.ncpu"],
        "hw.vmm.maxcpu": values["hw.ncpu"] if lab.freebsd >= (13, 2) else "16",
    }
    return {k: v for k, v in computed.items() if k in values and k not in set_by_hand}


def _handle(lab: Lab, text: str, flags: set[str]) -> int:
    name, equals, value = text.partition("=")
    values = kstats(lab) if name.startswith("kstat") else all_values(lab, read_host(lab))
    names = [key for key in values if key == name or key.startswith(f"{name}.")]
    if not names:
        if "i" in flags:
            return 0
        if "q" not in flags:
            print(f"sysctl: unknown oid '{name}'", file=sys.stderr)
        return 1
    if equals:
        return _write(lab, name, value, values[name], flags)
    if "N" in flags:
        _print_names(name, names)
        return 0
    for key in names:
        print(_line(key, values[key], flags))
    return 0


def _line(name: str, value: str, flags: set[str]) -> str:
    if "d" in flags:
        value = oids.DESCRIPTIONS.get(name, "")
    if "n" in flags:
        return value
    return f"{name}={value}" if "e" in flags else f"{name}: {value}"


def _print_names(wanted: str, names: list[str]) -> None:
    """Print names with the nodes above them, below the wanted one, once each."""
    shown: set[str] = set()
    for name in names:
        parts = name.split(".")
        for length in range(wanted.count(".") + 2, len(parts) + 1):
            prefix = ".".join(parts[:length])
            if prefix not in shown:
                shown.add(prefix)
                print(prefix)


def _write(lab: Lab, name: str, value: str, before: str, flags: set[str]) -> int:
    if not any(name.startswith(prefix) for prefix in oids.WRITABLE):
        print(f"sysctl: oid '{name}' is read only", file=sys.stderr)
        return 1
    if _is_number(before) and not _is_number(value):
        print(f"sysctl: invalid integer '{value}'", file=sys.stderr)
        return 1
    start = "" if "n" in flags else f"{name}: "
    problem = _store(lab, name, value) if lab.is_root else "Operation not permitted"
    if problem:
        print(f"{start}{before}", flush=True)
        print(f"sysctl: {name}={value}: {problem}", file=sys.stderr)
        return 1
    print(f"{start}{before} -> {before if name in VM_NAMES else value}")
    return 0


def _is_number(text: str) -> bool:
    return text.lstrip("-").isdigit()


def _store(lab: Lab, name: str, value: str) -> str:
    """Set the variable; return what the kernel has against it, or an empty text."""
    if name in VM_NAMES:
        return _change_vm(lab, name, value)
    with change_host(lab) as state:
        state["sysctl"][name] = value
    return ""


def _change_vm(lab: Lab, name: str, vm: str) -> str:
    """Create or destroy a VM, as `sysctl hw.vmm.create=NAME` does (captures bhyve ctl-sysctl)."""
    from chyves_core.lab.bhyve import vmm

    with lab.lock("vmm"):
        exists = vmm.read_vm(lab, vm) is not None
        if name == "hw.vmm.destroy":
            if not exists:
                return "Invalid argument"
            vmm.destroy_vm(lab, vm)
        elif exists:
            return "File exists"
        elif not vmm.is_valid_name(vm, lab.freebsd):
            return "Invalid argument"
        else:
            vmm.write_vm(lab, vm, vmm.new_vm())
    return ""
