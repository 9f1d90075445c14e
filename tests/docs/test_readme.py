"""What the README shows is true."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from documents import ROOT, Shown, fenced, shown_commands

from chyves_core import errors
from tests.conftest import LabHost

README = ROOT / "README.md"


def test_every_command_prints_what_the_readme_shows(empty_lab: LabHost, tmp_path: Path) -> None:
    """All console blocks in their order, as a reader would type them on one host."""
    shutil.copytree(ROOT / "examples", tmp_path / "work" / "examples")
    commands = [each for block in fenced(README, "console") for each in shown_commands(block)]
    assert len(commands) > 15
    for shown in commands:
        done = subprocess.run(
            ["sh", "-c", shown.line],
            cwd=tmp_path / "work",
            env=empty_lab.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert shown.is_true_of(done.stdout), f"# {shown.line}\n{done.stdout}"


@pytest.mark.parametrize(
    ("output", "printed", "is_true"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\nc\n", False),
        ("", "", True),
        ("", "a word\n", False),
        ("a ... c", "a b c\n", True),
        ("a ... c", "a b\nc\n", False),
        ("a\n...\nd", "a\nb\nc\nd\n", True),
        ("a\n...\nd", "a\nd\n", True),
        ("a\n...", "a\nb\n", True),
        ("a\n...\nd", "a\nb\nc\n", False),
        ("a.b", "axb\n", False),
    ],
)
def test_the_comparison_can_fail(output: str, printed: str, is_true: bool) -> None:
    assert Shown("", output).is_true_of(printed) == is_true


def test_the_plugin_that_is_shown_begins_like_the_example() -> None:
    (shown,) = (block for block in fenced(README, "sh") if block.startswith("#!"))
    example = (ROOT / "examples" / "plugins" / "chyves-count").read_text()
    assert example.startswith(shown.removesuffix(".\n"))


def test_the_table_of_exit_statuses_is_complete() -> None:
    table = {int(number) for number in re.findall(r"(?m)^\| (\d+) \|", README.read_text())}
    declared = {errors.OK, errors.FAILED, errors.USAGE, errors.NOT_FOUND, errors.REFUSED}
    assert table == declared | {errors.INTERRUPTED}


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?m)^    make (\S+)$", README.read_text()):
        assert re.search(rf"(?m)^{target}:", makefile)


def test_every_file_that_the_readme_names_is_there() -> None:
    text = README.read_text()
    for path in re.findall(r"`((?:examples|completions|man)[^` ]*)`", text):
        assert (ROOT / path).exists(), path
