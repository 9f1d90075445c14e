"""The words of ifconfig(8) that only bridges know."""

from __future__ import annotations

from collections.abc import Callable

from chyves_core.lab.host.interfaces import Interface, bridge_of, find
from chyves_core.lab.host.state import HostState

ENOENT, EEXIST, EBUSY, EINVAL, ENXIO = (
    "No such file or directory",
    "File exists",
    "Device busy",
    "Invalid argument",
    "Device not configured",
)
LEARNING, DISCOVER, STP, SPAN, STICKY, EDGE, AUTOEDGE, PTP, AUTOPTP, PRIVATE = (
    0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x800,
)  # fmt: skip
NEW_MEMBER = LEARNING | DISCOVER | AUTOEDGE | AUTOPTP
FLAG_WORDS = {
    "learn": LEARNING,
    "discover": DISCOVER,
    "stp": STP,
    "sticky": STICKY,
    "private": PRIVATE,
    "edge": EDGE | 0x200,
    "autoedge": AUTOEDGE,
    "ptp": PTP | 0x400,
    "autoptp": AUTOPTP,
}
"""Member flags; `edge` and `ptp` also set one that has no name (captures ifconfig flags)."""


class BridgeError(Exception):
    """A bridge word failed; the text is what ifconfig prints behind its name."""


def bridge_words() -> dict[str, tuple[int, Callable[..., None]]]:
    """Return the words as word → (number of values, function of state, bridge and values)."""
    words: dict[str, tuple[int, Callable[..., None]]] = {
        "addm": (1, add_member),
        "deletem": (1, delete_member),
        "span": (1, add_span),
        "-span": (1, delete_span),
        "maxaddr": (1, lambda state, bridge, value: _set_number(bridge, "maxaddr", value)),
        "timeout": (1, lambda state, bridge, value: _set_number(bridge, "timeout", value)),
        "ifmaxaddr": (2, set_member_limit),
        "static": (2, add_static),
        "deladdr": (1, delete_static),
        "addr": (0, show_addresses),
        "flush": (0, lambda state, bridge: None),
        "flushall": (0, lambda state, bridge: bridge["static"].clear()),
        "ifpathcost": (2, lambda state, bridge, name, cost: None),
        "ifpriority": (2, lambda state, bridge, name, priority: None),
        "priority": (1, lambda state, bridge, value: None),
        "proto": (1, lambda state, bridge, value: None),
    }
    for word in FLAG_WORDS:
        words[word] = (1, _flag_setter(word, on=True))
        words[f"-{word}"] = (1, _flag_setter(word, on=False))
    return words


def _flag_setter(word: str, *, on: bool) -> Callable[[HostState, Interface, str], None]:
    def set_flag(state: HostState, bridge: Interface, name: str) -> None:
        for port in bridge.get("members", []):
            if port["name"] == name:
                bits = FLAG_WORDS[word]
                port["flags"] = port["flags"] | bits if on else port["flags"] & ~bits
                return
        raise BridgeError(f"unable to get bridge flags: {ENOENT}")

    return set_flag


def add_member(state: HostState, bridge: Interface, name: str) -> None:
    """Add an interface; its MTU must be that of the bridge, which takes that of its first."""
    member = find(state, name)
    problem = _member_problem(state, bridge, name, member)
    if problem or member is None:
        raise BridgeError(f"BRDGADD {name}: {problem}")
    bridge["mtu"] = member["mtu"]
    cost = 2000000 if member["kind"] in ("tap", "vmnet", "tun") else 20000
    bridge["members"].insert(0, {"name": name, "flags": NEW_MEMBER, "cost": cost})


def _member_problem(
    state: HostState, bridge: Interface, name: str, member: Interface | None
) -> str:
    """Return what the kernel has against a member, or an empty text."""
    if bridge["kind"] != "bridge":
        return EINVAL
    if member is None:
        return ENOENT
    if member["kind"] in ("lo", "bridge"):
        return EINVAL
    present = bridge_of(state, name)
    if present is not None:
        return EEXIST if present is bridge else EBUSY
    if bridge["members"] and member["mtu"] != bridge["mtu"]:
        return EINVAL
    return ""


def delete_member(state: HostState, bridge: Interface, name: str) -> None:
    """Take a member off the bridge."""
    before = bridge.get("members", [])
    bridge["members"] = [port for port in before if port["name"] != name]
    if len(bridge["members"]) == len(before):
        raise BridgeError(f"BRDGDEL {name}: {ENOENT}")


def add_span(state: HostState, bridge: Interface, name: str) -> None:
    """Add a span port, which gets a copy of every frame."""
    if find(state, name) is None:
        raise BridgeError(f"BRDGADDS {name}: {ENOENT}")
    if bridge_of(state, name) is not None:
        raise BridgeError(f"BRDGADDS {name}: {EBUSY}")
    bridge["spans"].insert(0, {"name": name, "flags": SPAN, "cost": 20000})


def delete_span(state: HostState, bridge: Interface, name: str) -> None:
    """Take a span port off the bridge."""
    before = bridge.get("spans", [])
    bridge["spans"] = [port for port in before if port["name"] != name]
    if len(bridge["spans"]) == len(before):
        raise BridgeError(f"BRDGDELS {name}: {ENOENT}")


def _set_number(bridge: Interface, key: str, value: str) -> None:
    if not value.isdecimal():
        raise BridgeError(f"invalid value: {value}")
    bridge[key] = int(value)


def set_member_limit(state: HostState, bridge: Interface, name: str, value: str) -> None:
    """Limit how many addresses the bridge learns from a member."""
    if not value.isdecimal():
        raise BridgeError(f"invalid value: {value}")
    for port in bridge["members"]:
        if port["name"] == name:
            port["ifmaxaddr"] = int(value)
            return
    raise BridgeError(f"BRDGSIFAMAX {name}: {ENOENT}")


def add_static(state: HostState, bridge: Interface, name: str, ether: str) -> None:
    """Add an address to the bridge's table."""
    bridge["static"].append([ether, name])


def delete_static(state: HostState, bridge: Interface, ether: str) -> None:
    """Take an address out of the bridge's table."""
    before = bridge["static"]
    bridge["static"] = [entry for entry in before if entry[0] != ether]
    if len(bridge["static"]) == len(before):
        raise BridgeError(f"BRDGDADDR {ether}: {ENOENT}")


def show_addresses(state: HostState, bridge: Interface) -> None:
    """Print the bridge's table of addresses."""
    for ether, name in bridge["static"]:
        print(f"{ether} Vlan1 {name} 0 flags=1<STATIC>")
