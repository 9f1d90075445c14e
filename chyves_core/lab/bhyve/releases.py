"""What the bhyve of each FreeBSD release takes: options, device models, behaviour.

Taken from bhyve's sources in 10.4, 11.3, 12.2, a later 12, 13.0, 13.1 and main, from bhyve(8) of
those and of 14.3 and 15.1, and from the captures of 13.2. Where two releases cannot be told apart
from these, it says "not known", and the more lenient answer is given.
"""

from __future__ import annotations

Release = tuple[int, int]

CONFIG_TREE: Release = (13, 1)
"""bhyve_config(5) begins here: options become variables, and those that nobody knows are ignored.

Before that each device reads its words by itself and refuses what it does not know.
"""

MODELS: dict[str, Release] = {
    "ahci": (10, 0),
    "ahci-hd": (10, 0),
    "ahci-cd": (10, 0),
    "e1000": (10, 4),  # 11.0: not known
    "dummy": (10, 0),
    "fbuf": (11, 0),
    "hda": (13, 0),
    "amd_hostbridge": (10, 0),
    "hostbridge": (10, 0),
    "lpc": (10, 0),
    "nvme": (11, 4),  # not in 11.3, in 12.2; 11.4: not known
    "passthru": (10, 0),
    "uart": (10, 0),
    "virtio-9p": (13, 0),
    "virtio-blk": (10, 0),
    "virtio-console": (11, 1),  # not in 11.0, in 11.3; 11.1 and 11.2: not known
    "virtio-input": (13, 2),
    "virtio-net": (10, 0),
    "virtio-rnd": (10, 0),
    "virtio-scsi": (11, 4),  # as nvme
    "xhci": (11, 0),
}
"""Every device model with the release that brings it, in the order of `-s help` of 13.2."""

COMMON = "aehuwxACHIPSWYp:c:s:m:l:U:"
"""Option letters that every release takes; -I does nothing."""

OPTIONS: tuple[tuple[str, Release, Release], ...] = (
    ("b", (10, 0), (13, 0)),
    ("g:", (10, 0), (13, 0)),
    ("G:", (12, 0), (99, 0)),
    ("D", (12, 2), (99, 0)),
    ("k:", CONFIG_TREE, (99, 0)),
    ("o:", CONFIG_TREE, (99, 0)),
    ("K:", (13, 2), (99, 0)),
    ("f:", (14, 0), (99, 0)),
    ("n:", (15, 0), (99, 0)),  # main has it; 15.0 and 15.1: not known
)
"""The other letters, with the first release that takes them and the first that does not any more.

-r is not compiled in (captures bhyve flag-r). -M is main's, and not in the page of 15.1.
"""


def has_config_tree(freebsd: Release) -> bool:
    """Return whether that bhyve turns its options into the tree of bhyve_config(5)."""
    return freebsd >= CONFIG_TREE


def option_letters(freebsd: Release) -> str:
    """Return the getopt(3) string of that release's bhyve."""
    return COMMON + "".join(letters for letters, first, gone in OPTIONS if first <= freebsd < gone)


def models(freebsd: Release) -> tuple[str, ...]:
    """Return the device models of that release, as `-s help` lists them."""
    return tuple(name for name, first in MODELS.items() if freebsd >= first)


def lpc_devices(freebsd: Release) -> tuple[str, ...]:
    """Return what `-l` configures in that release, as `-l help` lists it."""
    count = 4 if freebsd >= (13, 0) else 2
    name = "com{}" if has_config_tree(freebsd) else "COM{}"
    ports = tuple(name.format(number) for number in range(1, count + 1))
    tpm = ("tpm",) if freebsd >= (14, 0) else ()
    testing = ("pc-testdev",) if freebsd >= (13, 0) else ()
    return ("bootrom", *ports, *tpm, *testing)


def has_help(freebsd: Release) -> bool:
    """Return whether `-s help` and `-l help` list devices: 12.2 does, 11.3 does not."""
    return freebsd >= (12, 0)  # 12.0 and 12.1: not known


def error_status(freebsd: Release) -> int:
    """Return the status of a bhyve that fails: 4 in 11.3 and after, 1 in 10.4."""
    return 4 if freebsd >= (11, 0) else 1  # 11.0 to 11.2: not known


def refuses_broken_backends(freebsd: Release) -> bool:
    """Return whether a NIC whose backend cannot be opened ends bhyve.

    Before 12.1 bhyve says so and runs the guest with a NIC that leads nowhere.
    """
    return freebsd >= (12, 1)
