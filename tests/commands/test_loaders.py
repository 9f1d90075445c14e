"""Loaders: grub-bhyve and its profiles on a real ISO, bhyveload's disks, and how they end badly."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import ended, import_script, nothing_is_left, until
from tests.conftest import LabHost

OWN = "usr/local/etc/chyves/grub.d"
PROFILE = """\
[{name}]
    title = "Mine, and mine alone"
    [[install]]
        commands = "knetbsd (cd0)/7.3/amd64/bsd.rd {name}",
    [[run]]
        root = hd0
"""
GUEST = "chyves/zroot/guests/web1"


def make_iso(folder: Path, name: str, *files: str) -> Path:
    """Make an ISO with a few files, all of which say `kernel`."""
    if shutil.which("xorrisofs") is None:
        pytest.skip("xorrisofs is not installed")
    tree = folder / f"{name}.tree"
    tree.mkdir()
    for file in files:
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        (tree / file).write_text("kernel")
    iso = folder / name
    subprocess.run(["xorrisofs", "-quiet", "-R", "-o", iso, tree], check=True, capture_output=True)
    return iso


@pytest.fixture
def grub(lab: LabHost, tmp_path: Path) -> LabHost:
    """A lab with web1, which grub-bhyve loads, and bsd.iso with the installer of OpenBSD 7.3."""
    lab.chyves("web1", "create", "1G", "loader=grub-bhyve", "os=openbsd")
    iso = make_iso(tmp_path, "bsd.iso", "7.3/amd64/bsd.rd")
    lab.chyves("iso", "import", str(iso), "-q")
    lab.forget_commands()
    return lab


def loaded(host: LabHost) -> Any:
    """Return what grub-bhyve has put into web1's memory."""
    return json.loads((host.root / "dev/vmm/chy-web1").read_text())["loaded"]


def add_profile(host: LabHost, name: str) -> Path:
    """Put a profile of that name into a file of its own on the host."""
    file = host.root / OWN / f"{name}.cfg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(PROFILE.format(name=name))
    file.chmod(0o644)
    return file


def log(host: LabHost) -> str:
    return host.output("web1", "log")


def test_the_installer_is_loaded_from_the_version_that_the_iso_holds(grub: LabHost) -> None:
    assert grub.output("web1", "start", "bsd.iso") == "web1: running"
    assert loaded(grub)["kernel"] == "(cd0)/7.3/amd64/bsd.rd"
    assert loaded(grub)["kind"] == "kopenbsd"


def test_profiles_of_the_host_add_to_those_of_chyves_and_replace_them(grub: LabHost) -> None:
    add_profile(grub, "mine")
    add_profile(grub, "debian")
    rows = json.loads(grub.output("list", "--json", "profiles"))
    files = {row["profile"]: row["file"] for row in rows}
    assert files["mine"] == f"/{OWN}/mine.cfg"
    assert files["debian"] == f"/{OWN}/debian.cfg"
    assert files["openbsd"] == "grub_profiles.cfg"
    assert "openbsd\tweb1" in grub.output("list", "-H", "-o", "profile,guests", "profiles")
    assert grub.output("complete", "web1", "set", "os=mi") == "os=mine"
    grub.chyves("web1", "set", "os=mine")
    grub.chyves("web1", "start", "bsd.iso")
    assert loaded(grub)["command_line"] == "(cd0)/7.3/amd64/bsd.rd mine"


def test_a_profile_that_is_not_there_is_refused_with_those_that_are(grub: LabHost) -> None:
    before = grub.everything()
    for words in (("web1", "set", "os=debian99"), ("web2", "create", "1G", "os=debian99")):
        said = grub.chyves(*words, status=2).stderr
        assert f"chyves: {words[0]}: os=debian99: there is no such profile\n" in said
        assert "debian, d8lvm" in said
    file = grub.folder / "guests.conf"
    file.write_text("[web2]\ncpu = 2\n[web1]\nos = debian99\n")
    said = grub.chyves("apply", "-y", str(file), status=2).stderr
    assert said.startswith(f"chyves: {file}: [web1]: os=debian99: there is no such profile\n")
    assert grub.everything() == before
    grub.run("zfs", "set", "chyves:os=debian99", "zroot/chyves/guests/web1")
    said = grub.chyves("web1", "start", "bsd.iso", status=3).stderr
    assert said.startswith("chyves: web1: there is no grub profile 'debian99'\n")


def test_the_doctor_names_profiles_that_are_missing_and_files_that_cannot_be_used(
    grub: LabHost,
) -> None:
    add_profile(grub, "mine")
    datasets = [f"zroot/chyves/guests/web{number}" for number in (1, 2, 3)]
    for number, name in ((2, "mine"), (3, "debian")):
        grub.chyves(f"web{number}", "create", "1G", "loader=grub-bhyve", f"os={name}")
    grub.chyves("web4", "create", "1G")
    grub.run("zfs", "set", "chyves:os=debian99", datasets[0], "zroot/chyves/guests/web4")
    grub.run("zfs", "set", "chyves:os=custom", datasets[2])
    (grub.root / OWN / "gone.cfg").symlink_to("nowhere")
    add_profile(grub, "slip").write_text("[slip]\ncommands = x\n")
    found = json.loads(grub.chyves("doctor", "--json", status=1).stdout)
    assert found.pop(0)["problem"].startswith(f"/{OWN}/gone.cfg: ")
    assert [(each["subject"], each["problem"], each["command"]) for each in found] == [
        (
            "host",
            f"/{OWN}/slip.cfg: [slip]: commands means nothing here, only install, like, run, title",
            f"edit /{OWN}/slip.cfg",
        ),
        ("web1", "os=debian99: there is no such grub profile", "chyves list profiles"),
        (
            "web3",
            "os=custom needs a menu for GRUB, /chyves/zroot/guests/web3/grub/grub.cfg",
            "chyves web3 set os=PROFILE, see chyves list profiles",
        ),
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root minds")
def test_profiles_that_others_could_have_written_are_not_read(grub: LabHost) -> None:
    file = add_profile(grub, "mine")
    file.chmod(0o664)
    for words in (("list", "profiles"), ("web1", "set", "os=mine"), ("web1", "start", "bsd.iso")):
        said = grub.chyves(*words, status=4).stderr
        assert f"chyves: /{OWN}/mine.cfg: not read, because others could have written it" in said
    assert not grub.commands("grub-bhyve")


def test_a_file_of_profiles_with_a_slip_is_named(grub: LabHost) -> None:
    add_profile(grub, "mine").write_text("[mine]\ncommands = x\n")
    said = grub.chyves("web1", "start", "-n", "bsd.iso", status=1).stderr
    assert f"/{OWN}/mine.cfg: [mine]: commands means nothing here" in said


def test_custom_takes_the_guests_own_menu_and_device_map(grub: LabHost, tmp_path: Path) -> None:
    grub.chyves("web1", "set", "os=custom")
    said = grub.chyves("web1", "start", "bsd.iso", status=3).stderr
    assert said.startswith(f"chyves: web1: os=custom needs a menu for GRUB, /{GUEST}/grub/grub.cfg")
    folder = grub.root / GUEST / "grub"
    folder.mkdir()
    (folder / "grub.cfg").write_text("kopenbsd (cd5)/7.3/amd64/bsd.rd\nboot\n")
    iso = grub.root / "chyves/zroot/ISO/bsd.iso/bsd.iso"
    (folder / "device.map").write_text(f"(cd5) {iso}\n")
    assert grub.output("web1", "start") == "web1: running"
    assert loaded(grub)["kernel"] == "(cd5)/7.3/amd64/bsd.rd"
    assert grub.commands("grub-bhyve")[0][5:7] == ["-r", "host"]


def test_without_grub_bhyve_nothing_is_begun(grub: LabHost) -> None:
    (grub.lab.bin / "grub-bhyve").unlink()
    before = grub.everything()
    said = grub.chyves("web1", "start", "bsd.iso", status=3).stderr
    assert said == (
        "chyves: web1: grub-bhyve is not installed on this host\n        pkg install grub2-bhyve\n"
    )
    assert grub.everything() == before
    nothing_is_left(grub)


def test_a_loader_that_waits_can_be_stopped(grub: LabHost) -> None:
    grub.chyves("web1", "set", "os=void")
    said = grub.output("web1", "start", "bsd.iso")
    assert said == "web1: loading; chyves web1 console shows its loader"
    assert "was stopped in its loader" in grub.output("web1", "stop")
    assert "[info] - was stopped in its loader" in log(grub)
    nothing_is_left(grub)


def test_a_loader_that_takes_too_long_is_ended(grub: LabHost) -> None:
    grub.chyves("web1", "set", "os=void", "loader_timeout=2")
    grub.chyves("web1", "start", "bsd.iso", status=None)
    until(lambda: ended(grub, "web1"), 60)
    # What it said last, on the console at which nobody was.
    said = r"\[error\] - its loader took longer than loader_timeout: .*/boot/vmlinuz' not found"
    assert re.search(said, log(grub))
    nothing_is_left(grub)
    said = grub.chyves("web1", "console", status=1).stderr
    assert said.startswith("chyves: web1: is not running, its loader took longer")


def test_a_loader_at_which_somebody_may_type_is_never_too_late(grub: LabHost) -> None:
    grub.chyves("web1", "set", "os=void", "loader_timeout=15")
    grub.chyves("web1", "start", "bsd.iso")
    started = time.monotonic()
    console = subprocess.Popen(
        ["cu", "-l", "/dev/nmdm50B"],
        env=grub.environment(),
        executable=grub.lab.bin / "cu",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    until(lambda: grub.run("pgrep", "-x", "cu", status=None).stdout)
    time.sleep(max(0.0, started + 17 - time.monotonic()))
    assert not ended(grub, "web1")
    console.kill()
    console.wait()
    until(lambda: ended(grub, "web1"), 60)
    assert "its loader took longer than loader_timeout" in log(grub)


def test_bhyveload_gets_all_disks_or_the_iso_alone(guest: LabHost) -> None:
    guest.chyves("web1", "disk", "add", "1G")
    guest.chyves("web1", "set", "bhyveload_flags=-e 'a=b c' -d /dev/da7")
    dry = guest.output("web1", "start", "-n").splitlines()
    disks = " ".join(f"-d /dev/zvol/zroot/chyves/guests/web1/disk{n}" for n in (0, 1))
    words = f"bhyveload -c /dev/nmdm50A -m 256M {disks} -e 'a=b c' -d /dev/da7 chy-web1"
    assert words in dry
    iso = guest.output("web1", "start", "-n", "os.iso")
    assert "-d /chyves/zroot/ISO/os.iso/os.iso -e 'a=b c' -d /dev/da7" in iso
    guest.chyves("web1", "start", "os.iso", status=1)
    assert "status 64): bhyveload: Could not open '/dev/da7'" in log(guest)
    nothing_is_left(guest)


def test_a_guest_in_the_foreground_tells_how_it_ended(guest: LabHost, tmp_path: Path) -> None:
    import_script(guest, tmp_path, "end.iso", "boot: poweroff")
    assert guest.output("web1", "start", "--foreground", "end.iso") == "web1: powered off"
    said = guest.chyves("web1", "start", "--foreground", status=1).stderr
    assert said.startswith("chyves: web1: its loader failed (status 1): bhyveload: no bootable")
    nothing_is_left(guest)
