"""The pictures of terminals in docs/screens are true today."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
from documents import ROOT, fenced

FOLDER = ROOT / "docs" / "screens"


def test_they_fit_a_terminal_and_are_all_that_are_taken() -> None:
    script = (ROOT / "docs" / "screens.py").read_text()
    named = set(re.findall(r'(?m)^    "(\w+)": \(', script))
    assert {file.stem for file in FOLDER.iterdir()} == named
    assert named >= {"help", "list", "info", "network", "watch"}
    for file in FOLDER.iterdir():
        lines = file.read_text().splitlines()
        assert 1 < len(lines) <= 24 and max(map(len, lines)) <= 80, file.name


def test_they_are_true() -> None:
    if shutil.which("tmux") is None:
        pytest.skip("this machine has no tmux")
    argv = [sys.executable, "docs/screens.py", "--check"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"make screens takes them anew\n{done.stdout}{done.stderr}"


def test_the_comparison_can_fail() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        from screens import alike
    finally:
        sys.path.remove(str(ROOT / "docs"))
    assert alike("12:00:01 web1  5% 1.5G", "13:00:01 web1 12%  800M")
    assert not alike("web1 running 5%", "web1 stopped 5%")
    assert not alike("web1 running", "web10 running")


def test_the_readme_shows_one_of_them() -> None:
    (shown,) = fenced(ROOT / "README.md", "text")
    assert shown == (FOLDER / "watch.txt").read_text()
