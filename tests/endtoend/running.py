"""Guests that run: the smallest there are, with a boot ROM for their firmware."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.endtoend.hosts.base import FIRST, Host
from tests.endtoend.roms import ROMS

WEB = "chyvest-web"


def make_guest(host: Host, rom: str, name: str = WEB, *properties: str) -> None:
    """Make a guest that boots a ROM; skips the case where no guest can run."""
    host.need("guests")
    if rom not in host.names_in(f"/chyves/{FIRST}/Firmware"):
        file = host.folder / rom
        file.write_bytes(ROMS[rom])
        host.chyves("firmware", "import", str(file))
    host.chyves(name, "create", "16M", "loader=uefi", f"uefi_firmware={rom}", *properties)


def until(host: Host, condition: Callable[[], object]) -> None:
    """Wait until the condition holds; fails the case where it does not in time."""
    deadline = time.monotonic() + host.seconds / 4
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.2)


def state(host: Host, name: str = WEB) -> str:
    """Return VMM and RUNNING of a guest, as `list` shows them."""
    return host.output(name, "info", "-H", "-o", "vmm,running")


def process(host: Host, end: str) -> int:
    """Return the process whose command line ends so."""
    listed = host.run("ps", "-axww", "-o", "pid=", "-o", "command=").stdout.splitlines()
    found = [line.split()[0] for line in listed if line.rstrip().endswith(end)]
    assert len(found) == 1, listed
    return int(found[0])
