"""The network of a guest as it is told to it: by DHCP, or with an address of its own."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chyves_core.errors import UsageError

if TYPE_CHECKING:
    from chyves_core.cloud.yaml import Value

DHCP = "dhcp"
FORM = "dhcp, or ADDRESS/PREFIX[,GATEWAY[,DNS...]], such as 10.0.0.5/24,10.0.0.1,10.0.0.2"


@dataclass(frozen=True)
class Net:
    """An address with its prefix, the gateway, and name servers; no address means DHCP."""

    address: str = ""
    gateway: str = ""
    dns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ",".join((self.address, *((self.gateway,) if self.gateway else ()), *self.dns))


def read_net(text: str) -> Net:
    """Return the network that a value of cloud_net means; raises UsageError."""
    if text.lower() == DHCP:
        return Net()
    first, *others = text.split(",")
    if "/" not in first:
        raise UsageError(f"{first or 'nothing'}: is not an address with its prefix", FORM)
    try:
        own = ipaddress.ip_interface(first)
        rest = [ipaddress.ip_address(each) for each in others]
    except ValueError as error:
        raise UsageError(f"{text}: {error}", FORM) from error
    check_own(own)
    if rest:
        check_gateway(own, rest[0])
    shown = [str(each) for each in rest]
    return Net(str(own), shown[0] if shown else "", tuple(shown[1:]))


def check_own(own: ipaddress.IPv4Interface | ipaddress.IPv6Interface) -> None:
    """Refuse an address that no machine can have."""
    network, longest = own.network, own.max_prefixlen
    ends = [network.network_address]
    if own.version == 4:
        ends.append(network.broadcast_address)
    if own.is_multicast or own.is_unspecified or own.is_loopback:
        raise UsageError(f"{own}: no guest can have this address")
    if network.prefixlen < longest - 1 and own.ip in ends:
        raise UsageError(f"{own}: this is the address of the network itself, or of all in it")


def check_gateway(
    own: ipaddress.IPv4Interface | ipaddress.IPv6Interface,
    gateway: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Refuse a gateway that the guest could not reach."""
    if gateway == own.ip:
        raise UsageError(f"{gateway}: is the guest's own address, not that of a gateway")
    near = gateway.version == own.version and (gateway in own.network or gateway.is_link_local)
    if not near:
        raise UsageError(f"{gateway}: this gateway is not in {own.network}")


def network_config(net: Net, mac: str) -> dict[str, Value]:
    """Return version 2 of cloud-init's network configuration for the interface of that address.

    nuageinit(7) knows gateway4 and gateway6, and no routes.
    """
    ethernet: dict[str, Value] = {"match": {"macaddress": mac}}
    if not net.address:
        ethernet["dhcp4"] = True
    else:
        ethernet["addresses"] = [net.address]
        if net.gateway:
            version = ipaddress.ip_address(net.gateway).version
            ethernet[f"gateway{version}"] = net.gateway
        if net.dns:
            ethernet["nameservers"] = {"addresses": list(net.dns)}
    return {"version": 2, "ethernets": {"net0": ethernet}}
