"""The shells that chyves has completion for, each at a terminal of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pexpect
import pytest

FILES = Path(__file__).parents[2] / "completions"
# How each is started without files of the user, and how it comes by our completion.
SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], f"source '{FILES}/chyves.bash'"),
    "zsh": (["-f", "-i"], f"fpath=('{FILES}' $fpath); autoload -Uz compinit; compinit -u -D"),
    "fish": (["--no-config", "--private"], f"source '{FILES}/chyves.fish'"),
    "tcsh": (["-f"], f"set autolist; source '{FILES}/chyves.tcsh'"),
}


def start_shell(name: str, environment: Mapping[str, str], folder: Path) -> Any:
    """Return a shell at its prompt, with completion for chyves; skips where there is none."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"this machine has no {name}")
    arguments, load = SHELLS[name]
    terminal = pexpect.spawn(
        program,
        arguments,
        env={**environment, "TERM": "xterm", "LC_ALL": "C.UTF-8"},
        cwd=str(folder),
        encoding="utf-8",
        timeout=40,
        dimensions=(24, 200),
    )
    terminal.sendline(f"{load}; echo loaded by | tr a-z A-Z")
    terminal.expect("LOADED BY")
    return terminal
