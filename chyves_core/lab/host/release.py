"""How the host's release is written: `uname -r`, `kern.osreldate`."""

from __future__ import annotations

from chyves_core.lab.home import Lab
from chyves_core.lab.host.state import read_host

KERNEL = "GENERIC"
OSRELDATE = {
    (10, 3): 1003000,
    (10, 4): 1004000,
    (11, 4): 1104001,
    (12, 4): 1204000,
    (13, 0): 1300139,
    (13, 1): 1301000,
    (13, 2): 1302001,
    (13, 5): 1305000,
}
"""Releases whose number does not follow from its parts in the usual way."""


def os_release(lab: Lab) -> str:
    """Return "14.3-RELEASE"."""
    major, minor = lab.freebsd
    return f"{major}.{minor}-RELEASE"


def osreldate(lab: Lab) -> int:
    """Return the number of the release, 1403000 for 14.3."""
    major, minor = lab.freebsd
    return OSRELDATE.get((major, minor), major * 100000 + minor * 1000)


def kernel_ident(lab: Lab) -> str:
    """Return the name of the kernel's configuration."""
    return str(read_host(lab).get("ident", KERNEL))


def kernel_version(lab: Lab) -> str:
    """Return the line that `uname -v` prints."""
    return f"FreeBSD {os_release(lab)} {kernel_ident(lab)}"
