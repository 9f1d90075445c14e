"""Somebody who knows iohyve comes to chyves, in each shell, by the tab key alone."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest
from shells import SHELLS, start_shell

from tests.conftest import LabHost

# What a terminal obeys instead of showing it: colours, the cursor, the title of its window.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\(B|\x1b\][^\x07]*\x07|.\x08|\x00")
NOISE = re.compile("denied|rror:|usage|Traceback|not found")


class Typist:
    """Types on a terminal, and reads what is shown there."""

    def __init__(self, terminal: Any) -> None:
        self.terminal = terminal

    def see(self, keys: str, *wanted: str, seconds: float = 40) -> str:
        """Type the keys, wait until all that is wanted is shown, and return what was shown."""
        self.terminal.send(keys)
        shown, end = "", time.monotonic() + seconds
        while not all(re.search(each, shown) for each in wanted):
            assert time.monotonic() < end, f"{keys!r} shows {shown!r}"
            try:
                shown = CONTROL.sub("", shown + self.terminal.read_nonblocking(4096, 0.2))
            except pexpect.TIMEOUT:
                continue
        assert not NOISE.search(shown)
        return shown


@pytest.fixture(params=SHELLS)
def typist(request: pytest.FixtureRequest, empty_lab: LabHost, tmp_path: Path) -> Iterator[Typist]:
    """A shell at a terminal, on a host where chyves was never installed on a pool."""
    (tmp_path / "os.iso").write_text("#chyves-guest\n")
    terminal = start_shell(request.param, empty_lab.environment(), tmp_path)
    yield Typist(terminal)
    terminal.close(force=True)


def test_a_guest_is_made_and_run_by_the_tab_key(typist: Typist, empty_lab: LabHost) -> None:
    typist.see("chy\tda\tzr\tinst\t\r", "chyves is installed on zroot")
    typist.see("chy\tiso imp\tos\t\r", "Checksum .*: ")
    typist.see("\r", "os.iso: imported")
    typist.see("chy\tcr\tweb1 1G zr\tloader=bhyvel\t\r", "web1: created on zroot")
    typist.see("chy\twe\tse\tram\t512M\rchy\twe\tge\tram\t\r", r"ram +512M")
    typist.see("chy\twe\tstar\tos\t\r", "web1: running")
    typist.see("chy\twe\tcons\t\r", "login:")
    typist.see("~.", "EOT")
    typist.see("chy\twe\tsto\t\r", "web1: powered off")
    assert ["zfs", "set", "chyves:ram=512M", "zroot/chyves/guests/web1"] in empty_lab.commands()
    # A host that tells nothing, but complains: the choice is shown, and nothing of that.
    zfs = empty_lab.lab.bin / "zfs"
    zfs.unlink()
    zfs.write_text("#!/bin/sh\necho 'permission denied' >&2\nexit 1\n")
    zfs.chmod(0o755)
    typist.see("chyves web1 snap\trollb\t", "snapshot +rollback")
    typist.see("\x15chyves web1 console \t\t", "reset +tmux +vnc")
