"""Helpers of tests that run guests."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.whole_guests import make_whole_guests, write_words
from tests.conftest import LabHost

SUPERVISOR = " chy-web1 web1"
BHYVE = "bhyve: chy-web1 (bhyve)"


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until the condition holds; fails the test where it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.05)


def import_script(host: LabHost, folder: Path, name: str, *lines: str) -> None:
    """Import an ISO that tells the lab's guest what to do (chyves_core/lab/bhyve/media.py)."""
    iso = folder / name
    iso.write_text("\n".join(("#chyves-guest", *lines)) + "\n")
    host.chyves("iso", "import", str(iso), "-q")


def pid_of(host: LabHost, end: str) -> int:
    """Return the process of the lab whose command line ends so."""
    listed = host.run("ps", "-axww", "-o", "pid=", "-o", "command=").stdout
    found = [line.split()[0] for line in listed.splitlines() if line.endswith(end)]
    assert len(found) == 1, listed
    return int(found[0])


def ended(host: LabHost, guest: str) -> bool:
    """Return whether a guest has ended and was cleared up."""
    return not (host.root / "var/run/chyves/guests" / guest).exists()


def stop(host: LabHost, *words: str) -> list[str]:
    """Stop guests; return what was said but for whom is waited for, once a second."""
    lines = host.output(*words).splitlines()
    return [line for line in lines if not re.fullmatch(r"waiting for [\w, ]+ \(\d+ s\)", line)]


@pytest.fixture
def guest(lab: LabHost, tmp_path: Path) -> LabHost:
    """A lab with the guest web1 and the ISO os.iso, whose system gets as far as its login."""
    lab.chyves("web1", "create", "1G")
    import_script(lab, tmp_path, "os.iso")
    lab.forget_commands()
    return lab


def interfaces(host: LabHost) -> str:
    """Return the state of all interfaces of the host."""
    return host.run("ifconfig", "-a").stdout


def running(host: LabHost) -> bool:
    """Return whether the first guest runs."""
    return bool(json.loads(host.output("list", "--json", "-o", "name,running"))[0]["running"])


def nothing_is_left(host: LabHost) -> None:
    """Check that no VM, tap, process or run folder of web1 is left."""
    vmm = host.root / "dev/vmm"
    assert not vmm.exists() or not list(vmm.iterdir())
    assert "tap50" not in interfaces(host)
    assert ended(host, "web1")
    listed = host.run("ps", "-axww", "-o", "command=", status=None).stdout
    assert "web1" not in listed


@pytest.fixture
def later(lab: LabHost) -> LabHost:
    """A lab with web1, its snapshot @then of `old` data, @since of `new` data, and a change."""
    make_whole_guests(lab, ["web1", "web10"], notes="before")
    write_words(lab, "web1", "old")
    (lab.root / "chyves/zroot/guests/web1/uefi_vars.fd").write_text("old")
    lab.chyves("web1", "snapshot", "@then")
    write_words(lab, "web1", "new")
    (lab.root / "chyves/zroot/guests/web1/uefi_vars.fd").write_text("new")
    lab.chyves("web1", "snapshot", "@since")
    lab.chyves("web1", "set", "cpu=4", "notes=after", "eject_iso_on_n_reboot=3")
    lab.forget_commands()
    return lab
