"""Plans are printed so that sh reads them as they are, and are carried out to the letter."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chyves_core.cli import one_line
from chyves_core.errors import ChyvesError, HostError, NotFound, Refused, UsageError
from chyves_core.host import Host
from chyves_core.plan import Copy, Remove, Write, run, show

WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(WORDS, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_sh_reads_a_printed_step_as_the_words_that_it_runs(words: list[str]) -> None:
    step = run("printf", "%s\\0", *words)
    assert shlex.split(str(step)) == list(step.argv)
    said = subprocess.run(["sh", "-c", str(step)], capture_output=True, check=True).stdout
    assert said == "".join(f"{word}\0" for word in words).encode()


def test_steps_that_run_nothing_are_comments_or_what_sh_can_do() -> None:
    plan = (Write("/etc/a", "x\ny\n", 0o600), Remove("/a b"), Copy("/a", "/b c"))
    assert show(plan) == ("# write /etc/a (mode 0600)\n#   x\n#   y\nrm -f '/a b'\ncp /a '/b c'\n")


def test_a_secret_text_is_never_printed() -> None:
    assert "Tr0ub" not in str(Write("/a", "password=Tr0ub4dor", shown="password=***"))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host whose files lie in a folder."""
    monkeypatch.setenv("CHYVES_LAB", str(tmp_path))
    return Host()


def test_the_first_step_that_fails_is_the_last_that_runs(host: Host) -> None:
    write = Write("/after", "")
    with pytest.raises(HostError, match=r"^false: ended with status 1 and said nothing$"):
        host.act(run("false"), write)
    assert host.read_text("/after") is None
    assert [error.message for error in host.try_to(run("false"), write)]
    assert host.read_text("/after") == ""


def test_a_program_fails_in_its_own_words_on_one_line(host: Host) -> None:
    with pytest.raises(HostError) as caught:
        host.read("sh", "-c", "echo one >&2; echo; echo two >&2; exit 3")
    assert caught.value.message == "sh: one / two"
    assert host.read("sh", "-c", "exit 3", allowed=(3,)).status == 3
    with pytest.raises(HostError, match=r"^nosuch-program is not installed on this host$"):
        host.read("nosuch-program")


def test_bytes_that_are_not_utf8_come_through_whole(host: Host) -> None:
    said = host.read("printf", "\\377x").stdout
    assert said.encode("utf-8", "surrogateescape") == b"\xffx"


def test_a_dry_run_prints_and_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHYVES_LAB", str(tmp_path))
    Host(dry_run=True).act(run("touch", str(tmp_path / "made")), Write("/made", "x"))
    assert not list(tmp_path.rglob("made"))
    assert capsys.readouterr().out.count("\n") == 3


def test_what_is_traced_holds_no_password(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    host.level = 3
    host.read("true", "chyves:uefi_vnc_password=Tr0ub\n4dor", "chyves:cpu=2")
    traced = capsys.readouterr().err
    assert "Tr0ub" not in traced and "4dor" not in traced
    assert "chyves:cpu=2" in traced


def test_files_are_replaced_whole_and_their_errors_are_told(host: Host) -> None:
    host.write("/etc/a", "old")
    host.write("/etc/a", "new", 0o600)
    assert host.read_text("/etc/a") == "new"
    assert host.list_folder("/etc") == ("a",)
    assert host.list_folder("/nosuch") == ()
    host.remove("/etc/nosuch")
    for wrong in (
        Write("/etc/a/b", ""),
        Remove("/etc"),
        Copy("/nosuch", "/b"),
        Copy("/etc/a", "/etc/a"),
    ):
        with pytest.raises(HostError):
            host.act(wrong)
    assert host.read_text("/etc/a") == "new"


def test_each_kind_of_error_has_its_exit_status() -> None:
    kinds = (ChyvesError, HostError, UsageError, NotFound, Refused)
    assert [kind("x").status for kind in kinds] == [1, 1, 2, 3, 4]


def test_a_message_is_one_line_that_no_terminal_obeys() -> None:
    assert one_line("a\nb\x1b[2J\udcff") == "a\\nb\\x1b[2J\\xff"
    assert one_line(f"{'x' * 9000}: there is none") == f"{'x' * 150}... there is none"
