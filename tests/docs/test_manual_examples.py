"""What the manual pages show is done in a lab, as a reader would type it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pexpect
import pytest
from documents import ROOT
from test_manual import PAGE, PLUGIN_PAGE, section

from tests.conftest import LabHost

# What a section takes for granted.
BEFORE = {
    "NETWORK": ["chyves dataset zroot install", "chyves web1 create"],
    "UEFI": ["chyves dataset zroot install"],
    "POOLS AND REPLICATION": ["chyves dataset zroot install", "chyves web1 create"],
    "HOOKS": [],
}
# Commands that say by their status what they have found.
FINDS = {"chyves doctor": (0, 1), "chyves diff guests.conf": (0,)}
TIMES_OUT = 30


def shown(page: Path, name: str) -> list[str]:
    """The commands in the literal blocks of a section; a backslash joins lines."""
    found = []
    for block in re.findall(r"(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", section(page, name)):
        text = block.replace("\\\n", " ").replace("\\e", "\\").replace("\\&", "")
        found += [line[2:] for line in text.splitlines() if line.startswith("# ")]
    return found


def script_of(lines: list[str], folder: Path) -> list[str]:
    """The commands as they can be run here: what comes from the network lies in the folder."""
    return [line.replace("https://example.org/", f"{folder}/") for line in lines]


def run_all(host: LabHost, lines: list[str], folder: Path) -> str:
    """Run commands in one shell's sense: a variable that one sets is known to the next."""
    said, assigned = "", ""
    for line in lines:
        if re.match(r"\w+=\$\(", line):
            assigned += f"{line}\n"
            continue
        if line.endswith(" console"):
            look_at_the_console(host, line, folder)
            continue
        done = subprocess.run(
            ["sh", "-c", assigned + line],
            cwd=folder,
            env=host.environment(CHYVES_LIBEXEC=str(ROOT / "examples/plugins")),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode in FINDS.get(line, (0,)), f"# {line}\n{done.stdout}"
        said += done.stdout
    return said


def look_at_the_console(host: LabHost, line: str, folder: Path) -> None:
    """Look at a guest's console, and leave it as the manual says."""
    argv = ["-c", line]
    console = pexpect.spawn(
        "sh", argv, cwd=str(folder), env=host.environment(TERM="xterm"), timeout=TIMES_OUT
    )
    console.expect("Connected")
    console.send("\r~.")
    console.expect(pexpect.EOF)
    console.close()
    assert console.exitstatus == 0, line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that a reader is in, with what the examples bring along."""
    place = tmp_path / "reader"
    place.mkdir()
    iso = "#chyves-guest\n" + "\n" * 4096
    (place / "installer.iso").write_text(iso)
    (place / "BHYVE_UEFI.fd").write_bytes(bytes(1 << 20))
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", str(place / "cloud.qcow2"), "1G"]
    subprocess.run(argv, check=True)
    return place


@pytest.mark.parametrize("name", ["NETWORK", "UEFI", "POOLS AND REPLICATION"])
def test_the_commands_of_a_section_work(empty_lab: LabHost, folder: Path, name: str) -> None:
    lines = shown(PAGE, name)
    assert lines
    run_all(empty_lab, BEFORE[name] + script_of(lines, folder), folder)


def test_the_tutorial_ends_with_what_it_says(empty_lab: LabHost, folder: Path) -> None:
    said = run_all(empty_lab, script_of(shown(PAGE, "TUTORIAL"), folder), folder)
    assert "web1: running\n" in said and "web1: powered off\n" in said
    assert re.search(r"(?m)^web1 +no +no +10 +zroot +our web server$", said)
    names = empty_lab.output("list", "-H", "-o", "name,description").splitlines()
    assert names == ["web1\tour web server", "web2\tour web server"]


def test_the_examples_do_what_stands_above_them(empty_lab: LabHost, folder: Path) -> None:
    lines = shown(PAGE, "EXAMPLES")
    assert len(lines) > 15
    said = run_all(empty_lab, script_of(lines, folder), folder)
    assert "web1 has 2G\n" in said
    host = empty_lab
    assert host.output("web1", "get", "-H", "rcboot") == "10"
    assert host.output("web2", "get", "-H", "groups") == "web"
    assert "chyves_enable" in (host.root / "etc/rc.conf").read_text()
    assert host.output("mine").startswith("web1\t2G")
    assert (folder / "guests.conf").read_text().count("[web") == 2


def test_the_examples_of_plugins_work(empty_lab: LabHost, folder: Path) -> None:
    lines = shown(PLUGIN_PAGE, "EXAMPLES")
    assert any("count loader" in line for line in lines)
    order = sorted(lines, key=lambda line: not line.endswith(("install", "create")))
    said = run_all(empty_lab, [line.replace("CHYVES_LIBEXEC=$PWD ", "") for line in order], folder)
    assert "3 bhyveload" in said and '"name": "db"' in said


def test_a_topic_of_help_is_the_section_of_the_manual(empty_lab: LabHost) -> None:
    topics = empty_lab.output("help", "topics").splitlines()
    page = PAGE.read_text()
    names = re.findall(r"(?m)^\.Sh (.+)$", page)
    assert topics == [name.lower().replace(" ", "-") for name in names]
    for topic in ("tutorial", "MIGRATION", "exit-status", "NETWORK", "uefi", "hooks"):
        shown_text = empty_lab.output("help", topic)
        assert len(shown_text.splitlines()) >= 5, topic
        assert all(len(line) <= 80 for line in shown_text.splitlines())
    assert "bridge0 attach em1" in empty_lab.output("help", "NETWORK")
    assert empty_lab.output("help", "network").startswith("Usage: chyves network")
    assert "unknown command" in empty_lab.chyves("help", "tutorials", status=2).stderr
