"""chyves watch on a terminal and without one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import termios
from collections.abc import Iterator

import pexpect
import pytest

from chyves_core.lab.host.state import change_host
from tests.commands.conftest import import_script, until
from tests.conftest import LabHost

LEAVES_THE_SCREEN = "\x1b[?1049l"


@pytest.fixture(scope="module")
def host(lab_template: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabHost]:
    """A lab where web1 runs and db does not; nothing changes it."""
    folder = tmp_path_factory.mktemp("watched") / "lab"
    shutil.copytree(str(lab_template), folder, symlinks=True)
    host = LabHost(folder)
    host.chyves("web1,db", "create", "1G")
    import_script(host, folder, "os.iso")
    host.chyves("web1", "start", "os.iso")
    yield host
    host.stop_everything()


def on_a_terminal(host: LabHost, *words: str, **extra: str) -> pexpect.spawn:
    """Start watch on a terminal of 24 lines and 80 columns."""
    return pexpect.spawn(
        str(host.lab.bin / "chyves"),
        ["watch", "--interval", "0.3", *words],
        env=host.environment(TERM="xterm", **extra),
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=20,
    )


def leave(watching: pexpect.spawn, before: list[object]) -> int | None:
    """Wait for the end; the terminal must be as it was. Return the exit status."""
    watching.expect(pexpect.EOF)
    assert LEAVES_THE_SCREEN in watching.before
    assert "\x1b[?25h" in watching.before  # the cursor is seen again
    after = termios.tcgetattr(watching.child_fd)
    assert after == before
    watching.close()
    return int(watching.exitstatus) if watching.exitstatus is not None else None


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("q", 0),
        ("\x03", 130),
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
    ],
    ids=str,
)
def test_whatever_ends_it_the_terminal_is_as_it_was(
    host: LabHost, ending: str | signal.Signals, status: int
) -> None:
    watching = on_a_terminal(host)
    before = termios.tcgetattr(watching.child_fd)
    watching.expect("2 guests, 1 of them run")
    watching.expect(r"db +stopped")
    watching.expect(r"web1 +running +\d+% +\d")
    if isinstance(ending, str):
        watching.send(ending)
    else:
        os.kill(watching.pid, ending)
    assert leave(watching, before) == status


def test_rates_are_seen_with_the_guests_eyes(host: LabHost) -> None:
    """What goes out over the tap comes into the guest; one look shows it, the next does not."""
    watching = on_a_terminal(host, "web1")
    watching.expect(r"web1 +running +\d+% +\S+ +0B +0B +0B +0B")
    for traffic in ([0, 50 << 20], [50 << 20, 50 << 20]):
        with change_host(host.lab) as state:
            (tap,) = [each for each in state["interfaces"] if each["name"] == "tap50"]
            tap["traffic"] = traffic
        watching.expect(r"\d+(\.\d+)?M")
    watching.send("q")
    watching.expect(pexpect.EOF)
    watching.close()


def test_a_terminal_without_a_screen_is_refused_with_what_to_do(host: LabHost) -> None:
    for term in ("dumb", "no-such-terminal"):
        watching = pexpect.spawn(
            str(host.lab.bin / "chyves"),
            ["watch"],
            env=host.environment(TERM=term),
            encoding="utf-8",
            timeout=20,
        )
        watching.expect("chyves: this terminal (has no screen|is not known)")
        watching.expect("chyves watch --once")
        watching.expect(pexpect.EOF)
        watching.close()
        assert watching.exitstatus == 1


def test_without_a_terminal_one_table_is_printed(host: LabHost) -> None:
    done = host.output("watch", "--interval", "0.2").splitlines()
    assert done[0].split() == "NAME STATE CPU MEMORY READ WRITE IN OUT".split()
    assert [line.split()[:2] for line in done[1:]] == [["db", "stopped"], ["web1", "running"]]
    (row,) = json.loads(host.output("web1", "watch", "--interval", "0.2", "--json"))
    assert list(row) == "name state cpu memory read write in out".split()
    assert isinstance(row["cpu"], float) and row["memory"] > 0
    exact = host.output("watch", "web1", "-Hp", "-o", "name,cpu,write", "--interval", "0.2")
    assert float(exact.split("\t")[1]) >= 0
    host.chyves("watch", "web", status=3)
    host.chyves("watch", "--interval", "0", status=2)


def test_an_older_host_counts_no_bytes_of_disks(lab: LabHost) -> None:
    settings = json.loads(lab.lab.settings_file.read_text())
    lab.lab.settings_file.write_text(json.dumps(settings | {"freebsd": "12.4"}))
    lab.chyves("web1", "create", "1G")
    import_script(lab, lab.folder, "os.iso")
    lab.chyves("web1", "start", "os.iso")
    until(lambda: lab.output("watch", "-H", "-o", "state", "--interval", "0.1") == "running")
    cells = lab.output("watch", "-H", "--interval", "0.2").split("\t")
    assert cells[4:] == ["-", "-", "0B", "0B"]


def test_a_host_with_no_guest_says_so(lab: LabHost) -> None:
    assert lab.chyves("watch").stderr == "no guests\n"
    assert lab.chyves("watch", "--json").stdout == "[]\n"
