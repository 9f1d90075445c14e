"""What hangs on the LPC bridge: serial ports, and the firmware with its variables.

bhyve(8): the bridge stands on bus 0; Windows wants it in slot 31. On arm64 there is none: console
and firmware are settings of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chyves_core.bhyve import slots
from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.devices import fwcfg as fwcfg_items
from chyves_core.bhyve.slots import Place
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Guest

SERIAL_PORTS = ("com2", "com3", "com4")


@dataclass(frozen=True)
class Firmware:
    """The files of an UEFI guest's firmware, as paths of the host; None where it has none."""

    image: str | None = None
    variables: str | None = None


def devices(guest: Guest, firmware: Firmware, facts: HostFacts) -> Iterator[Argument]:
    """Yield the bridge and what hangs on it; on arm64 console and firmware."""
    if facts.is_arm64:
        yield from arm64_settings(guest, firmware)
        return
    where = ("every guest has one",)
    yield device(Place(slots.LPC), "lpc", sources=where, says="bridge of serial ports and firmware")
    yield from serial_ports(guest, facts)
    if firmware.image:
        yield bootrom(guest, firmware, facts)


def bootrom(guest: Guest, firmware: Firmware, facts: HostFacts) -> Argument:
    """Return the firmware, with the file of its variables where the guest keeps them."""
    fwcfg = guest.properties.get("fwcfg", "")
    if fwcfg and not facts.is_at_least(fwcfg_items.SINCE):
        without = f"chyves {guest.name} unset fwcfg"
        raise Refused(f"{guest.name}: fwcfg needs FreeBSD {fwcfg_items.SINCE}", without)
    if firmware.variables and not facts.has_firmware_variables:
        raise Refused(
            f"{guest.name}: uefi_vars=yes needs FreeBSD 13.2",
            f"chyves {guest.name} set uefi_vars=no",
        )
    words = [firmware.image or ""]
    sources = ["loader", "uefi_firmware"]
    if firmware.variables:
        words.append(firmware.variables)
        sources.append("uefi_vars")
    if fwcfg:
        words.append(f"fwcfg={fwcfg}")
        sources.append("fwcfg")
    says = "firmware that boots the guest" + (", and its variables" if firmware.variables else "")
    value = ",".join(("bootrom", *words))
    return Argument("-l", value, tuple(sources), says, bootrom_settings(firmware, fwcfg, facts))


def bootrom_settings(
    firmware: Firmware, fwcfg: str, facts: HostFacts
) -> tuple[tuple[str, str], ...]:
    """Return the settings of the firmware: FreeBSD 15 took them out of lpc."""
    prefix = "" if facts.is_at_least("15.0") else "lpc."
    found = [(f"{prefix}bootrom", firmware.image or "")]
    if firmware.variables:
        found.append((f"{prefix}bootvars", firmware.variables))
    if fwcfg:
        found.append(("lpc.fwcfg", fwcfg))
    return tuple(found)


def serial_ports(guest: Guest, facts: HostFacts) -> Iterator[Argument]:
    """Yield the serial ports: com1 is the console, the others are the user's."""
    serial = guest.value("serial")
    if serial:
        yield Argument("-l", f"com1,/dev/{serial}A", ("serial",), f"console; cu on /dev/{serial}B")
    for port in SERIAL_PORTS:
        backend = guest.properties.get(port, "")
        if not backend:
            continue
        if port in ("com3", "com4") and not facts.has_four_serial_ports:
            raise Refused(
                f"{guest.name}: {port} needs FreeBSD 13.0", f"chyves {guest.name} unset {port}"
            )
        if backend.startswith("tcp=") and not facts.has_tcp_serial:
            raise Refused(
                f"{guest.name}: {port}={backend}: a port of TCP needs FreeBSD 15.0",
                f"chyves {guest.name} set {port}=/dev/nmdm0A",
            )
        yield Argument("-l", f"{port},{backend}", (port,), f"serial port {port}")


def arm64_settings(guest: Guest, firmware: Firmware) -> Iterator[Argument]:
    """Yield console and firmware as bhyve(8) of arm64 takes them."""
    if firmware.variables:
        raise Refused(
            f"{guest.name}: uefi_vars=yes needs amd64", f"chyves {guest.name} set uefi_vars=no"
        )
    for port in SERIAL_PORTS:
        if guest.properties.get(port):
            raise Refused(f"{guest.name}: {port} needs amd64", f"chyves {guest.name} unset {port}")
    serial = guest.value("serial")
    if serial:
        says = f"console; cu on /dev/{serial}B"
        yield Argument("-o", f"console=/dev/{serial}A", ("serial",), says)
    if firmware.image:
        sources = ("loader", "uefi_firmware")
        yield Argument("-o", f"bootrom={firmware.image}", sources, "firmware that boots the guest")
