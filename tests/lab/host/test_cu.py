"""cu at a terminal: two of them talk over one pair, and hang up with a tilde and a dot."""

from __future__ import annotations

import pexpect
import pytest

from tests.conftest import LabHost


def connect(host: LabHost, end: str) -> pexpect.spawn[str]:
    """Return a cu that is connected."""
    host.run("kldload", "-n", "nmdm")
    argv = ["-l", f"/dev/nmdm50{end}", "-s", "115200"]
    cu = pexpect.spawn(
        str(host.lab.bin / "cu"), argv, env=host.environment(), encoding="utf-8", timeout=10
    )
    cu.expect("Connected")
    return cu


@pytest.mark.parametrize("hang_up", ["~.", "~\x04"])
def test_two_terminals_talk_until_one_hangs_up(empty_lab: LabHost, hang_up: str) -> None:
    left, right = connect(empty_lab, "A"), connect(empty_lab, "B")
    left.send("hello~.\r")
    right.expect("hello~.")
    right.send("and back\r")
    left.expect("and back")
    for cu in (left, right):
        cu.send(f"\r{hang_up}")
        cu.expect("EOT")
        cu.wait()
        assert cu.exitstatus == 0


def test_a_doubled_tilde_is_sent_as_one(empty_lab: LabHost) -> None:
    left, right = connect(empty_lab, "A"), connect(empty_lab, "B")
    left.send("~~.x\r")
    right.expect(r"~\.x")
    for cu in (left, right):
        cu.close(force=True)


def test_a_line_that_another_cu_has_is_busy(empty_lab: LabHost) -> None:
    first = connect(empty_lab, "B")
    done = empty_lab.run("cu", "-l", "/dev/nmdm50B", status=3)
    assert done.stdout == "all ports busy\n"
    assert "cu -l /dev/nmdm50B" in empty_lab.run("pgrep", "-fl", "^cu ").stdout
    first.close(force=True)
