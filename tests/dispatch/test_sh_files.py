"""The files in sh: small, and clean for shellcheck."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from checkout import KINDS, OWN_COMMANDS, REPOSITORY

SH_FILES = ["bin/chyves", *(f"libexec/chyves-{word}" for word in OWN_COMMANDS)]


def test_shellcheck_finds_nothing() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("this machine has no shellcheck")
    plugin = "examples/plugins/chyves-count"
    done = subprocess.run(
        ["shellcheck", "-x", *SH_FILES, plugin], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.stdout == ""
    bash = ["shellcheck", "-s", "bash", "completions/chyves.bash"]
    assert subprocess.run(bash, cwd=REPOSITORY, capture_output=True, text=True).stdout == ""


@pytest.mark.parametrize("path", SH_FILES)
def test_a_script_fits_in_a_hundred_lines(path: str) -> None:
    assert len((REPOSITORY / path).read_text().splitlines()) < 100


@pytest.mark.parametrize("kind", KINDS)
def test_this_machine_has_each_kind_of_sh_and_awk_to_try_chyves_with(kind: str) -> None:
    missing = [name for name in KINDS[kind] if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not tried with {' and '.join(missing)}: this machine has none")


@pytest.mark.parametrize("shell", ["sh", "dash", "busybox", "bash", "mksh", "yash", "zsh"])
def test_every_kind_of_sh_can_read_the_scripts(shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"this machine has no {shell}")
    words = [program, "sh"] if shell == "busybox" else [program]
    for path in [*SH_FILES, *(str(file) for file in (REPOSITORY / "libexec/lib").glob("*.sh"))]:
        done = subprocess.run([*words, "-n", path], cwd=REPOSITORY, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
