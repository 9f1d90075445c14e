"""The network interfaces of the lab's host, and what the kernel does with them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from chyves_core.lab.home import Lab
from chyves_core.lab.host import modules
from chyves_core.lab.host.processes import is_alive, vitals
from chyves_core.lab.host.state import HostState, change_host, read_host

Interface = dict[str, Any]

CLONERS: dict[str, str] = {
    "bridge": "if_bridge",
    "tap": "if_tuntap",
    "tun": "if_tuntap",
    "vmnet": "if_tuntap",
    "vlan": "if_vlan",
    "epair": "if_epair",
}
"""Which module makes the interfaces of that kind."""

TAPS = ("tap", "vmnet", "tun")
LARGEST_UNIT = 32767
TAP_OPTIONS = "80000<LINKSTATE>"
EPAIR_MEDIA = "Ethernet 10Gbase-T (10Gbase-T <full-duplex>)"


class InterfaceError(Exception):
    """What the kernel says to an operation on an interface: the text of its errno."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_interfaces(lab: Lab) -> HostState:
    """Return the host's state with the taps of ended processes closed."""
    state = read_host(lab)
    close_left_taps(state)
    return state


@contextlib.contextmanager
def change_interfaces(lab: Lab) -> Iterator[HostState]:
    """Yield the host's state for changing, the taps of ended processes closed."""
    with change_host(lab) as state:
        close_left_taps(state)
        yield state


def close_left_taps(state: HostState) -> None:
    """Close every tap whose process is gone: it goes down and loses its carrier."""
    for interface in state["interfaces"]:
        opener = interface.get("opener")
        if opener and not is_alive(*opener):
            _set_closed(interface)


def _set_closed(tap: Interface) -> None:
    tap.update(opener=None, up=False, running=False, status="no carrier")


def find(state: HostState, name: str) -> Interface | None:
    """Return the interface of exactly that name."""
    for interface in state["interfaces"]:
        if interface["name"] == name:
            found: Interface = interface
            return found
    return None


def bridge_of(state: HostState, name: str) -> Interface | None:
    """Return the bridge that an interface is a member or a span port of."""
    for bridge in state["interfaces"]:
        if any(
            port["name"] == name for port in bridge.get("members", []) + bridge.get("spans", [])
        ):
            found: Interface = bridge
            return found
    return None


def split_name(name: str) -> tuple[str, str]:
    """Return (kind, unit) of `bridge0`, the unit as written."""
    unit = name.lstrip("abcdefghijklmnopqrstuvwxyz")
    return (name.removesuffix(unit), unit) if unit != name else (name, "")


def is_unit(text: str) -> bool:
    """Return whether this is a number as the kernel writes it."""
    return text.isdecimal() and text == str(int(text))


def create(state: HostState, wanted: str, freebsd: tuple[int, int]) -> Interface:
    """Make the interface `tap5`, or the next free one of `tap`; raises InterfaceError."""
    kind, unit = split_name(wanted)
    if kind not in CLONERS or (unit and not is_unit(unit)):
        raise InterfaceError("Invalid argument")
    modules.ensure(state, CLONERS[kind], freebsd)
    if unit and int(unit) > LARGEST_UNIT:
        raise InterfaceError("No space left on device")
    number = int(unit) if unit else _free_unit(state, kind)
    device = f"{kind}{number}"
    if any(interface.get("device") == device for interface in state["interfaces"]):
        raise InterfaceError("File exists")
    if kind == "epair":
        return _create_epair(state, number)
    interface = new_interface(state, device, kind)
    state["interfaces"].append(interface)
    return interface


def _free_unit(state: HostState, kind: str) -> int:
    taken = {interface.get("device") for interface in state["interfaces"]}
    return next(number for number in range(LARGEST_UNIT + 1) if f"{kind}{number}" not in taken)


def new_interface(state: HostState, name: str, kind: str) -> Interface:
    """Return a new interface of that kind, down, with the next free index."""
    used = {interface["index"] for interface in state["interfaces"]}
    interface: Interface = {
        "name": name,
        "device": name,
        "kind": kind,
        "index": next(number for number in range(1, len(used) + 2) if number not in used),
        "up": False,
        "running": False,
        "mtu": 1500,
        "ether": generated_ether(name),
        "groups": [kind],
        "addresses": [],
    }
    if kind in TAPS:
        interface.update(options=TAP_OPTIONS, media="Ethernet autoselect", status="no carrier")
    elif kind == "bridge":
        interface.update(members=[], spans=[], maxaddr=2000, timeout=1200, static=[])
    return interface


def generated_ether(name: str) -> str:
    """Return an address of FreeBSD's own range, the same for the same name."""
    import hashlib

    digest = hashlib.sha1(name.encode(), usedforsecurity=False).digest()
    return f"58:9c:fc:{digest[0] & 0x10:02x}:{digest[1]:02x}:{digest[2]:02x}"


def _create_epair(state: HostState, number: int) -> Interface:
    """Make both halves; the kernel lists the second one first (captures ifconfig epair-show)."""
    halves = []
    for end in "ba":
        half = new_interface(state, f"epair{number}{end}", "epair")
        last = "0a" if end == "a" else "0b"
        half.update(
            device=f"epair{number}" if end == "a" else f"epair{number}b",
            ether=f"02:95:0b:21:{number & 0xFF:02x}:{last}",
            running=True,
            options="8<VLAN_MTU>",
            media=EPAIR_MEDIA,
            status="active",
        )
        state["interfaces"].append(half)
        halves.append(half)
    return halves[1]


def destroy(state: HostState, interface: Interface) -> None:
    """Remove an interface and what hangs on it; raises InterfaceError for a real card."""
    if interface["kind"] in ("nic", "lo"):
        raise InterfaceError("Invalid argument")
    gone = [interface]
    if interface["kind"] == "epair":
        other = interface["name"][:-1] + ("b" if interface["name"].endswith("a") else "a")
        gone += [half for half in state["interfaces"] if half["name"] == other]
    for each in gone:
        leave_bridge(state, each["name"])
        state["interfaces"].remove(each)
    if interface["kind"] == "epair" and len(gone) == 1:
        # The other half is in a jail, and goes all the same.
        for jail in state.get("jails", []):
            jail["interfaces"] = [each for each in jail["interfaces"] if each["name"] != other]
    for vlan in state["interfaces"]:
        if vlan.get("parent") == interface["name"]:
            vlan.update(parent=None, tag=0, running=False, options=TAP_OPTIONS, mtu=1500)


def leave_bridge(state: HostState, name: str) -> None:
    """Take an interface out of the bridge that it is in."""
    bridge = bridge_of(state, name)
    if bridge is not None:
        for key in ("members", "spans"):
            bridge[key] = [port for port in bridge[key] if port["name"] != name]


def rename(state: HostState, interface: Interface, name: str) -> None:
    """Give an interface another name, everywhere; raises InterfaceError."""
    if not name:
        raise InterfaceError("Invalid argument")
    if len(os.fsencode(name)) > 15:
        raise InterfaceError("File name too long")
    if find(state, name) is not None:
        raise InterfaceError("File exists")
    old = interface["name"]
    bridge = bridge_of(state, old)
    ports = bridge["members"] + bridge["spans"] if bridge else []
    for port in ports:
        if port["name"] == old:
            port["name"] = name
    for vlan in state["interfaces"]:
        if vlan.get("parent") == old:
            vlan["parent"] = name
    interface["name"] = name


def open_tap(lab: Lab, name: str) -> None:
    """Open a tap as bhyve does: it goes up, and a missing one is made.

    Raises InterfaceError where another process has it, or where it is missing and
    net.link.tap.devfs_cloning is off.
    """
    with change_interfaces(lab) as state:
        tap = find(state, name)
        if tap is None:
            tap = _clone_tap(lab, state, name)
        if tap.get("opener"):
            raise InterfaceError("Device busy")
        now = vitals(os.getpid())
        opener = [os.getpid(), now.started if now else ""]
        tap.update(opener=opener, up=True, running=True, status="active")


def _clone_tap(lab: Lab, state: HostState, name: str) -> Interface:
    if str(state["sysctl"].get("net.link.tap.devfs_cloning", "1")) == "0":
        raise InterfaceError("No such file or directory")
    modules.ensure(state, "if_tuntap", lab.freebsd)
    tap = create(state, name, lab.freebsd)
    make_node(lab, tap)
    return tap


def close_tap(lab: Lab, name: str) -> None:
    """Close a tap that this process opened."""
    with change_interfaces(lab) as state:
        tap = find(state, name)
        if tap is not None and (tap.get("opener") or [None])[0] == os.getpid():
            _set_closed(tap)


def make_node(lab: Lab, interface: Interface) -> None:
    """Make the device node of a tap; a renamed one gets a link."""
    if interface["kind"] not in TAPS:
        return
    folder = lab.root / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / interface["device"]).touch(mode=0o600)
    if interface["name"] != interface["device"]:
        link = folder / interface["name"]
        link.unlink(missing_ok=True)
        link.symlink_to(interface["device"])


def remove_node(lab: Lab, interface: Interface) -> None:
    """Remove the device node of a tap, and its link."""
    if interface["kind"] in TAPS:
        for name in {interface["device"], interface["name"]}:
            (lab.root / "dev" / name).unlink(missing_ok=True)


def host_addresses(lab: Lab) -> set[str]:
    """Return the IP addresses that a server on this host may listen on."""
    found = {"0.0.0.0", "::"}
    for interface in read_host(lab)["interfaces"]:
        found |= {address["address"].partition("%")[0] for address in interface["addresses"]}
    return found
