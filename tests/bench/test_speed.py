"""How long `chyves list` takes, against the least that it could: Python's start and zfs itself."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.commands.bulk_guests import make_guests
from tests.conftest import LabHost

ROUNDS = 15
# What else the machine does can only make a ratio of two times wrong, so it is taken anew.
TRIES = 3
pytestmark = pytest.mark.bench


def milliseconds(host: LabHost, *argv: str) -> float:
    """Return the shortest time of a command in the lab."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run(argv, env=host.environment(), capture_output=True, check=False)
        times.append((time.perf_counter() - started) * 1000)
    return min(times)


@pytest.mark.parametrize("count", [1, 200])
def test_list_takes_at_most_three_times_python_and_its_zfs_get(lab: LabHost, count: int) -> None:
    make_guests(lab, {f"guest{number}": {} for number in range(count)})
    lab.forget_commands()
    lab.chyves("list")
    (zfs_get,) = lab.commands("zfs")
    for _ in range(TRIES):
        python = milliseconds(lab, sys.executable, "-c", "pass")
        zfs = milliseconds(lab, *zfs_get)
        chyves = milliseconds(lab, str(lab.lab.bin / "chyves"), "list")
        ratio = chyves / (python + zfs)
        if ratio <= 3.0:
            break
    print(
        f"\nlist of {count} guests: {chyves:.0f} ms; python3 -c pass {python:.0f} ms, "
        f"zfs get {zfs:.0f} ms; ratio {ratio:.2f}"
    )
    if count == 200:
        assert ratio <= 3.0


def test_the_commands_without_python_answer_at_once(lab: LabHost) -> None:
    chyves = str(lab.lab.bin / "chyves")
    for words in (("version",), ("commands",), ("help",)):
        took = milliseconds(lab, chyves, *words)
        print(f"\nchyves {' '.join(words)}: {took:.0f} ms")
        assert took < 150
