"""Consoles: cu on the guest's nmdm, several in tmux, and the address of VNC."""

from __future__ import annotations

import shutil
from pathlib import Path

import pexpect
import pytest

from tests.conftest import LabHost


@pytest.fixture
def console(guest: LabHost) -> LabHost:
    """A lab in which web1 runs."""
    guest.chyves("web1", "start", "os.iso")
    return guest


def connect(host: LabHost, name: str = "web1") -> pexpect.spawn:
    """Return a terminal with `chyves NAME console` on it."""
    words = [name, "console"]
    return pexpect.spawn(
        str(host.lab.bin / "chyves"), words, env=host.environment(), encoding="utf-8", timeout=20
    )


def test_one_talks_to_a_guest_and_leaves_with_tilde_dot(guest: LabHost) -> None:
    console = guest
    # With a limit somebody listens to the loader on this console, and has to be gone by now.
    console.chyves("web1", "set", "loader_timeout=60")
    console.chyves("web1", "start", "os.iso")
    assert (console.root / "var/run/chyves/guests/web1/loader.heard").exists()
    terminal = connect(console)
    terminal.expect_exact("web1: console /dev/nmdm50B, type ~. to leave it")
    terminal.send("\r")
    terminal.expect_exact("login:")
    terminal.send("root\r")
    terminal.expect_exact("# ")
    terminal.send("hostname\r")
    terminal.expect_exact("chy-web1")
    terminal.send("\r~.")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert console.output("list", "-H", "-o", "running") == "yes"


def test_a_power_off_typed_on_the_console_ends_the_guest(console: LabHost) -> None:
    terminal = connect(console)
    terminal.send("\r")
    terminal.expect_exact("login:")
    terminal.send("root\r")
    terminal.expect_exact("# ")
    terminal.send("poweroff\r")
    for _ in range(100):
        if console.output("list", "-H", "-o", "running") == "no":
            break
    assert "powered off" in console.output("web1", "log")
    terminal.close(force=True)


def test_the_console_of_a_guest_that_does_not_run_is_an_error(guest: LabHost) -> None:
    done = guest.chyves("web1", "console", status=1)
    assert done.stderr == "chyves: web1: is not running\n        chyves web1 start\n"
    assert guest.chyves("nosuch", "console", status=3).stdout == ""


def test_a_console_without_a_terminal_is_refused(console: LabHost) -> None:
    """cu(1) would type DEL to the guest for ever, see usr.bin/tip: it knows no end of its input."""
    done = console.chyves("web1", "console", status=4)
    assert done.stderr == (
        "chyves: web1: a console needs a terminal, and there is none here\n"
        "        chyves web1 console tmux\n"
    )
    assert not console.commands("cu")


def test_reset_ends_the_cu_of_just_this_guest(console: LabHost) -> None:
    console.chyves("web10", "create", "1G")
    console.chyves("web10", "start", "os.iso")
    stray, other = connect(console, "web1"), connect(console, "web10")
    for terminal in (stray, other):
        terminal.expect_exact("Connected")
    assert console.output("web1", "console", "reset") == "web1: 1 cu ended"
    stray.expect(pexpect.EOF)
    assert other.isalive()
    assert console.output("web1", "console", "reset") == "web1: no cu has its console"
    for terminal in (stray, other):
        terminal.close(force=True)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_tmux_has_a_window_for_each_guest_with_console_and_log(
    console: LabHost, tmp_path: Path
) -> None:
    console.chyves("web10", "create", "1G")
    console.chyves("web10", "start", "os.iso")
    tmux = {"TMUX_TMPDIR": str(tmp_path), "TMUX": ""}
    try:
        console.chyves("web1,web10", "console", "tmux", **tmux)
        console.chyves("web1", "console", "tmux", **tmux)
        panes = ("tmux", "list-panes", "-s", "-t", "chyves", "-F", "#{window_name}")
        assert console.run(*panes, **tmux).stdout.split() == ["web1", "web1", "web10", "web10"]
    finally:
        console.run("tmux", "kill-server", status=None, **tmux)


def test_vnc_prints_where_the_screen_is(guest: LabHost) -> None:
    done = guest.chyves("web1", "console", "vnc", status=4)
    assert done.stderr.startswith("chyves: web1: has no screen")
    guest.chyves("web1", "set", "loader=uefi", "uefi_console_output=vnc", "uefi_vnc_ip=::1")
    assert guest.output("web1", "console", "vnc") == "[::1]:5900"


def test_a_vnc_client_of_ones_own_is_given_address_and_port(guest: LabHost) -> None:
    guest.chyves("web1", "set", "loader=uefi", "uefi_console_output=vnc")
    guest.chyves("web1", "set", "uefi_vnc_client=custom")
    assert "is empty" in guest.chyves("web1", "console", "vnc", status=2).stderr
    guest.chyves("web1", "set", "uefi_vnc_client_custom_cmd=echo 'to %h' %p $(id)")
    assert guest.output("web1", "console", "vnc") == "to 127.0.0.1 5900 $(id)"
    guest.chyves("web1", "set", "uefi_vnc_client=off")
    assert "is off" in guest.chyves("web1", "console", "vnc", status=4).stderr
