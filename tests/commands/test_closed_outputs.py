"""Nobody reads what a command says, or has closed it before: the work is done all the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.commands.whole_guests import make_whole_guests

if TYPE_CHECKING:
    import subprocess

    from tests.conftest import LabHost


def in_sh(
    lab: LabHost, line: str, status: int = 0, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run a line of sh in the lab, where $chyves is the command."""
    chyves = str(lab.lab.bin / "chyves")
    done = lab.run("sh", "-c", line, status=status, chyves=chyves, **extra)
    assert "Traceback" not in done.stderr
    return done


def test_whoever_stops_reading_does_not_stop_a_change_half_way(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web10"])
    line = '{ "$chyves" web1,web10 snapshot @both; echo "$?" >&2; } | sleep 0'
    assert in_sh(lab, line).stderr == "0\n"
    taken = {name for name in lab.datasets("snapshot") if name.endswith("@both")}
    assert "zroot/chyves/guests/web1@both" in taken
    assert "zroot/chyves/guests/web10@both" in taken
    lab.run("zfs", "snapshot", "zroot/chyves/guests/web1@later")
    in_sh(lab, '"$chyves" web1,web10 snapshot @later 2>&1 >/dev/null | sleep 0')
    assert "zroot/chyves/guests/web10@later" in lab.datasets("snapshot")
    in_sh(lab, '"$chyves" web1,web10 delete -y | sleep 0')
    assert lab.output("list", "-Hq") == ""


def test_a_command_does_its_work_where_its_outputs_are_closed(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    assert in_sh(lab, '"$chyves" web1 snapshot @s >&-').stderr == ""
    assert "zroot/chyves/guests/web1@s" in lab.datasets("snapshot")
    assert in_sh(lab, '"$chyves" list >&-').stderr == ""
    assert in_sh(lab, '"$chyves" web9 get ram 2>&-', status=3).stdout == ""
    closed = in_sh(lab, '"$chyves" web1 delete <&-', status=4)
    assert "There is no terminal to ask on" in closed.stderr
    if Path("/dev/full").exists():
        full = in_sh(lab, '"$chyves" list >/dev/full', status=1)
        assert full.stderr == "chyves: what is printed can't be written: No space left on device\n"
