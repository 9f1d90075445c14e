"""`chyves iso` on a terminal: it asks, and it shows how far it is."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.commands.resource_files import CONTENT, installed, make_file, names, resource_datasets
from tests.commands.resource_server import web_server

if TYPE_CHECKING:
    from tests.conftest import LabHost

PROMPT = r"Checksum \(md5, sha1, sha256 or sha512; empty to go without\): "


class Terminal:
    """Commands of one lab, each on a terminal of its own."""

    def __init__(self, host: LabHost) -> None:
        self.host = host
        self.open: list[pexpect.spawn] = []

    def chyves(self, *words: str) -> pexpect.spawn:
        """Start a chyves command."""
        command = pexpect.spawn(
            str(self.host.lab.bin / "chyves"),
            list(words),
            env=self.host.environment(),
            encoding="utf-8",
            timeout=30,
            dimensions=(24, 200),
        )
        self.open.append(command)
        return command


@pytest.fixture
def terminal(lab: LabHost) -> Iterator[Terminal]:
    """Terminals, closed at the end."""
    terminal = Terminal(lab)
    yield terminal
    for command in terminal.open:
        command.close(force=True)


def end(command: pexpect.spawn) -> tuple[int, str]:
    """Wait for a command's end; return its status and what it printed since it was last read."""
    command.expect(pexpect.EOF)
    text = command.before
    command.close()
    return command.exitstatus, text


def test_the_checksum_is_asked_for_and_compared(
    lab: LabHost, terminal: Terminal, tmp_path: Path
) -> None:
    command = terminal.chyves("iso", "import", make_file(tmp_path, "a.iso"))
    command.expect(PROMPT)
    command.sendline(hashlib.sha1(CONTENT).hexdigest())
    status, text = end(command)
    assert status == 0
    assert "a.iso: imported, 151K, its sha1 checksum is right" in text
    assert installed(lab, "a.iso") == CONTENT


def test_an_empty_answer_goes_without(lab: LabHost, terminal: Terminal, tmp_path: Path) -> None:
    command = terminal.chyves("iso", "import", make_file(tmp_path, "a.iso"))
    command.expect(PROMPT)
    command.sendline("")
    status, text = end(command)
    assert status == 0
    assert "imported without a check" in text


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [("0" * 32, 1, "the md5 checksum is wrong"), ("what?", 2, "'what?' is not a checksum")],
)
def test_a_wrong_answer_leaves_nothing(
    lab: LabHost, terminal: Terminal, tmp_path: Path, answer: str, status: int, said: str
) -> None:
    command = terminal.chyves("iso", "import", make_file(tmp_path, "a.iso"))
    command.expect(PROMPT)
    command.sendline(answer)
    ended, text = end(command)
    assert ended == status
    assert said in text
    assert resource_datasets(lab) == []


@pytest.mark.parametrize(("key", "status"), [("c", 130), ("d", 4)])
def test_ctrl_c_and_ctrl_d_at_the_question_change_nothing(
    lab: LabHost, terminal: Terminal, tmp_path: Path, key: str, status: int
) -> None:
    command = terminal.chyves("iso", "import", make_file(tmp_path, "a.iso"))
    command.expect(PROMPT)
    # The question is printed a moment before the answer is read: what comes between is lost.
    while command.isalive():
        command.sendcontrol(key)
        time.sleep(0.5)
    assert end(command)[0] == status
    assert resource_datasets(lab) == []


@pytest.mark.parametrize("given", [("-y",), ("--hash", hashlib.md5(CONTENT).hexdigest())])
def test_nothing_is_asked_with_yes_or_where_the_checksum_is_given(
    lab: LabHost, terminal: Terminal, tmp_path: Path, given: tuple[str, ...]
) -> None:
    status, text = end(terminal.chyves("iso", "import", make_file(tmp_path, "a.iso"), *given))
    assert status == 0
    assert "Checksum (" not in text


def test_a_name_that_is_taken_is_refused_before_anything_is_asked(
    lab: LabHost, terminal: Terminal, tmp_path: Path
) -> None:
    file = make_file(tmp_path, "a.iso")
    lab.chyves("iso", "import", file)
    status, text = end(terminal.chyves("iso", "import", file))
    assert status == 4
    assert "Checksum (" not in text


def test_copying_shows_how_far_it_is(terminal: Terminal, tmp_path: Path) -> None:
    file = make_file(tmp_path, "big.iso", b"x" * (3 << 20))
    status, text = end(terminal.chyves("iso", "import", "-y", file))
    assert status == 0
    assert re.search(r"\rbig\.iso  100%  3M of 3M  [0-9.]+[KMG]/s", text)


def test_fetch_shows_its_own_progress(lab: LabHost, terminal: Terminal) -> None:
    with web_server() as address:
        status, text = end(terminal.chyves("iso", "import", "-y", f"{address}/pub/a.iso"))
    assert status == 0
    assert lab.commands("fetch")[0][:3] == ["fetch", "-r", "-o"]
    assert "100%" in text
    assert installed(lab, "a.iso") == CONTENT


def test_a_fetch_that_fails_says_why_itself(lab: LabHost, terminal: Terminal) -> None:
    with web_server() as address:
        status, text = end(terminal.chyves("iso", "import", "-y", f"{address}/gone.iso"))
    assert status == 1
    assert f"fetch: {address}/gone.iso: Not Found" in text
    assert "chyves: gone.iso: could not be fetched, nothing was imported" in text
    assert resource_datasets(lab) == []


def test_quiet_shows_nothing_on_a_terminal(terminal: Terminal, tmp_path: Path) -> None:
    file = make_file(tmp_path, "big.iso", b"x" * (3 << 20))
    assert end(terminal.chyves("iso", "import", "-qy", file)) == (0, "")


def test_delete_asks_and_takes_only_yes(lab: LabHost, terminal: Terminal, tmp_path: Path) -> None:
    lab.chyves("iso", "import", make_file(tmp_path, "a.iso"))
    for answer, status, left in (("", 4, ["a.iso"]), ("no", 4, ["a.iso"]), ("y", 0, [])):
        command = terminal.chyves("iso", "delete", "a.iso")
        command.expect(r"a\.iso: delete it \(151K\)\? \[y/N\] ")
        command.sendline(answer)
        assert end(command)[0] == status
        assert names(lab) == left
