"""The host's own network: which interface it is reached by, and what a bridge does to that one."""

from __future__ import annotations

import os
from collections.abc import Mapping

from chyves_core.host import Host
from chyves_core.network.ifconfig import Interface


def lifelines(host: Host, interfaces: Mapping[str, Interface]) -> dict[str, str]:
    """Return what the host needs each interface for: its default route, or this ssh session."""
    found: dict[str, str] = {}
    for name in default_interfaces(host.read("netstat", "-rn").stdout):
        found[name] = "the default route"
    for address, session in ssh_addresses(host).items():
        for each in interfaces.values():
            if address in [own.partition("/")[0].partition("%")[0] for own in each.addresses]:
                found[each.name] = session
    for name in list(found):
        parent = interfaces[name].parent if name in interfaces else ""
        if parent:
            found.setdefault(parent, found[name])
    return found


def ssh_addresses(host: Host) -> dict[str, str]:
    """Return the host's addresses that ssh(1) sessions use: this one's, or all where it is hidden.

    sudo(8) and doas(1) take SSH_CONNECTION away.
    """
    # ssh(1): client's address and port, then those of the server.
    words = os.environ.get("SSH_CONNECTION", "").split()
    if len(words) == 4:
        return {words[2]: "this ssh session"}
    answer = host.read("sockstat", "-46c", "-P", "tcp", allowed=None)
    # USER, COMMAND, PID, FD, PROTO, LOCAL ADDRESS and FOREIGN ADDRESS (captures host sockstat).
    rows = (line.split() for line in answer.stdout.splitlines())
    return {
        row[5].rpartition(":")[0]: "an ssh session"
        for row in rows
        if len(row) > 6 and row[1].startswith("sshd")
    }


def default_interfaces(output: str) -> list[str]:
    """Return the interfaces of default routes in the output of `netstat -rn`.

    The columns are Destination, Gateway, Flags and Netif (captures ifconfig netstat-rn).
    """
    rows = (line.split() for line in output.splitlines())
    return [row[3] for row in rows if len(row) > 3 and row[0] == "default"]


def consequences(interface: Interface, lifeline: str, bridge: str) -> str:
    """Return what becoming a bridge's member means for an interface that the host needs."""
    # if_bridge(4): members lose TSO, LRO and TXCSUM where another one lacks them.
    told = (
        f"{interface.name} carries {lifeline}. In {bridge} its TSO, LRO and checksum offloading "
        "may be switched off, and with some drivers the link goes down for a moment"
    )
    if interface.addresses:
        told += f"; its address {interface.addresses[0]} should be {bridge}'s (if_bridge(4))"
    return told
