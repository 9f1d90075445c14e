"""help, commands, version, completion of words and errors are quick: no Python is started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import Chyves, write_program


@pytest.fixture
def no_python(chyves: Chyves, tmp_path: Path) -> Callable[[], bool]:
    """Every Python that chyves could start leaves a mark; tells whether one was started."""
    mark = tmp_path / "python was started"
    body = f"touch '{mark}'; exit 99"
    for name in ("python", "python3", "python3.11"):
        write_program(tmp_path, name, body)
    own = chyves.root / ".venv" / "bin" / "python3"
    own.parent.mkdir(parents=True)
    own.symlink_to(tmp_path / "programs" / "python3")
    del chyves.environment["CHYVES_PYTHON"]
    chyves.add("snake", "chyves <guest> snake [-x]", first_line="#!/usr/bin/env python3", body="")
    return lambda: not mark.exists()


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["help"],
        ["help", "snake"],
        ["snake", "--help"],
        ["web1", "snake", "--help"],
        ["commands"],
        ["commands", "-a", "--paths"],
        ["version"],
        ["--version"],
        ["frob"],
        ["web1", "snaek"],
        ["snaplist"],
        ["complete", ""],
        ["complete", "web1", "s"],
        ["complete", "snake", "web1", "-"],
    ],
    ids=" ".join,
)
def test_no_python_is_started(
    chyves: Chyves, no_python: Callable[[], bool], words: list[str]
) -> None:
    said = chyves(*words)
    assert said.status in (0, 2)
    assert said.out or said.err
    assert no_python()


def test_the_mark_works(chyves: Chyves, no_python: Callable[[], bool]) -> None:
    assert chyves("web1", "snake").status == 99
    assert not no_python()
