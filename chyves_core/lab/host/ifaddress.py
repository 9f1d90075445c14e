"""IP addresses as ifconfig(8) takes and keeps them."""

from __future__ import annotations

import re
import sys
from typing import Any

from chyves_core.lab.host.interfaces import Interface

NO_MASK = (
    "ifconfig: WARNING: setting interface address without mask is deprecated,\n"
    "default mask may not be correct."
)
NOT_THERE = "ioctl (SIOCDIFADDR): Can't assign requested address"


class AddressError(Exception):
    """An address that ifconfig does not take; the text is what it prints behind its name."""


def parse_address(text: str, family: str) -> dict[str, Any]:
    """Return an address with its prefix length, None where the text has none."""
    host, slash, length = text.partition("/")
    width = 128 if family == "inet6" else 32
    address = _host_address(host, family)
    if address is None:
        raise AddressError(f"{text if not slash else host}: bad value")
    if not slash:
        return {"family": family, "address": address, "prefix": None}
    if not length.isdecimal():
        raise AddressError(f"{length}: bad value")
    if int(length) > width:
        what = f"{length}: bad value" if family == "inet6" else f"{text}: bad value"
        raise AddressError(what + ("" if family == "inet6" else " (width too large)"))
    return {"family": family, "address": address, "prefix": int(length)}


def _host_address(host: str, family: str) -> str | None:
    """Return the address as ifconfig shows it; inet_aton(3) takes a plain number, too."""
    import ipaddress

    try:
        if family == "inet6":
            base, percent, zone = host.partition("%")
            return f"{ipaddress.IPv6Address(base)}{percent}{zone}"
        if re.fullmatch(r"\d+", host):
            return str(ipaddress.IPv4Address(int(host)))
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        return None


def mask_length(text: str) -> int:
    """Return the prefix length of `255.255.0.0` or `0xffff0000`."""
    import ipaddress

    try:
        number = int(text, 16) if text.startswith("0x") else int(ipaddress.IPv4Address(text))
    except ValueError:
        raise AddressError(f"{text}: bad value") from None
    return bin(number).count("1")


def class_length(address: str) -> int:
    """Return the prefix length of the old address classes A, B and C."""
    first = int(address.split(".")[0])
    return 8 if first < 128 else 16 if first < 192 else 24


class Pending:
    """The address of one ifconfig call, put together from several words."""

    def __init__(self) -> None:
        self.address: dict[str, Any] | None = None
        self.netmask: int | None = None
        self.broadcast: str | None = None
        self.is_alias = False
        self.is_removal = False

    def apply(self, interface: Interface) -> None:
        """Set or remove the address; without `alias` the first one of its family is replaced."""
        if self.address is None:
            if self.is_removal:
                self._remove_first(interface)
            return
        if self.is_removal:
            self._remove(interface, self.address)
            return
        self._add(interface, self.address)

    def _remove_first(self, interface: Interface) -> None:
        if not interface["addresses"]:
            raise AddressError(NOT_THERE)
        del interface["addresses"][0]

    def _remove(self, interface: Interface, address: dict[str, Any]) -> None:
        kept = [each for each in interface["addresses"] if each["address"] != address["address"]]
        if len(kept) == len(interface["addresses"]):
            raise AddressError(NOT_THERE)
        interface["addresses"] = kept

    def _add(self, interface: Interface, address: dict[str, Any]) -> None:
        family = address["family"]
        if self.netmask is not None:
            address["prefix"] = self.netmask
        if address["prefix"] is None:
            address["prefix"] = self._default_length(address)
        if self.broadcast:
            address["broadcast"] = self.broadcast
        addresses = [
            each for each in interface["addresses"] if each["address"] != address["address"]
        ]
        if not self.is_alias and family == "inet":
            first = next((each for each in addresses if each["family"] == "inet"), None)
            addresses = [each for each in addresses if each is not first]
        interface["addresses"] = [*addresses, address]
        interface["up"] = interface["running"] = True

    def _default_length(self, address: dict[str, Any]) -> int:
        if address["family"] == "inet6":
            return 64
        print(NO_MASK, file=sys.stderr)
        return class_length(address["address"])
