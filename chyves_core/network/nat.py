"""Plan networks behind NAT: pure, from bridge{n}_nat and what the host has.

The host has an address on such a bridge and routes for its guests; pf(4) translates what leaves
by the default route, with rules in an anchor of the bridge's own, `chyves/bridge1`. With dhcp, a
dnsmasq(8) of the bridge's own gives guests their addresses, and answers for names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network, ip_interface

from chyves_core.errors import Refused, UsageError
from chyves_core.network.design import find_bridge
from chyves_core.network.ifconfig import Interface
from chyves_core.plan import Plan, Remove, Step, Write, run
from chyves_core.runtime import RUN_FOLDER
from chyves_core.settings import Settings

SUFFIX = "_nat"
DHCP = "dhcp"
FOLDER = f"{RUN_FOLDER}/nat"
ANCHOR_LINE = 'nat-anchor "chyves/*"'
FORWARDING = "net.inet.ip.forwarding"
LEASE_TIME = "12h"
EXAMPLE = "10.0.0.1/24, or 10.0.0.1/24,dhcp"


@dataclass(frozen=True)
class Nat:
    """A bridge behind NAT: the host's address on it, and whether guests are given theirs."""

    bridge: str
    address: IPv4Interface
    dhcp: bool

    def __str__(self) -> str:
        return f"{self.address},{DHCP}" if self.dhcp else str(self.address)

    def file(self, what: str) -> str:
        """The path of one of the bridge's files; `pf` is there as long as NAT is up."""
        return f"{FOLDER}/{self.bridge}.{what}"

    def rules(self, uplink: str | None) -> str:
        """The bridge's file for pfctl(8); its first line says which address goes with NAT."""
        rule = f"nat on {uplink} inet from {self.address.network} to any -> ({uplink})"
        return f"# {self.address}\n{rule}\n"


@dataclass(frozen=True)
class NatHost:
    """What the host has: the interface of its default route, pf's translation rules, dnsmasq.

    `translation` is what `pfctl -s nat` prints, None where pf is not enabled. `served` are the
    bridges whose dnsmasq runs, with its configuration.
    """

    interfaces: Mapping[str, Interface]
    uplink: str | None
    forwards: bool
    translation: str | None
    has_dnsmasq: bool
    served: Mapping[str, str]


def read_nat(bridge: str, text: str) -> Nat:
    """Return what a value of bridge{n}_nat says; raises UsageError."""
    words = text.split(",")
    wrong = UsageError(f"{text!r} is no address with its prefix", EXAMPLE)
    if words[1:] not in ([], [DHCP]) or "/" not in words[0]:
        raise wrong
    try:
        address = ip_interface(words[0])
    except ValueError as error:
        raise wrong from error
    if not isinstance(address, IPv4Interface) or not 8 <= address.network.prefixlen <= 30:
        raise UsageError("needs an IPv4 address with a prefix from /8 to /30", EXAMPLE)
    if address.ip in (address.network.network_address, address.network.broadcast_address):
        raise UsageError(f"{address.ip} can't be the address of a host", EXAMPLE)
    return Nat(bridge, address, DHCP in words)


def wanted_nats(settings: Settings) -> dict[str, Nat]:
    """Return the bridges that are to be behind NAT."""
    found = [name.removesuffix(SUFFIX) for name in settings.own if name.endswith(SUFFIX)]
    bridges = [name for name in found if re.fullmatch(r"bridge\d+", name, re.ASCII)]
    try:
        return {bridge: read_nat(bridge, settings.own[bridge + SUFFIX]) for bridge in bridges}
    except UsageError as error:
        raise Refused(f"bridge{{n}}{SUFFIX}: {error.message}", "chyves list global") from error


def check_nat(nat: Nat, host: NatHost, attached: str | None, others: Iterable[Nat] = ()) -> None:
    """Raise Refused where NAT can't be, or would hurt a network that is there.

    On a bridge that leads to other hosts, they would be given addresses, too.
    """
    if attached:
        raise Refused(
            f"{nat.bridge}: is attached to {attached}, NAT is for private bridges",
            f"chyves network {nat.bridge} private",
        )
    there = find_bridge(nat.bridge, host.interfaces)
    if there and there.name != nat.bridge:
        raise Refused(
            f"{nat.bridge}: is called {there.name} now, NAT needs its own name",
            f"ifconfig {there.name} name {nat.bridge}",
        )
    for member in there.members if there else ():
        if not member.startswith(("tap", "epair")):
            raise Refused(
                f"{nat.bridge}: has {member} as a member, NAT is for private bridges",
                f"ifconfig {nat.bridge} deletem {member}",
            )
    check_network(nat, host, others)
    if host.uplink is None:
        raise Refused(f"{nat.bridge}: this host has no default route to translate to", "route add")
    if host.translation is None:
        raise Refused(
            f"{nat.bridge}: NAT needs pf, which is not enabled",
            f"{ANCHOR_LINE} in /etc/pf.conf, then sysrc pf_enable=YES && service pf start",
        )
    anchors = re.findall(r'^nat-anchor "([^"]*)"', host.translation, re.M)
    if not {"chyves/*", f"chyves/{nat.bridge}"} & set(anchors):
        raise Refused(
            f"{nat.bridge}: pf does not look into chyves' rules",
            f"{ANCHOR_LINE} in /etc/pf.conf, before its filter rules, then service pf reload",
        )
    if nat.dhcp and not host.has_dnsmasq:
        raise Refused(f"{nat.bridge}: {DHCP} needs dnsmasq", "pkg install dnsmasq")


def check_network(nat: Nat, host: NatHost, others: Iterable[Nat]) -> None:
    """Refuse a network in which the host has another address, or which another bridge has."""
    for interface in host.interfaces.values():
        for text in interface.addresses:
            own = interface.name == nat.bridge
            if not own and ":" not in text and is_in(text, nat.address.network):
                raise Refused(f"{nat.bridge}: {interface.name} has {text}, in the same network")
    for other in others:
        if other.bridge != nat.bridge and other.address.network.overlaps(nat.address.network):
            raise Refused(f"{nat.bridge}: {other.bridge} has {other.address.network} already")


def is_in(address: str, network: IPv4Network) -> bool:
    """Return whether an address, with or without its prefix, is in a network."""
    return ip_interface(address).ip in network


def plan_nat_up(nat: Nat, host: NatHost) -> Plan:
    """Return the steps that put a bridge behind NAT, which is there or made before them.

    They can be repeated. The rules are loaded each time: the default route may have moved.
    """
    there = host.interfaces.get(nat.bridge)
    steps: list[Step] = [Write(nat.file("pf"), nat.rules(host.uplink))]
    if str(nat.address.ip) not in {each.partition("/")[0] for each in addresses(there)}:
        steps.append(run("ifconfig", nat.bridge, "inet", str(nat.address), "alias"))
    if not host.forwards:
        steps.append(run("sysctl", f"{FORWARDING}=1"))
    steps.append(load_rules(nat.bridge))
    wanted = dnsmasq_configuration(nat) if nat.dhcp else None
    if host.served.get(nat.bridge) == wanted:
        return tuple(steps)
    if nat.bridge in host.served:
        steps.append(stop_dnsmasq(nat.bridge))
    if wanted:
        steps.append(Write(nat.file("dnsmasq"), wanted))
        steps.append(run("dnsmasq", "-C", nat.file("dnsmasq")))
    return tuple(steps)


def addresses(interface: Interface | None) -> tuple[str, ...]:
    """Return the addresses of an interface, none where it is not there."""
    return interface.addresses if interface else ()


def kept_address(rules: str) -> IPv4Interface | None:
    """Return the address that the file with a bridge's rules names, None where it names none."""
    try:
        return IPv4Interface(rules.partition("\n")[0].removeprefix("# "))
    except ValueError:
        return None


def is_up(nat: Nat, host: NatHost, rules: str, loaded: str) -> bool:
    """Return whether a bridge is behind NAT as it should be.

    `rules` is the text of its file, `loaded` what pf has in its anchor.
    """
    repeated = (Write(nat.file("pf"), nat.rules(host.uplink)), load_rules(nat.bridge))
    missing = set(plan_nat_up(nat, host)).difference(repeated)
    return rules == nat.rules(host.uplink) and bool(loaded.strip()) and not missing


def load_rules(bridge: str) -> Step:
    """Return the step that loads the rules of a bridge into its anchor."""
    return run("pfctl", "-a", anchor(bridge), "-f", f"{FOLDER}/{bridge}.pf")


def anchor(bridge: str) -> str:
    """Return the name of a bridge's anchor."""
    return f"chyves/{bridge}"


def dnsmasq_configuration(nat: Nat) -> str:
    """Return dnsmasq's file: its long options are understood there on every BSD.

    Leases outlive the host's reboot, so that guests keep their addresses.
    """
    hosts = nat.address.network
    first, last = hosts.network_address + 1, hosts.broadcast_address - 1
    lines = (
        f"interface={nat.bridge}",
        "except-interface=lo0",
        "bind-interfaces",
        f"dhcp-range={first},{last},{hosts.netmask},{LEASE_TIME}",
        f"dhcp-leasefile=/var/db/chyves.{nat.bridge}.leases",
        f"pid-file={nat.file('pid')}",
    )
    return "".join(f"{line}\n" for line in lines)


def stop_dnsmasq(bridge: str) -> Step:
    """Return the step that ends the dnsmasq of a bridge: that process, if it still is one."""
    pid_file = f"{FOLDER}/{bridge}.pid"
    return run("pkill", "-x", "-F", pid_file, "dnsmasq", allowed=(0, 1))


def plan_nat_down(bridge: str, host: NatHost, address: IPv4Interface | None = None) -> Plan:
    """Return the steps that take NAT from a bridge; where it stays, it loses its address, too.

    net.inet.ip.forwarding stays, as others may have come to need it.
    """
    steps: list[Step] = []
    if bridge in host.served:
        steps.append(stop_dnsmasq(bridge))
    there = host.interfaces.get(bridge)
    if address and str(address.ip) in {each.partition("/")[0] for each in addresses(there)}:
        steps.append(run("ifconfig", bridge, "inet", str(address.ip), "-alias"))
    if host.translation is not None:
        steps.append(run("pfctl", "-a", anchor(bridge), "-F", "nat"))
    files = (f"{FOLDER}/{bridge}.{what}" for what in ("dnsmasq", "pid", "pf"))
    return (*steps, *(Remove(file) for file in files))
