"""A TPM that swtpm plays: started before bhyve, ended with it, its state the guest's own."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.commands.conftest import (
    BHYVE,
    SUPERVISOR,
    ended,
    import_script,
    nothing_is_left,
    pid_of,
    running,
    until,
)
from tests.conftest import LabHost

SWTPM = "path=/var/run/chyves/guests/web1/swtpm.sock"
STATE = "chyves/zroot/guests/web1/tpm"


@pytest.fixture
def tpm(lab: LabHost, tmp_path: Path) -> LabHost:
    """A lab of FreeBSD 15.0 with web1, a UEFI guest with tpm=swtpm, and the ISO os.iso."""
    settings = lab.lab.settings_file
    settings.write_text(json.dumps({**lab.lab.settings(), "freebsd": "15.0"}))
    firmware = lab.root / "usr/local/share/uefi-firmware/BHYVE_UEFI.fd"
    firmware.parent.mkdir(parents=True)
    firmware.write_bytes(bytes(8192))
    lab.chyves("web1", "create", "1G", "loader=uefi", "tpm=swtpm")
    import_script(lab, tmp_path, "os.iso")
    lab.forget_commands()
    return lab


def swtpm_runs(host: LabHost) -> bool:
    """Whether any swtpm runs in the lab."""
    return "swtpm" in host.run("ps", "-axww", "-o", "command=", status=None).stdout


def test_it_is_started_before_bhyve_and_ends_with_the_guest(tpm: LabHost) -> None:
    tpm.chyves("web1", "start", "os.iso")
    assert pid_of(tpm, SWTPM)
    state = tpm.root / STATE
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "tpm2-00.permall").stat().st_mode & 0o777 == 0o600
    assert (tpm.root / "var/run/chyves/guests/web1/swtpm.sock").stat().st_mode & 0o777 == 0o600
    tpm.chyves("web1", "stop")
    nothing_is_left(tpm)
    assert not swtpm_runs(tpm)
    assert (state / "tpm2-00.permall").exists()
    programs = [argv[0] for argv in tpm.commands()]
    assert programs.index("swtpm") < programs.index("bhyve")


def test_a_dry_run_shows_it_and_makes_nothing(tpm: LabHost) -> None:
    planned = tpm.output("web1", "start", "os.iso", "-n").splitlines()
    folder = planned.index("mkdir -p -m 0700 /chyves/zroot/guests/web1/tpm")
    assert planned[folder + 1].startswith("swtpm socket --tpm2 ")
    assert planned[folder + 2].startswith("bhyve ")
    assert not (tpm.root / STATE).exists()
    assert not tpm.commands("swtpm")


def test_each_boot_has_one_of_its_own_and_the_state_stays(tpm: LabHost, tmp_path: Path) -> None:
    import_script(tpm, tmp_path, "twice.iso", "boot: reboot 1")
    tpm.chyves("global", "set", "eject_iso_on_n_reboot=0")
    tpm.forget_commands()
    tpm.chyves("web1", "start", "twice.iso")
    until(lambda: len(tpm.commands("swtpm")) == 2)
    first = (tpm.root / STATE / "tpm2-00.permall").read_bytes()
    until(lambda: running(tpm))
    assert pid_of(tpm, SWTPM)
    tpm.chyves("web1", "stop", "force")
    assert (tpm.root / STATE / "tpm2-00.permall").read_bytes() == first
    assert not swtpm_runs(tpm)


def test_where_it_is_not_installed_nothing_is_started(tpm: LabHost) -> None:
    (tpm.lab.bin / "swtpm").unlink()
    before = tpm.everything()
    done = tpm.chyves("web1", "start", "os.iso", status=4)
    assert done.stderr == (
        "chyves: web1: tpm=swtpm: swtpm(8) is not installed\n        pkg install swtpm\n"
    )
    assert tpm.everything() == before
    assert not tpm.commands("daemon")
    assert not (tpm.root / STATE).exists()
    found = json.loads(tpm.chyves("doctor", "--json", status=None).stdout)
    assert [each["command"] for each in found] == ["pkg install swtpm"]


def test_a_guest_whose_tpm_does_not_start_is_not_booted(tpm: LabHost) -> None:
    (tpm.root / STATE).write_text("in the way")
    done = tpm.chyves("web1", "start", "os.iso", status=1)
    assert "could not be started: cannot make /chyves/zroot/guests/web1/tpm" in done.stderr
    assert not tpm.commands("bhyve")
    nothing_is_left(tpm)


@pytest.mark.parametrize("killed", ["bhyve", "supervisor", "both"])
def test_whatever_is_killed_it_does_not_stay_behind(tpm: LabHost, killed: str) -> None:
    tpm.chyves("web1", "start", "os.iso")
    if killed != "bhyve":
        os.kill(pid_of(tpm, SUPERVISOR), signal.SIGKILL)
    if killed != "supervisor":
        os.kill(pid_of(tpm, BHYVE), signal.SIGKILL)
    if killed == "bhyve":
        until(lambda: ended(tpm, "web1"))
    elif killed == "supervisor":
        tpm.chyves("web1", "stop")
    else:
        until(lambda: not running(tpm))
        assert tpm.output("web1", "reclaim") == "web1: reclaimed"
    assert not swtpm_runs(tpm)
    nothing_is_left(tpm)


def test_one_that_nobody_has_talked_to_goes_with_reclaim(tpm: LabHost) -> None:
    """The supervisor was killed between swtpm and bhyve: --terminate has nothing to wait for."""
    tpm.chyves("web10", "create", "1G")
    folder = tpm.root / "var/run/chyves/guests/web1"
    folder.mkdir(parents=True)
    (tpm.root / STATE).mkdir()
    planned = tpm.output("web1", "start", "os.iso", "-n").splitlines()
    argv = next(line for line in planned if line.startswith("swtpm ")).split()
    tpm.run(*argv)
    assert pid_of(tpm, SWTPM)
    tpm.chyves("web10", "reclaim")
    assert pid_of(tpm, SWTPM)
    found = json.loads(tpm.chyves("doctor", "--json", status=None).stdout)
    assert "has left" in found[0]["problem"]
    assert tpm.output("web1", "reclaim") == "web1: reclaimed"
    assert not swtpm_runs(tpm)


def test_the_state_goes_with_the_guest(tpm: LabHost) -> None:
    state = tpm.root / STATE
    state.mkdir()
    (state / "tpm2-00.permall").write_text("mine")
    tpm.chyves("web1", "snapshot", "@s")
    tpm.chyves("web1", "clone", "web2", "-ie")
    tpm.chyves("web1", "rename", "web3")
    for name in ("web2", "web3"):
        copy = tpm.root / "chyves/zroot/guests" / name / "tpm/tpm2-00.permall"
        assert copy.read_text() == "mine"


@pytest.mark.parametrize("flags", ["-cu", "-iu"])
def test_a_clone_that_is_to_be_unique_gets_a_tpm_of_its_own(tpm: LabHost, flags: str) -> None:
    tpm.chyves("web1", "start", "os.iso")
    tpm.chyves("web1", "stop")
    gone = "rm -f /chyves/zroot/guests/web2/tpm/tpm2-00.permall"
    assert gone in tpm.output("web1", "clone", "-n", "web2", flags).splitlines()
    assert "has a new TPM" in tpm.output("web1", "clone", "web2", flags)
    first = (tpm.root / STATE / "tpm2-00.permall").read_bytes()
    copy = tpm.root / "chyves/zroot/guests/web2/tpm/tpm2-00.permall"
    assert not copy.exists()
    tpm.chyves("web2", "start", "os.iso")
    assert copy.read_bytes() != first
    tpm.chyves("web2", "stop", "force")
