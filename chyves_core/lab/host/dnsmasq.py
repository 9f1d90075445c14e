"""dnsmasq(8), from the package: it goes into the background and serves nobody."""

from __future__ import annotations

import os
import signal
import sys

from chyves_core.lab.home import Lab
from chyves_core.lab.host.interfaces import find
from chyves_core.lab.host.processes import forget, register
from chyves_core.lab.host.state import read_host


def main(arguments: list[str], lab: Lab) -> int:
    """Read the file behind -C and stay until SIGTERM."""
    if len(arguments) != 2 or arguments[0] != "-C":
        print("dnsmasq: the lab's takes -C FILE", file=sys.stderr)
        return 1
    try:
        lines = lab.path(arguments[1]).read_text().splitlines()
    except OSError as error:
        print(f"\ndnsmasq: cannot read {arguments[1]}: {error.strerror}", file=sys.stderr)
        return 3
    settings = dict(line.partition("=")[::2] for line in lines)
    if find(read_host(lab), settings["interface"]) is None:
        print(f"\ndnsmasq: unknown interface {settings['interface']}", file=sys.stderr)
        return 2
    lease_file = lab.path(settings["dhcp-leasefile"])
    lease_file.parent.mkdir(parents=True, exist_ok=True)
    lease_file.touch()
    sys.stdout.flush()
    # Blocked before the fork: SIGTERM may come before the child waits for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = os.fork()
    if child == 0:
        serve(lab, settings["pid-file"])
    register(lab, "dnsmasq", " ".join(["dnsmasq", *arguments]), pid=child)
    lab.path(settings["pid-file"]).write_text(f"{child}\n")
    return 0


def serve(lab: Lab, pid_file: str) -> None:
    """Be the process in the background, which removes its pid file when it ends."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    signal.sigwait({signal.SIGTERM})
    lab.path(pid_file).unlink(missing_ok=True)
    forget(lab)
    os._exit(0)
