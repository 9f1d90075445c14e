"""A command killed anywhere leaves the old state or the new one, files and nodes included.

Each command is run in a forked process that kills itself at its n-th change of a file, for
every n, until it comes to its end; then the next command has to find one of the two states.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chyves_core.lab.home import Lab
from chyves_core.lab.zfs import zfs
from chyves_core.lab.zfs.files import Files
from chyves_core.lab.zfs.store import Store

from .playing import Host

CHANGES = "replace rename mkdir unlink rmdir symlink truncate pwrite utime".split()

COMMANDS = {
    "create": ["create", "-p", "tank/new/deep"],
    "create -V": ["create", "-V", "8m", "tank/a/w"],
    "set mountpoint": ["set", "mountpoint=/moved", "tank/a"],
    "set volsize": ["set", "volsize=32m", "tank/a/v"],
    "set volmode": ["set", "volmode=none", "tank/a/v"],
    "snapshot": ["snapshot", "-r", "tank/a@new"],
    "rollback": ["rollback", "-r", "tank/a@s"],
    "rollback of a volume": ["rollback", "-r", "tank/a/v@s"],
    "rename": ["rename", "tank/a", "tank/b"],
    "rename of a snapshot": ["rename", "-r", "tank/a@s", "tank/a@t"],
    "clone": ["clone", "tank/a@s", "tank/c"],
    "destroy of a snapshot": ["destroy", "-r", "tank/a@s"],
    "destroy": ["destroy", "-r", "tank/a"],
    "receive": ["receive", "tank/r"],
    "unmount": ["unmount", "tank/a"],
}


def prepare(host: Host) -> None:
    """Make a tree with files, a volume and snapshots, and a stream of it."""
    host("zfs create tank/a; zfs create tank/a/kid; zfs create -V 16m tank/a/v")
    host("echo old > $R/tank/a/f; echo old > $R/tank/a/kid/f")
    host("printf old | dd of=$R/dev/zvol/tank/a/v conv=notrunc 2>/dev/null")
    host("zfs snapshot -r tank/a@s; echo new > $R/tank/a/f; echo new > $R/tank/a/kid/f")
    host("printf new | dd of=$R/dev/zvol/tank/a/v conv=notrunc 2>/dev/null")
    host("zfs send -R tank/a@s > stream")


def description(lab: Lab) -> dict[str, Any]:
    """Return all that can be seen of the pool: datasets, properties, files, nodes, snapshots."""
    store = Store(lab)
    with store.reading():
        pool = store.pool("tank")
        assert pool is not None
        files = Files(store, pool)
        seen: dict[str, Any] = {"folders": visible(lab.root / "tank") + visible(lab.root / "moved")}
        seen["nodes"] = sorted(str(p) for p in (lab.root / "dev/zvol").rglob("*") if p.is_file())
        for dataset in pool.datasets.values():
            snaps = {snap.name: content(files.kept(snap)) for snap in dataset.snaps}
            live = content(files.live(dataset))
            seen[dataset.name] = (dataset.local, dataset.mounted, dataset.volsize, snaps, live)
    return seen


def visible(folder: Path) -> list[str]:
    """Return all paths below a folder, snapshots shown in .zfs among them."""
    found = []
    for path in sorted(folder.rglob("*")):
        found.append(str(path))
        if path.name == ".zfs":
            found += [str(each) for each in sorted((path / "snapshot").glob("*/*"))]
    return found


def content(path: str) -> Any:
    """Return what a file begins with, or the files of a folder."""
    if os.path.isdir(path):
        return {name: content(f"{path}/{name}") for name in os.listdir(path) if name != ".zfs"}
    if os.path.exists(path):
        with open(path, "rb") as file:
            return file.read(3), os.path.getsize(path)
    return None


def run_killed(lab: Lab, words: list[str], at: int, stream: Path) -> bool:
    """Run `zfs WORDS` in a process that is killed at its change number `at`; True if it ended."""
    child = os.fork()
    if child == 0:
        try:
            sys.stdin = open(stream)  # noqa: SIM115
            os.dup2(sys.stdin.fileno(), 0)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            kill_at(at)
            os._exit(zfs.main(words, lab))
        finally:
            os._exit(99)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def kill_at(number: int) -> None:
    """Make this process kill itself just before its change of a file number `number`."""
    left = number

    def wrap(real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        return counted

    for name in CHANGES:
        setattr(os, name, wrap(getattr(os, name)))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A lab with a tree on which the commands are tried."""
    from .playing import make_host

    host = make_host(tmp_path_factory.mktemp("crash") / "lab")
    prepare(host)
    return host


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_leaves_the_old_state_or_the_new(prepared: Host, name: str) -> None:
    folder, kept = prepared.lab.folder, prepared.lab.folder.with_name(f"kept {name}")
    shutil.copytree(folder, kept, symlinks=True)
    lab = Lab(folder)
    old = description(lab)
    states = []
    ended = False
    while not ended:
        ended = run_killed(lab, COMMANDS[name], len(states) + 1, kept / "stream")
        states.append(description(lab))
        shutil.rmtree(folder)
        shutil.copytree(kept, folder, symlinks=True)
    shutil.rmtree(kept)
    new = states[-1]
    assert new != old
    assert len(states) > 2
    for place, state in enumerate(states):
        assert state in (old, new), f"killed before change {place + 1}"
