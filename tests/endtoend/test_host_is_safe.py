"""What keeps a real host safe from these very tests; the lab has nothing to be kept safe."""

from __future__ import annotations

import os
import sys

import pytest

from tests.endtoend.hosts import kind
from tests.endtoend.hosts.base import Host

pytestmark = pytest.mark.skipif(kind() != "freebsd", reason="only a real host is guarded")


def test_the_guard_lets_nothing_through_that_is_not_ours(host: Host) -> None:
    """Each of these would fail anyway, as there is no such dataset, interface or VM."""
    host.need("other-pools")
    environment = host.environment()
    pool = environment["GUARD_POOLS"].split()[0]
    interface = environment["GUARD_INTERFACES"].split()[0]
    log = host.folder / "refused.log"
    for argv in (
        ("zfs", "destroy", f"{pool}/chyvest-nosuch"),
        ("zfs", "set", "chyvest:x=1", f"{pool}@chyvest-nosuch"),
        ("ifconfig", interface, "-chyvest"),
        ("bhyvectl", "--vm=chyvest-nosuch", "--destroy"),
        ("kill", "-0", str(os.getppid())),
    ):
        done = host.run(*argv, status=99, GUARD_LOG=str(log))
        assert "not let through" in done.stderr
    assert len(log.read_text().splitlines()) == 5
    host.run("zfs", "get", "-H", "name", pool)
    host.run("ifconfig", interface)


def test_chyves_finds_a_python_by_itself(host: Host) -> None:
    """The other cases tell it which: the one that runs these tests."""
    done = host.run(host.program, "list", "-H", status=None, CHYVES_PYTHON="")
    if done.returncode != 0:
        # That may be the host's fault, but then it is said so.
        assert "Python" in done.stderr or "has no" in done.stderr
        pytest.skip(f"no Python of this host but {sys.executable} can run it: {done.stderr}")
    assert done.stdout == ""
