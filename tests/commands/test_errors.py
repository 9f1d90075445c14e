"""What goes wrong is told in one line, with one that helps, and the right exit status."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tests.commands.whole_guests import guests, make_whole_guests

if TYPE_CHECKING:
    from tests.conftest import LabHost

CHANGES = (
    ("web1", "set", "cpu=2", "notes=it's"),
    ("all", "set", "cpu=2"),
    ("web1", "unset", "eject_iso_on_n_reboot"),
    ("global", "set", "dev_mode=on"),
    ("defaults", "set", "cpu=2"),
    ("web1", "rename", "new"),
    ("web1", "snapshot", "@s"),
    ("web9", "create", "1G"),
    ("web1", "delete"),
    ("all", "delete"),
    ("dataset", "third", "install"),
    ("web1", "reclaim"),
)


def test_without_the_right_to_it_nothing_is_changed(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], eject_iso_on_n_reboot="2")
    before = lab.everything()
    for words in CHANGES:
        done = lab.chyves(*words, status=1, CHYVES_LAB_UID="1001")
        assert done.stderr.startswith("chyves: must be root"), words
        assert done.stderr.count("\n") == 2
        assert done.stdout == ""
    assert lab.everything() == before
    assert lab.chyves("web1", "get", "-H", "cpu", CHYVES_LAB_UID="1001").stdout == "1\n"


def test_a_dry_run_needs_no_rights_changes_nothing_and_prints_what_sh_reads(lab: LabHost) -> None:
    lab.run("zpool", "create", "third", str(disk(lab)))
    make_whole_guests(lab, ["web1"], eject_iso_on_n_reboot="2")
    before = lab.everything()
    for words in CHANGES:
        lab.forget_commands()
        done = lab.chyves(*words, "-n", CHYVES_LAB_UID="1001")
        lines = done.stdout.strip("\n").split("\n")
        for line in lines:
            assert line.startswith("# ") or shlex.join(shlex.split(line)) == line, words
        if words[1] != "reclaim":
            assert any(line.startswith("zfs ") for line in lines), words
        changing = [argv[1] for argv in lab.commands("zfs") if argv[1] not in ("get", "list")]
        assert all("-nvpr" in argv for argv in lab.commands("zfs") if argv[1] in changing)
    assert lab.everything() == before


def disk(lab: LabHost) -> str:
    """Make a file that a pool can lie on, and return its path."""
    file = lab.folder / "third.img"
    with open(file, "wb") as made:
        made.truncate(256 << 20)
    return str(file)


def test_what_is_wrong_is_told_in_two_lines_at_most_and_no_traceback(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    before = lab.everything()
    for status, words in (
        (2, ["nosuchcommand"]),
        (2, ["web1", "nosuchverb"]),
        (2, ["web1", "get", "cpu", "ram"]),
        (2, ["get"]),
        (2, ["web1", "get", "-o", "nosuch", "cpu"]),
        (2, ["web1", "get", "--nosuch", "cpu"]),
        (2, ["web1", "get", "nosuch"]),
        (2, ["global", "get", "cpu"]),
        (3, ["nosuch", "get", "all"]),
        (3, ["a\nb\x1b[2J", "get", "all"]),
        (3, ["\udcff", "get", "all"]),
        (3, ["", "get", "all"]),
        (3, ["x" * 9000, "get", "all"]),
        (2, ["web1", "set", "ram", "=", "2G"]),
        (2, ["web1", "snapshot", "monday"]),
    ):
        done = lab.chyves(*words, status=None)
        assert done.returncode == status or (words[0] == "" and done.returncode == 2), words
        assert done.stdout == "", words
        assert 1 <= done.stderr.count("\n") <= 2, words
        assert done.stderr.startswith("chyves: "), words
        assert "Traceback" not in done.stderr
        assert "\x1b" not in done.stderr
    assert lab.everything() == before
    said = lab.chyves("web1", "snapshot", "monday", status=2).stderr
    assert said.endswith("\n        chyves web1 snapshot @monday\n")
    said = lab.chyves("web1", "disk", "resize", "2G", status=2).stderr
    assert "resize: a word is missing\n" in said


def test_on_a_pool_that_is_read_only_no_more_is_said_than_is_true(lab: LabHost) -> None:
    lab.chyves("web1", "create", "1G", "tank", "-q")
    lab.run("zpool", "export", "tank")
    lab.run("zpool", "import", "-o", "readonly=on", "tank")
    before = lab.everything()
    for words in (("delete", "--yes"), ("set", "ram=1G", "cpu=2")):
        done = lab.chyves("web1", *words, status=1)
        assert done.stderr.endswith("'tank/chyves/guests/web1': pool is read-only\n")
    assert lab.everything() == before


def test_a_host_without_zfs_or_with_a_broken_one_is_told_of_in_one_line(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    for fault in ("zfs:1:fail", "zpool:1:fail"):
        done = lab.chyves("web1", "get", "cpu", status=1, CHYVES_LAB_FAIL=fault)
        assert done.stderr.count("\n") == 1
    (lab.lab.bin / "zpool").unlink()
    done = lab.chyves("web1", "get", "cpu", status=1)
    assert done.stderr == "chyves: zpool is not installed on this host\n"


def test_a_host_without_chyves_says_how_to_install_it(empty_lab: LabHost) -> None:
    for words in (("global", "get", "all"), ("web1", "create"), ("defaults", "set", "cpu=2")):
        done = empty_lab.chyves(*words, status=3)
        assert "chyves dataset POOL install" in done.stderr
        assert done.stderr.count("\n") == 2
    done = empty_lab.chyves("web1", "get", "cpu", status=3)
    assert done.stderr.count("\n") == 2


def test_a_lock_folder_that_is_none_is_told_of(lab: LabHost) -> None:
    run_folder = lab.root / "var/run/chyves"
    run_folder.mkdir(parents=True, exist_ok=True)
    for path in run_folder.glob("locks/*"):
        path.unlink()
    if (run_folder / "locks").exists():
        (run_folder / "locks").rmdir()
    (run_folder / "locks").write_text("")
    done = lab.chyves("web1", "create", status=1)
    assert "cannot lock" in done.stderr
    assert done.stderr.count("\n") == 1
    assert guests(lab) == []
