"""Commands at the same time: nothing is given out twice, nothing is done to the wrong guest."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.commands.whole_guests import guests, make_whole_guests, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost


def begin(lab: LabHost, *words: str, **extra: str) -> subprocess.Popen[str]:
    """Start a chyves command and do not wait for it."""
    return subprocess.Popen(
        [str(lab.lab.bin / "chyves"), *words],
        env=lab.environment(**extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*running: subprocess.Popen[str]) -> list[int]:
    """Wait for commands and return their statuses; none may print a traceback."""
    for each in running:
        _, complaints = each.communicate(timeout=120)
        assert "Traceback" not in complaints
        assert "internal error" not in complaints
    return [each.returncode for each in running]


def test_two_creates_of_ten_guests_each_give_nothing_out_twice(lab: LabHost) -> None:
    first = begin(lab, ",".join(f"a{n}" for n in range(10)), "create", "1G")
    second = begin(lab, ",".join(f"b{n}" for n in range(10)), "create", "1G", "tank")
    assert finish(first, second) == [0, 0]
    made = [own_properties(lab, f"zroot/chyves/guests/a{n}") for n in range(10)]
    made += [own_properties(lab, f"tank/chyves/guests/b{n}") for n in range(10)]
    for name in ("net_ifaces", "serial", "uefi_vnc_port", "uuid"):
        assert len({each[f"chyves:{name}"] for each in made}) == 20
    macs = {value for each in made for name, value in each.items() if name.endswith("_mac")}
    assert len(macs) == 20


def test_of_two_creates_of_one_name_one_succeeds(lab: LabHost) -> None:
    running = [begin(lab, "web1", "create", "1G", pool) for pool in ("zroot", "tank", "zroot")]
    assert sorted(finish(*running)) == [0, 4, 4]
    assert guests(lab) == ["web1"]


def test_create_waits_for_a_delete_of_the_same_name(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], notes="old")
    running = [begin(lab, "web1", "delete", "--yes"), begin(lab, "web1", "create", "1G")]
    deleted, created = finish(*running)
    assert deleted == 0
    assert created in (0, 4)
    assert guests(lab) == (["web1"] if created == 0 else [])
    if created == 0:
        assert lab.output("web1", "get", "-H", "notes") == "-"
        assert "zroot/chyves/guests/web1/disk0" in lab.datasets()


def test_of_two_renames_to_one_name_one_succeeds(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"])
    statuses = finish(begin(lab, "web1", "rename", "new"), begin(lab, "web2", "rename", "new"))
    assert sorted(statuses) == [0, 4]
    assert len(guests(lab)) == 2


def test_a_lock_names_its_holder_and_ends_with_it(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    hold = (
        "from chyves_core import locks; from chyves_core.host import Host; import sys\n"
        "with locks.hold(Host(), 'guest-web1'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    import sys

    holder = subprocess.Popen(
        [sys.executable, "-c", hold],
        env=lab.environment(CHYVES_COMMAND="apply", PYTHONPATH="."),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout and holder.stdout.readline() == "held\n"
    done = lab.chyves("web1", "delete", "--yes", status=4)
    assert f"chyves apply (pid {holder.pid})" in done.stderr
    assert guests(lab) == ["web1"]
    holder.kill()
    holder.wait()
    lab.chyves("web1", "delete", "--yes")
