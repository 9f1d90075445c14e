"""The files of this repository, by the language that they are written in."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP = (
    ".ci",
    "bin",
    "chyves_core",
    "completions",
    "examples",
    "libexec",
    "man",
    "packaging",
    "rc.d",
    "tests",
)
SHELLS = {"sh": "sh", "bash": "bash"}


def files() -> list[Path]:
    """All files that somebody has written, sorted."""
    found = [file for top in TOP for file in sorted((ROOT / top).rglob("*")) if file.is_file()]
    return [file for file in found if "__pycache__" not in file.parts]


def first_line(file: Path) -> str:
    """The first line of a file, empty where it is not text."""
    with open(file, encoding="utf-8", errors="replace") as opened:
        return opened.readline(200).strip()


def shell_of(file: Path) -> str | None:
    """The shell that a file is written for, None for other languages."""
    first = first_line(file)
    if file.suffix == ".bash" or first.endswith(("/bash", "env bash")):
        return "bash"
    if first.startswith(("#!/bin/sh", "# shellcheck shell=sh")) or file.suffix == ".sh":
        return "sh"
    return None


def python_files() -> list[Path]:
    """All files in Python, those without a suffix too."""
    return [
        file
        for file in files()
        if file.suffix == ".py"
        or (first_line(file).startswith("#!") and "python" in file.open().readline())
    ]


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file in Python."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def name(file: Path) -> str:
    """The path as it is seen from the top of the repository."""
    return str(file.relative_to(ROOT))


def tool(*argv: str) -> str:
    """Run a tool at the top of the repository; return what it complains of, empty if of nothing.

    Skips the test where the machine does not have it.
    """
    if shutil.which(argv[0]) is None:
        pytest.skip(f"this machine has no {argv[0]}")
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    complaint = done.stdout + done.stderr
    return complaint or f"status {done.returncode}" if done.returncode else ""
