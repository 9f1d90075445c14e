"""A host whose two pools are made for the run with zpool(8), and brought back after each case."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.endtoend.hosts.base import FIRST, SECOND, Host, install

# Says on a pool that a run of the cases has made it.
COMMENT = "made by the tests of chyves"


class HostWithPools(Host):
    """Keeps chyves on both pools from case to case, and makes them anew where that is not enough.

    Who inherits from it says on which devices the pools lie.
    """

    fresh = ""

    def make_devices(self) -> Mapping[str, str]:
        """Make a device for each pool, and return them as zpool(8) takes them, by pool."""
        raise TypeError("a kind of host has its own devices")

    def remove_devices(self) -> None:
        """Take the devices away again."""

    def begin(self) -> None:
        if not self.fresh or self.everything() != self.fresh:
            self.remove_pools()
            self.make_pools()
            install(self)
            self.fresh = self.everything()

    def make_pools(self) -> None:
        """Make both pools, known as ours, and forgotten by the host when it boots."""
        for pool, device in self.make_devices().items():
            options = ("-o", "cachefile=none", "-o", f"comment={COMMENT}", "-m", "none")
            self.run("zpool", "create", *options, pool, device)

    def remove_pools(self) -> None:
        """Destroy the pools that a run of ours has made, with their devices and mount points.

        Fails, and touches nothing, where another one has such a name.
        """
        self.fresh = ""
        there = self.run("zpool", "list", "-H", "-o", "name").stdout.split()
        ours = [pool for pool in (FIRST, SECOND) if pool in there]
        for pool in ours:
            comment = self.run("zpool", "get", "-H", "-o", "value", "comment", pool).stdout
            if comment.rstrip("\n") != COMMENT:
                pytest.fail(f"this host has a pool {pool} that these tests did not make")
        for pool in ours:
            self.run("zpool", "destroy", "-f", pool)
        self.remove_devices()
        for pool in (FIRST, SECOND):
            remove_empty(self.path(f"/chyves/{pool}"))

    def wipe(self) -> None:
        """Destroy what the case has added to the pools; what resists is mended by `begin`."""
        if self.fresh and self.everything() != self.fresh:
            kept = set(self.fresh.splitlines())
            for name in self.datasets():
                above = name.rpartition("@")[0] or name.rpartition("/")[0]
                if name not in kept and above in kept:
                    self.run("zfs", "destroy", "-R", name, status=None)


def remove_empty(folder: Path) -> None:
    """Remove a folder and those below it, as far as nothing is in them."""
    for above, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(above)
