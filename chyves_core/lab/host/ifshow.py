"""How ifconfig(8) shows an interface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from chyves_core.lab.host.interfaces import Interface, bridge_of
from chyves_core.lab.host.state import HostState

FLAG_NAMES: tuple[tuple[int, str], ...] = (
    (0x1, "UP"),
    (0x2, "BROADCAST"),
    (0x8, "LOOPBACK"),
    (0x40, "RUNNING"),
    (0x100, "PROMISC"),
    (0x800, "SIMPLEX"),
    (0x8000, "MULTICAST"),
    (0x20000, "PPROMISC"),
    (0x1000000, "LOWER_UP"),
)
KNOWS_EPOCH = 0x20
"""A flag that 13 sets on cards and epairs, and shows in the number only."""

MEMBER_FLAGS: tuple[tuple[int, str], ...] = (
    (0x1, "LEARNING"),
    (0x2, "DISCOVER"),
    (0x4, "STP"),
    (0x8, "SPAN"),
    (0x10, "STICKY"),
    (0x800, "PRIVATE"),
    (0x20, "EDGE"),
    (0x40, "AUTOEDGE"),
    (0x80, "PTP"),
    (0x100, "AUTOPTP"),
)
CAPABILITIES = (
    "481389b<RXCSUM,TXCSUM,VLAN_MTU,VLAN_HWTAGGING,VLAN_HWCSUM,"
    "WOL_UCAST,WOL_MCAST,WOL_MAGIC,VLAN_HWFILTER,NOMAP>"
)
MEDIA = (
    "autoselect",
    "1000baseT",
    "1000baseT mediaopt full-duplex",
    "100baseTX mediaopt full-duplex",
    "100baseTX",
    "10baseT/UTP mediaopt full-duplex",
    "10baseT/UTP",
)
TXCSUM = 0x2


class Style(NamedTuple):
    """What `-f`, `-m` and the release change in the output."""

    inet: str = "default"
    inet6: str = "default"
    ether: str = "default"
    media: bool = False
    freebsd: tuple[int, int] = (13, 2)


def show(state: HostState, interface: Interface, style: Style) -> None:
    """Print one interface."""
    for line in _lines(state, interface, style):
        print(line)


def _lines(state: HostState, interface: Interface, style: Style) -> Iterator[str]:
    kind = interface["kind"]
    number, names = flags_of(state, interface, style.freebsd)
    flags = f"flags={number:x}<{','.join(names)}>"
    yield f"{interface['name']}: {flags} metric 0 mtu {interface['mtu']}"
    if interface.get("description"):
        yield f"\tdescription: {interface['description']}"
    options = _options(state, interface, style)
    if options:
        yield f"\toptions={options}"
    if style.media and kind == "nic":
        yield f"\tcapabilities={CAPABILITIES}"
    yield from _ethers(interface, style)
    for address in interface["addresses"]:
        yield f"\t{_address(interface, address, style)}"
    if kind == "bridge":
        yield from _bridge_lines(state, interface)
    if interface["groups"]:
        yield f"\tgroups: {' '.join(interface['groups'])}"
    yield from _link_lines(state, interface, style)
    yield f"\tnd6 options={_nd6(interface)}"
    if interface.get("opener"):
        yield f"\tOpened by PID {interface['opener'][0]}"


def flags_of(
    state: HostState, interface: Interface, freebsd: tuple[int, int]
) -> tuple[int, list[str]]:
    """Return the flags of an interface as a number and as names."""
    kind = interface["kind"]
    number = 0x8008 if kind == "lo" else 0x8802
    number |= 0x1 if interface["up"] else 0
    number |= 0x40 if interface["running"] else 0
    number |= 0x100 if _is_promiscuous(state, interface) else 0
    number |= 0x20000 if interface.get("promiscuous") else 0
    if freebsd >= (14, 0):
        has_link = kind in ("lo", "bridge") or interface.get("status") == "active"
        number |= 0x1000000 if interface["running"] and has_link else 0
    elif kind in ("nic", "epair"):
        number |= KNOWS_EPOCH
    return number, [name for bit, name in FLAG_NAMES if number & bit]


def _is_promiscuous(state: HostState, interface: Interface) -> bool:
    """Return whether the interface, or a vlan on it, is a bridge's member."""
    if interface.get("promiscuous"):
        return True
    name = interface["name"]
    bridge = bridge_of(state, name)
    if bridge is not None and any(port["name"] == name for port in bridge["members"]):
        return True
    vlans = [each for each in state["interfaces"] if each.get("parent") == name]
    return any(_is_promiscuous(state, vlan) for vlan in vlans)


def _options(state: HostState, interface: Interface, style: Style) -> str:
    """Return the options; a bridge takes transmit checksums from a card beside a tap."""
    options = str(interface.get("options", ""))
    if interface["kind"] == "bridge" and style.freebsd >= (14, 0):
        return "0"
    if interface["kind"] == "nic" and "TXCSUM," in options:
        bridge = bridge_of(state, interface["name"])
        others = {port["name"] for port in bridge["members"]} if bridge else set()
        kinds = {each["kind"] for each in state["interfaces"] if each["name"] in others}
        if kinds - {"nic"}:
            number, _, names = options.partition("<")
            without = names.replace(",TXCSUM", "", 1).replace("TXCSUM,", "", 1)
            return f"{int(number, 16) & ~TXCSUM:x}<{without}"
    return options


def _ethers(interface: Interface, style: Style) -> Iterator[str]:
    ether = interface.get("ether")
    if ether:
        yield f"\tether {ether.replace(':', '-') if style.ether == 'dash' else ether}"
        if interface.get("hwaddr", ether) != ether:
            yield f"\thwaddr {interface['hwaddr']}"


def _address(interface: Interface, address: dict[str, Any], style: Style) -> str:
    text, prefix = address["address"], address["prefix"]
    if address["family"] == "inet6":
        shown = f"{text}/{prefix}" if style.inet6 == "cidr" else f"{text} prefixlen {prefix}"
        scope = f" scopeid 0x{interface['index']:x}" if "%" in text else ""
        return f"inet6 {shown}{scope}"
    mask = 0xFFFFFFFF << (32 - prefix) & 0xFFFFFFFF
    shown = f"{text}/{prefix}" if style.inet == "cidr" else f"{text} netmask 0x{mask:08x}"
    if style.inet == "dotted":
        shown = f"{text} netmask {_dotted(mask)}"
    if interface["kind"] == "lo":
        return f"inet {shown}"
    number = int.from_bytes([int(byte) for byte in text.split(".")], "big")
    last = _dotted(number | ~mask & 0xFFFFFFFF)
    return f"inet {shown} broadcast {address.get('broadcast', last)}"


def _dotted(number: int) -> str:
    return ".".join(str(byte) for byte in number.to_bytes(4, "big"))


def _bridge_lines(state: HostState, bridge: Interface) -> Iterator[str]:
    root = 32768 if bridge["running"] else 0
    yield "\tid 00:00:00:00:00:00 priority 32768 hellotime 2 fwddelay 15"
    limits = f"maxaddr {bridge['maxaddr']} timeout {bridge['timeout']}"
    yield f"\tmaxage 20 holdcnt 6 proto rstp {limits}"
    yield f"\troot id 00:00:00:00:00:00 priority {root} ifcost 0 port 0"
    indexes = {each["name"]: each["index"] for each in state["interfaces"]}
    for port in bridge["members"] + bridge["spans"]:
        names = ",".join(name for bit, name in MEMBER_FLAGS if port["flags"] & bit)
        yield f"\tmember: {port['name']} flags={port['flags']:x}<{names}>"
        place = f"port {indexes.get(port['name'], 0)} priority 128 path cost {port['cost']}"
        yield f"\t        ifmaxaddr {port.get('ifmaxaddr', 0)} {place}"


def _link_lines(state: HostState, interface: Interface, style: Style) -> Iterator[str]:
    source = interface
    if interface["kind"] == "vlan":
        parent = interface.get("parent")
        protocol = "802.1q" if parent else "0x0000"
        tag = f"vlan: {interface['tag']} vlanproto: {protocol} vlanpcp: 0"
        yield f"\t{tag} parent interface: {parent or '<none>'}"
        named = [each for each in state["interfaces"] if each["name"] == parent]
        source = named[0] if named else {}
    if source.get("media"):
        yield f"\tmedia: {source['media']}"
        yield f"\tstatus: {source['status']}"
    if style.media and interface["kind"] == "nic":
        yield "\tsupported media:"
        for media in MEDIA:
            yield f"\t\tmedia {media}"


def _nd6(interface: Interface) -> str:
    has_inet6 = any(address["family"] == "inet6" for address in interface["addresses"])
    number, names = 0x1, ["PERFORMNUD"]
    if not has_inet6:
        number, names = number | 0x8, [*names, "IFDISABLED"]
    if interface["kind"] != "bridge":
        number, names = number | 0x20, [*names, "AUTO_LINKLOCAL"]
    return f"{number:x}<{','.join(names)}>"
