"""The network backends of a guest, as bhyve's net_backends.c takes them."""

from __future__ import annotations

import os
import re
import signal

from chyves_core.lab.bhyve.failures import STALE, Crash, DeviceFailed
from chyves_core.lab.bhyve.releases import Release, has_config_tree, refuses_broken_backends
from chyves_core.lab.home import Lab
from chyves_core.lab.host import modules
from chyves_core.lab.host.interfaces import InterfaceError, open_tap
from chyves_core.lab.host.netgraph import (
    NetgraphError,
    connect,
    graph,
    new_node,
    remove,
    resolve,
)
from chyves_core.lab.host.processes import vitals
from chyves_core.lab.host.state import change_host, read_host

ASSERTION = (
    "Assertion failed: (be != NULL), function netbe_get_cap,"
    " file /usr/src/usr.sbin/bhyve/net_backends.c, line 1061."
)
BACKENDS: dict[str, Release] = {
    "tap": (10, 0),
    "vmnet": (10, 0),
    "vale": (10, 0),
    "netmap": (12, 1),
    "netgraph": (13, 0),
    "slirp": (14, 1),  # not in main's page of October 2023; 14.1 and 14.2: not known
}
"""How the names of backends begin, with the release that brings them."""


def check_nic(model: str, settings: dict[str, str], freebsd: Release) -> None:
    """Check a NIC's settings; raises DeviceFailed or Crash."""
    backend = settings.get("backend")
    if has_config_tree(freebsd):
        mac = settings.get("mac")
        if mac is not None and not is_mac(mac):
            raise DeviceFailed([f"Invalid MAC {mac}"])
        if "mtu" in settings and not is_mtu(settings["mtu"]):
            raise DeviceFailed([], "Invalid argument")
        if backend is None and model == "virtio-net":
            raise Crash(signal.SIGABRT, ASSERTION)
        if backend is None:
            raise DeviceFailed([])
    known = tuple(name for name, first in BACKENDS.items() if freebsd >= first)
    if backend is None or not refuses_broken_backends(freebsd):
        return
    if not backend.startswith(known):
        raise DeviceFailed([])
    if backend.startswith("netgraph"):
        for name, what in (("path", "path"), ("peerhook", "peer hook")):
            if name not in settings:
                raise DeviceFailed([], STALE, f"{what} must be provided\n")


def open_nic(settings: dict[str, str], lab: Lab) -> str | None:
    """Open the backend of a NIC and return the name of its tap; raises DeviceFailed."""
    backend = settings.get("backend", "")
    try:
        if backend.startswith(("tap", "vmnet")):
            return _open_tap(backend, lab)
        if backend.startswith(("vale", "netmap")):
            _open_vale(backend, lab)
        if backend == "netgraph":
            _open_netgraph(settings, lab)
    except DeviceFailed as failed:
        if refuses_broken_backends(lab.freebsd):
            raise
        print(failed.output, end="", flush=True)
    return None


def is_mac(text: str) -> bool:
    """Return whether bhyve takes the address: six bytes, more are dropped, no group address."""
    found = re.match(r"[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}", text)
    if not found:
        return False
    address = [int(byte, 16) for byte in found[0].split(":")]
    return any(address) and not address[0] & 1


def is_mtu(text: str) -> bool:
    """Return whether virtio-net takes the number."""
    return text.isdecimal() and 46 <= int(text) <= 65535


def _open_tap(name: str, lab: Lab) -> str:
    try:
        open_tap(lab, name)
    except InterfaceError as error:
        line = f"open of tap device /dev/{name} failed"
        raise DeviceFailed([], error.reason, f"{line}\n") from None
    return name


def _open_netgraph(settings: dict[str, str], lab: Lab) -> None:
    """Connect a socket node to the node at `path`; it goes with this process."""
    now = vitals(os.getpid())
    opener = [os.getpid(), now.started if now else ""]
    with change_host(lab) as state:
        modules.ensure(state, "ng_socket", lab.freebsd)
        found = graph(state)
        try:
            here = new_node(found, "socket", settings.get("socket", ""), opener=opener)
        except NetgraphError as error:
            raise DeviceFailed([], str(error), "can't get Netgraph sockets\n") from None
        try:
            peer = resolve(found, settings["path"], here)
            connect(found, here, settings.get("hook", "vmlink"), peer, settings["peerhook"])
        except NetgraphError as error:
            remove(found, here)
            raise DeviceFailed([], str(error), "can't connect to node\n") from None


def _open_vale(backend: str, lab: Lab) -> None:
    """Open a port of a vale(4) switch; a kernel without netmap(4) has none."""
    if not read_host(lab).get("netmap", True):
        line = f"Unable to nm_open(): interface '{backend}', errno ({STALE})\n"
        raise DeviceFailed(
            [f"0.000000 nm_open [944] cannot open /dev/netmap: {STALE} {backend}"], STALE, line
        )
