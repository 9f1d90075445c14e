"""PCI devices of the host that guests want for their own: they have to be bound to ppt(4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chyves_core.bhyve.devices import custom
from chyves_core.errors import Refused
from chyves_core.guests import Guest

PPT = re.compile(r"ppt\d+")
LINE = re.compile(r"(?m)^(\w+)@pci0:(\d+):(\d+):(\d+):")
"""pciconf -l: `em0@pci0:0:4:0:`, domain, bus, slot, function (captures host pciconf-l)."""

Devices = Mapping[str, str]


def parse(output: str) -> dict[str, str]:
    """Return the drivers of the host's devices by their addresses, BUS/SLOT/FUNCTION.

    Only domain 0 counts: vmm(4) has no other.
    """
    return {f"{bus}/{slot}/{fn}": name for name, bus, slot, fn in LINE.findall(output)}


def wanted(guest: Guest) -> dict[str, str]:
    """Return what each passthru property names: an address, or ppt{n}."""
    found = {}
    for name in custom.names(guest):
        value = guest.properties[name]
        physical = custom.physical_slot(value)
        if physical:
            found[name] = "/".join(physical)
        elif value.startswith(f"{custom.PASSTHRU},"):
            found[name] = value.split(",")[1]
    return found


def problems(guest: Guest, devices: Devices) -> Iterator[Refused]:
    """Yield what is wrong with each of the host's devices that the guest wants."""
    wants = wanted(guest)
    unbound = [
        address
        for address in wants.values()
        if address in devices and not PPT.fullmatch(devices[address])
    ]
    for name, want in wants.items():
        if want not in (*devices, *devices.values()):
            what = want if PPT.fullmatch(want) else f"PCI device {want}"
            yield Refused(f"{guest.name}: {name}: this host has no {what}", "pciconf -lv")
        elif want in unbound:
            driver = devices[want]
            yield Refused(
                f"{guest.name}: {name}: {want} is {driver}, not bound to ppt(4)",
                f'vmm_load="YES" and pptdevs="{" ".join(unbound)}" in /boot/loader.conf, '
                "and a reboot of the host",
            )


def check(guest: Guest, devices: Devices) -> None:
    """Refuse a guest that wants a device of the host which it can't have."""
    for problem in problems(guest, devices):
        raise problem
