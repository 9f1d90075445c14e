"""sockstat(1): sockets of the lab's host, as its state has them; nothing here opens any."""

from __future__ import annotations

import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options
from chyves_core.lab.host.state import read_host

USAGE = "usage: sockstat [-46CciLlnqSsUuvw] [-j jid] [-p ports] [-P protocols]"
HEAD = ("USER", "COMMAND", "PID", "FD", "PROTO", "LOCAL ADDRESS", "FOREIGN ADDRESS")


def main(arguments: list[str], lab: Lab) -> int:
    """Print the sockets that are connected: user, command, pid, fd, protocol and both ends."""
    try:
        parse_options(arguments, "46CciLlnqSsUuvwj:p:P:")
    except BadOption as bad:
        print(f"sockstat: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    for row in (HEAD, *read_host(lab).get("sockets", ())):
        user, command, pid, descriptor, protocol, here, there = row
        start = f"{user:<8} {command:<10} {pid:<5} {descriptor:<3}{protocol:<6} "
        print(f"{start}{here:<21} {there:<21}")
    return 0
