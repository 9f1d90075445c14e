"""The pools of the machine with OpenZFS: two, in files, made anew for each test."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

POOLS = ("zroot", "tank")
IMAGES = Path("/pools")
SIZE = 100 << 30


def run(*argv: str) -> str:
    """Run a program of the machine that has to succeed and return what it printed."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def pools() -> Iterator[None]:
    """Empty pools zroot and tank, as large as those of a lab."""
    if not Path("/job/tree").is_dir():
        pytest.skip("make test-vm runs this, in the machine with OpenZFS")
    for name in POOLS:
        image = IMAGES / name
        with open(image, "wb") as file:
            file.truncate(SIZE)
        run("zpool", "create", "-f", name, str(image))
    yield
    # In the order that uncovers those that others are mounted upon.
    subprocess.run(["umount", "-a", "-t", "zfs"], capture_output=True, check=False)
    for name in run("zpool", "list", "-H", "-o", "name").split():
        run("zpool", "destroy", "-f", name)
