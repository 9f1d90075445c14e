"""nmdm pairs: two terminals and a small relay between them."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chyves_core.lab.host.nmdm import BUFFER, NoSuchDevice, open_nmdm
from tests.conftest import ROOT, LabHost, make_lab

OPEN_BOTH = """
import os, sys
sys.path.insert(0, sys.argv[1])
from chyves_core.lab.home import Lab
from chyves_core.lab.host.nmdm import open_nmdm
lab = Lab.from_environment()
ends = [open_nmdm(lab, f"/dev/nmdm{sys.argv[2]}{end}") for end in "AB"]
os.write(ends[0], sys.argv[2].encode())
print(os.read(ends[1], 100).decode())
"""


def read(terminal: int, seconds: float = 5.0) -> bytes:
    """Return what comes within some seconds."""
    return os.read(terminal, 65536) if select.select([terminal], [], [], seconds)[0] else b""


def relays(host: LabHost) -> list[str]:
    """Return the pairs that stand in the lab's /dev."""
    return sorted(node.name for node in (host.root / "dev").glob("nmdm*"))


def test_each_end_reads_what_the_other_writes_as_it_is(empty_lab: LabHost) -> None:
    a, b = (open_nmdm(empty_lab.lab, f"/dev/nmdm1{end}") for end in "AB")
    os.write(a, b"from A\n\x03\x7f")
    assert read(b) == b"from A\n\x03\x7f"
    os.write(b, b"from B\r")
    assert read(a) == b"from B\r"
    os.close(a)
    os.close(b)


def test_an_end_may_have_any_word_for_its_number_but_no_other_shape(empty_lab: LabHost) -> None:
    os.close(open_nmdm(empty_lab.lab, "/dev/nmdm-web1.1A"))
    assert relays(empty_lab) == ["nmdm-web1.1A", "nmdm-web1.1B"]
    for name in ("/dev/nmdm1C", "/dev/nmdm1", "/dev/cuau0"):
        with pytest.raises(NoSuchDevice):
            open_nmdm(empty_lab.lab, name)


def test_a_writer_is_not_blocked_while_the_other_end_is_closed(empty_lab: LabHost) -> None:
    a = open_nmdm(empty_lab.lab, "/dev/nmdm2A")
    for number in range(100):
        os.write(a, f"{number:4}".encode() * 256)
    time.sleep(0.3)
    b = open_nmdm(empty_lab.lab, "/dev/nmdm2B")
    kept = b""
    while piece := read(b, 1.0):
        kept += piece
    assert kept.endswith(b"  99")
    assert len(kept) <= BUFFER + 4096, "at most the buffer and what lay in the terminal"
    os.close(a)
    os.close(b)


def test_the_relay_ends_with_its_nodes_when_both_ends_are_closed(empty_lab: LabHost) -> None:
    a, b = (open_nmdm(empty_lab.lab, f"/dev/nmdm3{end}") for end in "AB")
    os.close(a)
    time.sleep(0.5)
    assert relays(empty_lab) == ["nmdm3A", "nmdm3B"]
    os.close(b)
    deadline = time.monotonic() + 10
    while relays(empty_lab) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert relays(empty_lab) == []
    a = open_nmdm(empty_lab.lab, "/dev/nmdm3A")
    os.close(a)


def test_many_pairs_are_made_at_once_and_do_not_mix(empty_lab: LabHost) -> None:
    def talk(unit: str) -> str:
        argv = [sys.executable, "-c", OPEN_BOTH, str(ROOT), unit]
        done = subprocess.run(
            argv, env=empty_lab.environment(), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    units = [str(number) for number in range(10, 18)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(talk, units)) == units


def test_two_who_open_one_pair_at_once_get_the_same_one(empty_lab: LabHost) -> None:
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(lambda _: open_nmdm(empty_lab.lab, "/dev/nmdm5A"), range(4)))
    assert len({os.ttyname(end) for end in ends}) == 1
    for end in ends:
        os.close(end)


def test_the_relay_does_not_hold_the_pipes_of_who_started_it(empty_lab: LabHost) -> None:
    started = time.monotonic()
    argv = [sys.executable, "-c", OPEN_BOTH, str(ROOT), "6"]
    subprocess.run(argv, env=empty_lab.environment(), capture_output=True, check=True)
    assert time.monotonic() - started < 2.5


def test_the_relay_of_a_lab_that_was_removed_ends(tmp_path: Path) -> None:
    host = make_lab(tmp_path / "lab", pools=())
    a = open_nmdm(host.lab, "/dev/nmdm7A")
    shutil.rmtree(host.folder)
    deadline = time.monotonic() + 10
    while is_connected(a) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_connected(a)
    os.close(a)


def is_connected(terminal: int) -> bool:
    """Return whether a relay still holds the other side of a terminal."""
    try:
        os.write(terminal, b".")
    except OSError:
        return False
    return True
