"""The frame buffer and its VNC port: `fbuf` as bhyve's pci_fbuf.c and rfb.c take it.

The stand-in greets a viewer as a VNC server does ("RFB 003.008") and shows nothing more.
"""

from __future__ import annotations

import contextlib
import re
import socket

from chyves_core.lab.bhyve.failures import DeviceFailed
from chyves_core.lab.bhyve.releases import Release
from chyves_core.lab.home import Lab
from chyves_core.lab.host.interfaces import host_addresses
from chyves_core.lab.host.ports import claim_port

GREETING = b"RFB 003.008\n"
DEFAULT_PORT = 5900


def check_framebuffer(settings: dict[str, str], freebsd: Release) -> None:
    """Check the settings of an fbuf device of 13.1 and after; raises DeviceFailed."""
    address = settings.get("rfb", settings.get("tcp"))
    if address is not None:
        _address(address)
    _check_picture(settings, freebsd)


def open_framebuffer(settings: dict[str, str], lab: Lab) -> socket.socket | None:
    """Take the VNC port of an fbuf device whose settings are right; raises DeviceFailed.

    Returns a listening socket, or None without a VNC port or where another program of the
    machine has the port: labs beside each other must not disturb each other.
    """
    address = settings.get("rfb", settings.get("tcp"))
    host, port = _address(address) if address is not None else ("", "")
    output = "fbuf frame buffer base: 0x837200000 [sz 16777216]\n"
    if address is None:
        print(output, end="")
        return None
    number = _port_number(port)
    if not 0 <= number < 65536:
        line = "getaddrinfo: Service was not recognized for socket type"
        raise DeviceFailed([line], "Bad file descriptor", output)
    ip = _resolve(host, output)
    reason = claim_port(lab, ip, number) if ip in host_addresses(lab) else "foreign"
    if reason == "foreign":
        reason = "Can't assign requested address"
    if reason:
        raise DeviceFailed([f"bind: {reason}"], reason, output)
    print(output, end="")
    return listen(ip, number)


def _address(text: str) -> tuple[str, str]:
    """Return (host, port) of `127.0.0.1:5900`, `[::1]:5900` or a host alone."""
    if text.startswith("["):
        found = re.fullmatch(r"\[([^]]*)\](?::(.*))?", text)
        if not found:
            raise DeviceFailed([f'fbuf: Invalid IPv6 address: "{text}"'])
        host, port = found[1], found[2]
    else:
        host, colon, rest = text.rpartition(":")
        host, port = (host, rest) if colon else (text, None)
    if port == "":
        raise DeviceFailed([f'fbuf: Missing port number: "{text}"'])
    return host, port or str(DEFAULT_PORT)


def _check_picture(settings: dict[str, str], freebsd: Release) -> None:
    widest, highest = (3840, 2160) if freebsd >= (14, 0) else (1920, 1200)
    if settings.get("vga", "io") not in ("io", "on", "off"):
        raise DeviceFailed([f'fbuf: Invalid vga setting: "{settings["vga"]}"'])
    for key, name, largest in (("w", "width", widest), ("h", "height", highest)):
        size = _port_number(settings.get(key, "0"))
        if size > largest:
            raise DeviceFailed([f"fbuf: {name} {size} too large"])


def _port_number(text: str) -> int:
    """Return the number at the start of a text, as atoi(3) does."""
    found = re.match(r"\s*[+-]?\d+", text)
    return int(found[0]) if found else 0


def _resolve(host: str, output: str) -> str:
    """Return the IP address of a host; of names only localhost is known to the lab's host."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            socket.inet_pton(family, host.partition("%")[0])
            return host
    if host == "localhost":
        return "127.0.0.1"
    raise DeviceFailed(["getaddrinfo: Name does not resolve"], "Bad file descriptor", output)


def listen(ip: str, port: int) -> socket.socket | None:
    """Listen on the port where the machine lets us."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ip, port))
        listener.listen(1)
    except OSError:
        listener.close()
        return None
    listener.setblocking(False)
    return listener
