"""The screen and the pointing device of an UEFI guest that shows its console over VNC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chyves_core.bhyve import slots
from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.slots import Place
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Guest

PASSWORD = "uefi_vnc_password"


def has_screen(guest: Guest) -> bool:
    """Return whether the guest has a screen."""
    return guest.value("loader") == "uefi" and guest.value("uefi_console_output") == "vnc"


def devices(guest: Guest, facts: HostFacts) -> Iterator[Argument]:
    """Yield screen and tablet; nothing where the console is serial."""
    if not has_screen(guest):
        return
    if facts.is_arm64:
        raise Refused(
            f"{guest.name}: a screen needs amd64",
            f"chyves {guest.name} set uefi_console_output=serial",
        )
    if not facts.has_framebuffer:
        raise Refused(
            f"{guest.name}: a screen needs FreeBSD 11.0",
            f"chyves {guest.name} set uefi_console_output=serial",
        )
    yield screen(guest, facts)
    if guest.value("uefi_vnc_mouse_type") == "usb3":
        place = Place(slots.TABLET)
        sources = ("uefi_vnc_mouse_type",)
        yield device(place, "xhci", "tablet", sources=sources, says="pointer that follows yours")


def screen(guest: Guest, facts: HostFacts) -> Argument:
    """Return the frame buffer; its password is a secret, and stands nowhere in argv."""
    width, _, height = guest.value("uefi_vnc_res").partition("x")
    vga = guest.properties.get("uefi_vnc_vga", "")
    wait = guest.value("uefi_vnc_pause_until_client_connect") == "yes"
    more = ("uefi_vnc_pause_until_client_connect",) if wait else ()
    argument = device(
        Place(slots.FRAMEBUFFER),
        "fbuf",
        f"tcp={address(guest)}",
        f"w={width}",
        f"h={height}",
        *((f"vga={vga}",) if vga else ()),
        *(("wait",) if wait else ()),
        sources=("uefi_vnc_ip", "uefi_vnc_port", "uefi_vnc_res", *more),
        says=f"screen, shown by VNC on {address(guest)}",
    )
    password = guest.value(PASSWORD)
    if not password:
        return argument
    if not facts.has_config_file:
        raise Refused(
            f"{guest.name}: a VNC password needs FreeBSD 13.1; before, every user could read it",
            f"chyves {guest.name} set {PASSWORD}=",
        )
    secret = (f"pci.0.{slots.FRAMEBUFFER}.0.password", password)
    return replace(argument, sources=(*argument.sources, PASSWORD), secrets=(secret,))


def address(guest: Guest) -> str:
    """Return IP:PORT on which VNC listens; bhyve(8) wants IPv6 in brackets."""
    ip = guest.value("uefi_vnc_ip")
    return f"{f'[{ip}]' if ':' in ip else ip}:{guest.value('uefi_vnc_port') or 5900}"
