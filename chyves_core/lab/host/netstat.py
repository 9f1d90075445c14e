"""netstat(1): the routing table (`netstat -rn`) and the interfaces (`netstat -in`, `-ibn`).

From 14.0 on it asks by netlink(4): a route without a gateway has the link of the interface that it
leads to, so a host's own address has that of lo0 (route_netlink.c). Before it was the card's own.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.interfaces import Interface, read_interfaces
from chyves_core.lab.host.state import HostState

USAGE = "usage: netstat -r [-n] [-f address_family]\n       netstat -i [-bnW]"
TITLES = {"inet": "Internet", "inet6": "Internet6"}
WIDTHS = {"inet": (18, 18, 5, 9), "inet6": (33, 29, 5, 9)}
# Where the lab's rc.conf says that its host reaches the world.
ROUTER = "192.0.2.1"

Route = tuple[str, str, str, str]


def main(arguments: list[str], lab: Lab) -> int:
    """Print routes or interfaces; netstat shows much else, the lab does not."""
    try:
        options, rest = parse_options(arguments, "ribnWf:")
        letters = {letter for letter, _ in options}
        if rest or not letters & {"r", "i"}:
            raise BadOption("")
    except BadOption as bad:
        print(f"netstat: {bad}\n{USAGE}" if str(bad) else USAGE, file=sys.stderr)
        return 1
    wanted = dict(options).get("f")
    state = read_interfaces(lab)
    if "i" in letters:
        print_interfaces(state, with_bytes="b" in letters)
        return 0
    print("Routing tables")
    for family in ("inet", "inet6"):
        found = sorted(
            routes(state, family, lab.freebsd >= (14, 0)), key=lambda route: route[0] != "default"
        )
        if wanted in (None, family) and found:
            print(f"\n{TITLES[family]}:")
            print_table(family, found)
    return 0


def print_interfaces(state: HostState, *, with_bytes: bool) -> None:
    """Print the interfaces and what went over them (captures ifconfig netstat-in).

    The lab counts no frames; `traffic` of an interface in its state holds bytes in and out.
    """
    names = [f"{each['name']}{'' if each['up'] else '*'}" for each in state["interfaces"]]
    width = max([4, *map(len, names)])
    bytes_in, bytes_out = ("     Ibytes", "     Obytes") if with_bytes else ("", "")
    head = f"{'Name':{width}} {'Mtu':>5} {'Network':13} {'Address':17} {'Ipkts':>8} Ierrs Idrop"
    print(f"{head}{bytes_in} {'Opkts':>8} Oerrs{bytes_out}  Coll")
    for name, each in zip(names, state["interfaces"], strict=True):
        link = f"<Link#{each['index']}>"
        address = each.get("ether") or (each["name"] if each["kind"] == "lo" else "")
        came, went = each.get("traffic", (0, 0))
        if with_bytes:
            bytes_in, bytes_out = f" {came:>10}", f" {went:>10}"
        head = f"{name:{width}} {each['mtu']:>5} {link:13} {address:17} {0:>8} {0:>5} {0:>5}"
        print(f"{head}{bytes_in} {0:>8} {0:>5}{bytes_out} {0:>5}")


def print_table(family: str, found: list[Route]) -> None:
    """Print the routes of one family (captures ifconfig netstat-rn)."""
    one, two, three, four = WIDTHS[family]
    head = f"{'Destination':{one}} {'Gateway':{two}} {'Flags':{three}} {'Netif':>{four}} Expire"
    print(head)
    for destination, gateway, flags, interface in found:
        print(f"{destination:{one}} {gateway:{two}} {flags:{three}} {interface:>{four}}")


def routes(state: HostState, family: str, by_netlink: bool) -> Iterator[Route]:
    """Yield the routes that addresses bring, and the default route over the router's network."""
    loopback = next(each for each in state["interfaces"] if each["kind"] == "lo")
    for interface in state["interfaces"]:
        over = loopback if by_netlink else interface
        for address in interface["addresses"]:
            if address["family"] == family:
                yield from routes_of(interface, over, address["address"], address["prefix"])
    default = default_interface(state) if family == "inet" else ""
    if default:
        yield "default", ROUTER, "UGS", default


def routes_of(interface: Interface, over: Interface, address: str, prefix: int) -> Iterator[Route]:
    """Yield the routes to an address and to its network; `over` is the way to the address."""
    host = ipaddress.ip_interface(f"{address.partition('%')[0]}/{prefix}")
    link = f"link#{interface['index']}"
    if interface["kind"] == "lo" or prefix == host.max_prefixlen:
        yield address, link, "UH", interface["name"]
        return
    yield str(host.network), link, "U", interface["name"]
    yield address, f"link#{over['index']}", "UHS", "lo0"


def default_interface(state: HostState) -> str:
    """Return the interface in whose network the router is; the default route is gone without."""
    router = ipaddress.ip_address(ROUTER)
    for interface in state["interfaces"]:
        for address in interface["addresses"]:
            if address["family"] == "inet" and interface["up"]:
                net = ipaddress.ip_interface(f"{address['address']}/{address['prefix']}").network
                if router in net and interface["kind"] != "lo":
                    return str(interface["name"])
    return ""
