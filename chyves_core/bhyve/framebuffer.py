"""The screen and the pointing device of an UEFI guest that shows its console over VNC."""

from __future__ import annotations

from chyves_core.bhyve import slots
from chyves_core.guests import Guest


def has_screen(guest: Guest) -> bool:
    """Return whether the guest has a screen."""
    return guest.value("loader") == "uefi" and guest.value("uefi_console_output") == "vnc"


def devices(guest: Guest) -> tuple[str, ...]:
    """Return the -s values of screen and tablet; none where the console is serial."""
    if not has_screen(guest):
        return ()
    width, _, height = guest.value("uefi_vnc_res").partition("x")
    wait = guest.value("uefi_vnc_pause_until_client_connect") == "yes"
    screen = ",".join(
        (
            f"{slots.FRAMEBUFFER},fbuf,tcp={address(guest)},w={width},h={height}",
            *(("wait",) if wait else ()),
        )
    )
    tablet = f"{slots.TABLET},xhci,tablet"
    return (screen, tablet) if guest.value("uefi_vnc_mouse_type") == "usb3" else (screen,)


def address(guest: Guest) -> str:
    """Return IP:PORT on which VNC listens; bhyve(8) wants IPv6 in brackets."""
    ip = guest.value("uefi_vnc_ip")
    return f"{f'[{ip}]' if ':' in ip else ip}:{guest.value('uefi_vnc_port') or 5900}"


def secrets(guest: Guest) -> dict[str, str]:
    """Return the settings that must not stand in argv; names are bhyve_config(5)'s."""
    password = guest.value("uefi_vnc_password")
    if not password or not has_screen(guest):
        return {}
    return {f"pci.0.{slots.FRAMEBUFFER}.0.password": password}
