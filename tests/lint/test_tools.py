"""The sources are clean for the tools that check them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sources import ROOT, files, first_line, name, shell_of, tool


def test_ruff_finds_nothing() -> None:
    assert tool(sys.executable, "-m", "ruff", "check", "--no-cache", "-q", ".") == ""


def test_ruff_would_write_the_sources_as_they_are() -> None:
    assert tool(sys.executable, "-m", "ruff", "format", "--no-cache", "-q", "--check", ".") == ""


def test_mypy_finds_nothing() -> None:
    assert tool(sys.executable, "-m", "mypy", "--no-error-summary") == ""


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shellcheck_finds_nothing(shell: str) -> None:
    """Files that are sourced are checked within those that source them."""
    scripts = [name(file) for file in files() if shell_of(file) == shell and is_run(file)]
    assert scripts
    assert tool("shellcheck", "-a", "-x", "-s", shell, *scripts) == ""


def is_run(file: Path) -> bool:
    """Whether a file is a program, or sourced by nothing of ours."""
    return first_line(file).startswith("#!") or file.parent.name == "completions"


def test_the_manual_pages_are_correct_mdoc() -> None:
    pages = [name(page) for page in sorted((ROOT / "man").glob("*.[1-9]"))]
    assert pages
    assert tool("mandoc", "-T", "lint", "-W", "warning", *pages) == ""


@pytest.mark.parametrize("make", ["make", "bmake"])
@pytest.mark.parametrize(
    "target",
    [
        "demo",
        "test",
        "test-freebsd",
        "lint",
        "bench",
        "test-guest",
        "test-vm",
        "manual",
        "install",
        "deinstall",
        "port",
        "screens",
        "clean",
    ],
)
def test_each_make_understands_the_makefile(make: str, target: str) -> None:
    """GNU make, and FreeBSD's own, which is called bmake elsewhere."""
    assert tool(make, "-n", target) == ""
