"""How long `chyves list` takes, against the least that it could: Python's start and zfs itself."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from tests.commands.bulk_guests import make_guests
from tests.conftest import LabHost

ROUNDS = 25
pytestmark = pytest.mark.bench


def medians(host: LabHost, *commands: Sequence[str]) -> list[float]:
    """Return the median time of each command in milliseconds."""
    return [statistics.median(taken) for taken in times_of(host, *commands)]


def times_of(host: LabHost, *commands: Sequence[str]) -> list[list[float]]:
    """Return how long each command took in each round, in milliseconds.

    They take turns, so that whatever else the machine does meets all of them.
    """
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(ROUNDS):
        for argv, taken in zip(commands, times, strict=True):
            started = time.perf_counter()
            subprocess.run(argv, env=host.environment(), capture_output=True, check=False)
            taken.append((time.perf_counter() - started) * 1000)
    return times


@pytest.mark.parametrize("count", [1, 200])
def test_list_takes_at_most_three_times_python_and_its_zfs_get(lab: LabHost, count: int) -> None:
    make_guests(lab, {f"guest{number}": {} for number in range(count)})
    lab.forget_commands()
    lab.chyves("list")
    (zfs_get,) = lab.commands("zfs")
    python, zfs, chyves = medians(
        lab, (sys.executable, "-c", "pass"), zfs_get, (str(lab.lab.bin / "chyves"), "list")
    )
    ratio = chyves / (python + zfs)
    print(
        f"\nlist of {count} guests: {chyves:.0f} ms; python3 -c pass {python:.0f} ms, "
        f"zfs get {zfs:.0f} ms; ratio {ratio:.2f}"
    )
    if count == 200:
        assert ratio <= 3.0


@pytest.mark.parametrize("count", [1, 200])
def test_guest_names_are_completed_within_one_and_a_half_times_the_zfs_list(
    lab: LabHost, count: int
) -> None:
    make_guests(lab, {f"guest{number}": {} for number in range(count)})
    lab.forget_commands()
    chyves = str(lab.lab.bin / "chyves")
    lab.chyves("complete", "g")
    (zfs_list,) = lab.commands("zfs")
    # The quickest of all rounds: it has a process for each of its steps, and a busy machine lets
    # each of them wait.
    first, second, zfs = map(
        min, times_of(lab, (chyves, "complete", "g"), (chyves, "complete", "start", "g"), zfs_list)
    )
    print(
        f"\ncompletion of {count} guests: {first:.0f} ms, behind a verb {second:.0f} ms; "
        f"its zfs list {zfs:.0f} ms"
    )
    assert max(first, second) <= 1.5 * zfs


def test_the_commands_without_python_answer_at_once(lab: LabHost) -> None:
    chyves = str(lab.lab.bin / "chyves")
    for words in (("version",), ("commands",), ("help",), ("complete", "web1", "st")):
        (took,) = medians(lab, (chyves, *words))
        print(f"\nchyves {' '.join(words)}: {took:.0f} ms")
        assert took < 150
