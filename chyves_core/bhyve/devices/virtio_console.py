"""Ports of a virtio console, each a socket in the guest's run folder: virtio_console_{n}."""

from __future__ import annotations

from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.devices import sockets as paths
from chyves_core.bhyve.devices.numbered import numbered
from chyves_core.bhyve.slots import Place
from chyves_core.guests import Guest

SINCE = "11.2"
"""r305898, merged later: 11.1 has none, 11.2 has it (vm-bhyve, pull request 197)."""

PREFIX = "virtio_console_"
NAME = "virtio_console"


def names(guest: Guest) -> list[str]:
    """Return the device's name, where the guest has a port: one device has all ports."""
    return [NAME] if numbered(guest, PREFIX) else []


def argument(guest: Guest, name: str, place: Place, run_folder: str) -> Argument:
    """Return the device with all ports."""
    ports = numbered(guest, PREFIX)
    for port in ports:
        paths.check_length(guest, port, socket_path(guest, port, run_folder))
    words = [f"{guest.properties[port]}={socket_path(guest, port, run_folder)}" for port in ports]
    says = f"console ports {', '.join(guest.properties[port] for port in ports)}"
    return device(place, "virtio-console", *words, sources=tuple(ports), says=says)


def sockets(guest: Guest, run_folder: str) -> list[str]:
    """Return the sockets that bhyve makes: one that is left from before would be in its way."""
    return [socket_path(guest, port, run_folder) for port in numbered(guest, PREFIX)]


def socket_path(guest: Guest, port: str, run_folder: str) -> str:
    """Return the socket of one port."""
    return f"{run_folder}/{guest.properties[port]}.sock"
