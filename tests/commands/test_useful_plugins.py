"""The plugins for daily use in examples/plugins, and the beginning of new ones."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import import_script
from tests.commands.whole_guests import make_whole_guests, write_words
from tests.conftest import ROOT, LabHost

GUESTS = "zroot/chyves/guests"
# Plays ssh(1): the other host is a folder.
SSH = """\
#!/bin/sh
echo "$1" >>"$CHYVES_LAB/asked"
cd "$CHYVES_LAB/nas" && exec sh -c "$2"
"""
# A zfs whose pool goes away while it sends.
BROKEN_ZFS = """\
#!/bin/sh
[ "$1" != send ] || { echo half; exit 1; }
exec "$CHYVES_LAB/bin/zfs" "$@"
"""


@pytest.fixture
def plugins(lab: LabHost, monkeypatch: pytest.MonkeyPatch) -> LabHost:
    """A lab with the example plugins, the guests web1 and web10, and a host behind ssh."""
    monkeypatch.setenv("CHYVES_LIBEXEC", str(ROOT / "examples" / "plugins"))
    make_whole_guests(lab, ["web1", "web10"], notes="ours")
    (lab.folder / "nas").mkdir()
    ssh = lab.lab.bin / "ssh"
    ssh.write_text(SSH)
    ssh.chmod(0o755)
    return lab


def test_a_backup_brings_a_guest_back_as_it_was(plugins: LabHost, tmp_path: Path) -> None:
    write_words(plugins, "web1", "precious")
    plugins.chyves("web1", "snapshot", "@kept")
    file = tmp_path / "web 1's.zfs"
    before = plugins.datasets()
    assert plugins.output("web1", "backup", str(file)) == f"web1: written to {file}"
    assert plugins.datasets() == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    disk = plugins.root / f"dev/zvol/{GUESTS}/web1/disk0"
    data = disk.read_bytes()[:64]
    plugins.chyves("web1", "delete", "-qy")
    with open(file, "rb") as stream:
        argv = ["zfs", "receive", "-u", f"{GUESTS}/web1"]
        subprocess.run(argv, stdin=stream, env=plugins.environment(), check=True)
    assert plugins.output("web1", "get", "-H", "notes") == "ours"
    assert disk.read_bytes()[:64] == data
    assert f"{GUESTS}/web1@kept" in plugins.datasets()
    said = plugins.chyves("web1", "backup", str(file), status=4).stderr
    assert said == f"chyves: {file}: is there already\n"


def test_a_backup_over_ssh_is_whole_or_not_there(plugins: LabHost) -> None:
    nas = plugins.folder / "nas"
    plugins.chyves("web1", "backup", "--ssh", "me@nas", "it's web1.zfs")
    assert [file.name for file in nas.iterdir()] == ["it's web1.zfs"]
    assert set((plugins.folder / "asked").read_text().split()) == {"me@nas"}
    before = plugins.datasets()
    own = plugins.folder / "own"
    own.mkdir()
    (own / "zfs").write_text(BROKEN_ZFS)
    (own / "zfs").chmod(0o755)
    path = f"{own}:{plugins.environment()['PATH']}"
    done = plugins.chyves("web1", "backup", "--ssh", "me@nas", "two", status=1, PATH=path)
    assert "chyves: web1: could not be written to two" in done.stderr
    assert [file.name for file in nas.iterdir()] == ["it's web1.zfs"]
    assert plugins.datasets() == before


def test_a_backup_takes_one_guest_that_stands_alone(plugins: LabHost, tmp_path: Path) -> None:
    file = str(tmp_path / "x.zfs")
    plugins.chyves("web", "backup", file, status=3)
    plugins.chyves("web1,web10", "backup", file, status=3)
    plugins.chyves("web1", "clone", "copy", "-ce")
    said = plugins.chyves("copy", "backup", file, status=4).stderr
    assert "copy: is a clone" in said and "chyves copy promote" in said
    plugins.chyves("web1", "backup", status=2)
    shown = plugins.output("web1", "backup", "-n", file).splitlines()
    assert shown[1].startswith(f"zfs send -R {GUESTS}/web1@backup-")
    assert not Path(file).exists()


def test_daily_takes_one_snapshot_a_day_and_thins_out(plugins: LabHost) -> None:
    days = [f"2026-0{month}-11T03:00:00Z" for month in range(1, 8)]
    for day in days:
        plugins.run("zfs", "snapshot", "-r", f"{GUESTS}/web1@{day}")
    plugins.chyves("web1", "snapshot", "@mine")
    for _ in range(2):
        done = plugins.chyves("daily", "--keep", "last=2")
        assert done.stdout + done.stderr == ""
    names = plugins.output("web1", "snapshot", "list", "-H", "-o", "snapshot").split()
    assert "@mine" in names and len(names) == 3
    names = plugins.output("web10", "snapshot", "list", "-H", "-o", "snapshot").split()
    assert len(names) == 1
    assert plugins.chyves("daily", "nosuch", status=3).stderr


def test_prometheus_reads_what_is_written(plugins: LabHost, tmp_path: Path) -> None:
    import_script(plugins, tmp_path, "os.iso")
    plugins.chyves("web1", "start", "os.iso")
    file = tmp_path / "chyves.prom"
    plugins.chyves("prometheus", str(file))
    text = file.read_text()
    assert [each.name for each in tmp_path.glob("*chyves.prom*")] == ["chyves.prom"]
    for line in text.splitlines():
        form = r'(# (HELP|TYPE) chyves_\w+ .+|chyves_\w+\{guest="[^"]+"(,\w+="[^"]*")*\} [0-9.e+]+)'
        assert re.fullmatch(form, line), line
    assert 'chyves_guest_running{guest="web1"} 1\n' in text
    assert 'chyves_guest_running{guest="web10"} 0\n' in text
    assert 'chyves_guest_network_sent_bytes_total{guest="web1"} 0\n' in text
    assert 'cpu_seconds_total{guest="web10"}' not in text
    done = plugins.chyves("prometheus", str(tmp_path / "no" / "x"), status=1)
    assert "cannot write" in done.stderr


def test_they_complete_by_their_headers(plugins: LabHost) -> None:
    assert "daily" in plugins.output("complete", "dai").split()
    assert "--ssh" in plugins.output("complete", "web1", "backup", "--").split()
    assert "web1" in plugins.output("complete", "daily", "w").split()


@pytest.mark.parametrize("language", ["sh", "python"])
def test_a_new_plugin_works_at_once(lab: LabHost, language: str, tmp_path: Path) -> None:
    lab.chyves("web1", "create", "ram=512M")
    lab.chyves("plugin", "new", f"--{language}", "my-list")
    assert lab.output("my-list", *(["-H"] if language == "python" else [])) == "web1\t512M"
    assert "\n  my-list " in lab.output("help")
    assert lab.output("complete", "my-list", "w") == "web1"
    lab.chyves("my-list", "nosuch", status=3)
    said = lab.chyves("plugin", "new", "my-list", status=4).stderr
    assert said.startswith("chyves: there is a command my-list already, ")
    lab.chyves("plugin", "new", f"--{language}", "other", str(tmp_path))
    assert "web1" in lab.chyves("other", CHYVES_LIBEXEC=str(tmp_path)).stdout


def test_a_plugin_takes_the_place_of_no_command_and_of_no_file(
    lab: LabHost, tmp_path: Path
) -> None:
    assert lab.chyves("plugin", "new", "start", status=4).stderr
    assert lab.chyves("plugin", "new", "../start", status=2).stderr
    shown = lab.output("plugin", "new", "-n", "mine")
    assert shown.startswith("# write /usr/local/etc/chyves/libexec/chyves-mine (mode 0755)\n")
    assert not (lab.root / "usr/local/etc/chyves/libexec/chyves-mine").exists()
    (tmp_path / "chyves-mine").symlink_to("/nowhere")
    lab.chyves("plugin", "new", "mine", str(tmp_path), status=4)
    missing = tmp_path / "no such"
    for words in (("-n", "other"), ("other",)):
        said = lab.chyves("plugin", "new", *words, str(missing), status=1).stderr
        assert said.splitlines() == [
            f"chyves: cannot write {missing}/chyves-other: {missing} is not a folder",
            f"        mkdir -p '{missing}'",
        ]
    assert not Path("/nowhere").exists()
