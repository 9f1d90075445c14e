"""Opening the network backends of a guest, as bhyve's net_backends.c does."""

from __future__ import annotations

import re
import signal

from chyves_core.lab.bhyve.failures import STALE, Crash, DeviceFailed
from chyves_core.lab.home import Lab
from chyves_core.lab.host.interfaces import InterfaceError, open_tap
from chyves_core.lab.host.state import read_host

ASSERTION = (
    "Assertion failed: (be != NULL), function netbe_get_cap,"
    " file /usr/src/usr.sbin/bhyve/net_backends.c, line 1061."
)


def open_nic(model: str, settings: dict[str, str], lab: Lab) -> str | None:
    """Open the backend of a NIC and return the name of its tap; raises DeviceFailed or Crash."""
    mac = settings.get("mac")
    if mac is not None and not is_mac(mac):
        raise DeviceFailed([f"Invalid MAC {mac}"])
    if "mtu" in settings and not _is_mtu(settings["mtu"]):
        raise DeviceFailed([], "Invalid argument")
    backend = settings.get("backend")
    if backend is None:
        if model == "virtio-net":
            raise Crash(signal.SIGABRT, ASSERTION)
        raise DeviceFailed([])
    return _open_backend(backend, settings, lab)


def is_mac(text: str) -> bool:
    """Return whether bhyve takes the address: six bytes, more are dropped, no group address."""
    found = re.match(r"[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}", text)
    if not found:
        return False
    address = [int(byte, 16) for byte in found[0].split(":")]
    return any(address) and not address[0] & 1


def _is_mtu(text: str) -> bool:
    return text.isdecimal() and 46 <= int(text) <= 65535


def _open_backend(backend: str, settings: dict[str, str], lab: Lab) -> str | None:
    if backend.startswith(("tap", "vmnet")):
        try:
            open_tap(lab, backend)
        except InterfaceError as error:
            line = f"open of tap device /dev/{backend} failed"
            raise DeviceFailed([], error.reason, f"{line}\n") from None
        return backend
    if backend.startswith("netgraph"):
        if "path" not in settings:
            raise DeviceFailed([], STALE, "path must be provided\n")
        return None
    if backend.startswith(("vale", "netmap")):
        _open_vale(backend, lab)
        return None
    if backend == "slirp" and lab.freebsd >= (14, 0):
        return None
    raise DeviceFailed([])


def _open_vale(backend: str, lab: Lab) -> None:
    """Open a port of a vale(4) switch; a kernel without netmap(4) has none."""
    if not read_host(lab).get("netmap", True):
        line = f"Unable to nm_open(): interface '{backend}', errno ({STALE})\n"
        raise DeviceFailed(
            [f"0.000000 nm_open [944] cannot open /dev/netmap: {STALE} {backend}"], STALE, line
        )
