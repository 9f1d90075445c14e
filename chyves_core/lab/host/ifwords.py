"""The words behind the interface's name in a call of ifconfig(8), and what they do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from chyves_core.lab.home import Lab
from chyves_core.lab.host import interfaces
from chyves_core.lab.host.ifaddress import AddressError, Pending, mask_length, parse_address
from chyves_core.lab.host.ifbridge import ENXIO, BridgeError, bridge_words
from chyves_core.lab.host.interfaces import Interface, InterfaceError
from chyves_core.lab.host.jail import find as find_jail
from chyves_core.lab.host.jail import not_found
from chyves_core.lab.host.logger import log_message
from chyves_core.lab.host.state import HostState

LONGEST_DESCRIPTION = 1023
DENIED = "permission denied"
NOT_PERMITTED = "Operation not permitted"


class WordError(Exception):
    """A word failed; the text is what ifconfig prints behind its own name."""


class Call:
    """One call of ifconfig on one interface, word after word."""

    def __init__(self, lab: Lab, state: HostState, interface: Interface, wildcard: bool) -> None:
        """`wildcard`: the interface was made in this call as the next free one of its kind.

        The bridge words still use the name that was typed then (captures ifconfig create-all3).
        """
        self.lab, self.state, self.interface = lab, state, interface
        self.wildcard = wildcard
        self.family = "inet"
        self.pending = Pending()
        self.bridge_words = bridge_words()

    def run(self, words: list[str]) -> None:
        """Carry out the words; raises WordError at the first that fails."""
        rest = list(words)
        try:
            while rest:
                self._take(rest)
            self.pending.apply(self.interface)
        except (AddressError, BridgeError) as error:
            raise WordError(str(error)) from None

    def _take(self, rest: list[str]) -> None:
        word = rest.pop(0)
        plain = PLAIN_WORDS.get(word)
        if word in self.bridge_words:
            self._take_bridge_word(word, rest)
        elif plain is not None:
            number, action = plain
            if len(rest) < number:
                raise WordError(f"'{word}' requires argument")
            values = [rest.pop(0) for _ in range(number)]
            action(self, *values)
        else:
            self._take_address(word)

    def _take_bridge_word(self, word: str, rest: list[str]) -> None:
        number, action = self.bridge_words[word]
        if len(rest) < number:
            raise WordError(f"'{word}' requires argument")
        values = [rest.pop(0) for _ in range(number)]
        if self.wildcard:
            raise WordError(f"BRDGADD {values[0] if values else ''}: {ENXIO}")
        if not self.lab.is_root:
            raise WordError(f"BRDGADD {values[0] if values else ''}: {NOT_PERMITTED}")
        if word == "addm":
            self._check_member_addresses(values[0])
        action(self.state, self.interface, *values)

    def _check_member_addresses(self, name: str) -> None:
        """Play FreeBSD 15: a member with an IP address is deprecated, or refused by sysctl."""
        member = interfaces.find(self.state, name)
        if self.lab.freebsd < (15, 0) or member is None or not member["addresses"]:
            return
        from chyves_core.lab.host.sysctl import all_values

        if all_values(self.lab, self.state)["net.link.bridge.member_ifaddrs"] == "0":
            raise WordError(f"BRDGADD {name}: Invalid argument")
        bridge = self.interface["name"]
        text = f"Adding member interface {name} which has an IP address assigned is deprecated"
        log_message(self.lab, f"kernel: {bridge}: WARNING: {text}")

    def _take_address(self, word: str) -> None:
        if self.pending.address is not None:
            raise WordError(f"{word}: bad value")
        self.pending.address = parse_address(word, self.family)

    def need_root(self, text: str) -> None:
        """Refuse to go on for an unprivileged user."""
        if not self.lab.is_root:
            raise WordError(text)

    def set_up(self, up: bool) -> None:
        """Take the interface up or down; it keeps running when it goes down."""
        self.need_root(f"{'up' if up else 'down'}: {DENIED}")
        self.interface["up"] = up
        loose_tap = self.interface["kind"] in interfaces.TAPS and self.wildcard
        if up and not loose_tap:
            self.interface["running"] = True
        if not up and self.interface["kind"] == "bridge":
            self.interface["running"] = False

    def set_family(self, family: str) -> None:
        """Say which kind of address follows."""
        self.family = family

    def set_mtu(self, value: str) -> None:
        """Set the MTU; that of a bridge follows its members."""
        self.need_root(f"ioctl SIOCSIFMTU (set mtu): {NOT_PERMITTED}")
        number = int(value) if value.isdecimal() else 0
        largest = 9216 if self.interface["kind"] == "nic" else 65535
        if not 72 <= number <= largest or self.interface.get("members"):
            raise WordError("ioctl SIOCSIFMTU (set mtu): Invalid argument")
        self.interface["mtu"] = number

    def set_description(self, text: str) -> None:
        """Set the description; an empty one removes it."""
        self.need_root(f"ioctl SIOCSIFDESCR (set descr): {NOT_PERMITTED}")
        if len(os.fsencode(text)) > LONGEST_DESCRIPTION:
            raise WordError("ioctl SIOCSIFDESCR (set descr): File name too long")
        self.interface["description"] = text

    def add_group(self, name: str) -> None:
        """Add the interface to a group."""
        if name and name[-1].isdigit():
            raise WordError("setifgroup: group names may not end in a digit")
        if len(os.fsencode(name)) > 15:
            raise WordError("setifgroup: group name too long")
        self.need_root(f" SIOCAIFGROUP: {NOT_PERMITTED}")
        if name not in self.interface["groups"]:
            self.interface["groups"].append(name)

    def leave_group(self, name: str) -> None:
        """Take the interface out of a group."""
        if name in self.interface["groups"]:
            self.interface["groups"].remove(name)

    def set_ether(self, text: str) -> None:
        """Set the link address; that of the hardware is remembered."""
        self.need_root(f"ioctl (set lladdr): {NOT_PERMITTED}")
        address = text.replace("-", ":").lower()
        if not re.fullmatch(r"[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}", address):
            raise WordError("ioctl (SIOCAIFADDR): Invalid argument")
        self.interface.setdefault("hwaddr", self.interface["ether"])
        self.interface["ether"] = address

    def rename(self, name: str) -> None:
        """Give the interface another name."""
        self.need_root(f"ioctl SIOCSIFNAME (set name): {NOT_PERMITTED}")
        try:
            interfaces.rename(self.state, self.interface, name)
        except InterfaceError as error:
            raise WordError(f"ioctl SIOCSIFNAME (set name): {error.reason}") from None
        interfaces.make_node(self.lab, self.interface)

    def give_to_jail(self, name: str) -> None:
        """Give the interface to a vnet jail, where this host does not see it any more."""
        self.need_root(f"SIOCSIFVNET: {NOT_PERMITTED}")
        jail = find_jail(self.state, name)
        if jail is None:
            raise WordError(not_found(name))
        if jail["vnet"] != "new":
            raise WordError("SIOCSIFVNET: File exists")
        interfaces.leave_bridge(self.state, self.interface["name"])
        self.state["interfaces"].remove(self.interface)
        # What is given away is down, and has no addresses (if_vmove).
        self.interface.update(up=False, addresses=[])
        jail["interfaces"].append(self.interface)

    def set_promiscuous(self, on: bool) -> None:
        """Set or clear promiscuous mode by hand."""
        self.need_root(f"promisc: {DENIED}")
        self.interface["promiscuous"] = on

    def set_netmask(self, text: str) -> None:
        """Set the mask of the address in this call."""
        self.pending.netmask = mask_length(text)

    def set_prefix_length(self, text: str) -> None:
        """Set the prefix length of the address in this call."""
        if not text.isdecimal() or int(text) > 128:
            raise WordError(f"{text}: bad value")
        self.pending.netmask = int(text)

    def set_broadcast(self, text: str) -> None:
        """Set the broadcast address of the address in this call."""
        self.pending.broadcast = text

    def set_alias(self, on: bool) -> None:
        """Let the address be a further one, or be removed."""
        self.need_root(f"{'alias' if on else '-alias'}: {DENIED}")
        self.pending.is_alias = on
        self.pending.is_removal = not on


def _ignore(call: Call, *values: Any) -> None:
    """Take a word that changes nothing the lab shows."""


PLAIN_WORDS: dict[str, tuple[int, Callable[..., None]]] = {
    "up": (0, lambda call: call.set_up(True)),
    "down": (0, lambda call: call.set_up(False)),
    "inet": (0, lambda call: call.set_family("inet")),
    "inet6": (0, lambda call: call.set_family("inet6")),
    "mtu": (1, Call.set_mtu),
    "descr": (1, Call.set_description),
    "description": (1, Call.set_description),
    "-descr": (0, lambda call: call.set_description("")),
    "-description": (0, lambda call: call.set_description("")),
    "group": (1, Call.add_group),
    "-group": (1, Call.leave_group),
    "ether": (1, Call.set_ether),
    "lladdr": (1, Call.set_ether),
    "link": (1, Call.set_ether),
    "name": (1, Call.rename),
    "vnet": (1, Call.give_to_jail),
    "promisc": (0, lambda call: call.set_promiscuous(True)),
    "-promisc": (0, lambda call: call.set_promiscuous(False)),
    "netmask": (1, Call.set_netmask),
    "prefixlen": (1, Call.set_prefix_length),
    "broadcast": (1, Call.set_broadcast),
    "alias": (0, lambda call: call.set_alias(True)),
    "add": (0, lambda call: call.set_alias(True)),
    "-alias": (0, lambda call: call.set_alias(False)),
    "delete": (0, lambda call: call.set_alias(False)),
    "remove": (0, lambda call: call.set_alias(False)),
    "link0": (0, _ignore),
    "link1": (0, _ignore),
    "link2": (0, _ignore),
    "-link0": (0, _ignore),
    "-link1": (0, _ignore),
    "-link2": (0, _ignore),
    "metric": (1, _ignore),
    "media": (1, _ignore),
    "fib": (1, _ignore),
    "tunnelfib": (1, _ignore),
    "lro": (0, _ignore),
    "-lro": (0, _ignore),
    "tso": (0, _ignore),
    "-tso": (0, _ignore),
    "rxcsum": (0, _ignore),
    "-rxcsum": (0, _ignore),
    "txcsum": (0, _ignore),
    "-txcsum": (0, _ignore),
    "auto_linklocal": (0, _ignore),
    "-auto_linklocal": (0, _ignore),
    "accept_rtadv": (0, _ignore),
    "ifdisabled": (0, _ignore),
    "-ifdisabled": (0, _ignore),
}
"""Word → how many values follow, and what it does."""
