"""The checks of properties about networks: interfaces, bridges, addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from chyves_core.properties.matching import Wrong, matching, saying


def interfaces(value: str) -> str:
    """Take tap{n}, vale{s}[:{p}] and netgraph{s}:{p}, comma separated, none twice."""
    parts = value.split(",") if value else []
    for part in parts:
        known = r"tap\d+|vale\d+(:\d+)?|netgraph\d{1,3}:([2-9]|[1-9]\d{1,2})"
        matching(part, known, f"{part} is not tap{{n}}, vale{{s}}[:{{p}}] or netgraph{{s}}:{{p}}")
    if len(set(parts)) != len(parts):
        raise Wrong("names an interface twice")
    return value


def ethernet(value: str) -> str:
    """Take an address of ethers(5) that one machine can have: not a multicast one."""
    folded = value.lower()
    matching(folded, r"([0-9a-f]{2}:){5}[0-9a-f]{2}", "must look like 58:9c:fd:01:02:03")
    if int(folded[:2], 16) & 1 or folded == "00:00:00:00:00:00":
        raise Wrong("is a multicast or empty address; no interface can have it")
    return folded


def bridge(value: str) -> str:
    """Take the name of a bridge."""
    return matching(value, r"bridge\d{1,5}", "must be bridge{n}")


def nmdm(value: str) -> str:
    """Take the name of a null-modem pair."""
    return matching(value, r"nmdm\d{1,5}", "must be nmdm{n}")


def ip_address(value: str) -> str:
    """Take an IPv4 or IPv6 address, with a zone where it needs one."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError as error:
        raise Wrong("must be an IPv4 or IPv6 address") from error
    zone = str(address).partition("%")[2]
    if zone:
        matching(zone, r"[A-Za-z][A-Za-z0-9_.]*", "must have an interface behind its %")
    return str(address)


def attachment(value: str) -> str:
    """Take the name of an interface, or private."""
    return matching(value, r"[a-zA-Z][A-Za-z0-9_.]{0,14}", "must be an interface, or private")


def hostname(value: str) -> str:
    """Take a host name, with its domain or without."""
    from chyves_core.cloud.given import check_hostname

    return saying(check_hostname, value)


def net(value: str) -> str:
    """Take dhcp, or an address with its prefix, its gateway and name servers."""
    from chyves_core.cloud.net import read_net

    return str(saying(read_net, value)) or "dhcp"


def nat(value: str) -> str:
    """Take the host's address on a bridge with its prefix, and dhcp."""
    from chyves_core.network.nat import read_nat

    return str(saying(lambda text: read_nat("bridge{n}", text), value))


CHECKS: dict[str, Callable[..., str]] = {
    "interfaces": interfaces,
    "ethernet": ethernet,
    "bridge": bridge,
    "nmdm": nmdm,
    "ip_address": ip_address,
    "attachment": attachment,
    "hostname": hostname,
    "net": net,
    "nat": nat,
}
"""The names by which properties.spec calls them."""
