"""A chyves of its own for each test: bin/ and libexec/ as they are, with commands made up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
OWN_COMMANDS = ("help", "commands", "version", "complete")
SHELLS = {"sh": "/bin/sh", "dash": shutil.which("dash"), "busybox": shutil.which("busybox")}
ECHO = 'printf "%s" "${0##*/}"; for word; do printf " [%s]" "$word"; done; echo'


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass
class Chyves:
    """A checkout in a folder with a blank in its name, and the environment it is called in."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def program(self) -> Path:
        return self.root / "bin" / "chyves"

    @property
    def libexec(self) -> Path:
        return self.root / "libexec"

    def __call__(
        self,
        *words: str,
        program: Path | str | None = None,
        user: int | None = None,
        **more: str,
    ) -> Said:
        """Call chyves with the words; `more` are environment variables."""
        done = subprocess.run(
            [str(program or self.program), *words],
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            cwd=self.root.parent,
            user=user,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def add(
        self,
        word: str,
        *usage: str,
        summary: str = "Say the own name and the words",
        body: str = ECHO,
        folder: Path | None = None,
        header: str = "",
        first_line: str = "#!/bin/sh",
    ) -> Path:
        """Write the command chyves-WORD; by itself it says its name and the words it was given."""
        command = (folder or self.libexec) / f"chyves-{word}"
        command.parent.mkdir(parents=True, exist_ok=True)
        lines = [first_line]
        lines += [f"# Summary: {summary}"] if summary else []
        lines += [f"# Usage: {form}" for form in usage]
        lines += [f"# {line}".rstrip() for line in header.splitlines()]
        command.write_text("\n".join([*lines, "", body, ""]))
        command.chmod(0o755)
        return command


def copy_for_shell(target: Path, shell: str) -> None:
    """Copy chyves' own sh files, with `shell` in their first lines instead of /bin/sh."""
    (target / "bin").mkdir(parents=True)
    shutil.copytree(REPOSITORY / "libexec" / "lib", target / "libexec" / "lib")
    shutil.copy(REPOSITORY / "libexec" / "VERSION", target / "libexec" / "VERSION")
    for name in ["bin/chyves", *(f"libexec/chyves-{word}" for word in OWN_COMMANDS)]:
        text = (REPOSITORY / name).read_text().removeprefix("#!/bin/sh\n")
        (target / name).write_text(f"#!{shell}\n{text}")
        (target / name).chmod(0o755)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """The first line of the sh scripts: each kind of sh that this machine has."""
    path = SHELLS[request.param]
    if path is None:
        pytest.skip(f"this machine has no {request.param}")
    return f"{path} sh" if request.param == "busybox" else path


@pytest.fixture
def chyves(tmp_path: Path, shell: str) -> Chyves:
    """chyves in a folder of its own, with a guest verb, a noun and a hidden command."""
    made = make_chyves(tmp_path, shell)
    made.add("start", "chyves <guest>[,<guest>...] start [-n] [<iso>]", summary="Start guests")
    made.add("network", "chyves network <guest> add|remove <tap>", summary="Taps and bridges")
    made.add("secret", summary="")
    return made


def make_chyves(folder: Path, shell: str) -> Chyves:
    copy_for_shell(folder / "a checkout", shell)
    programs = folder / "programs"
    programs.mkdir()
    path = os.pathsep.join([str(programs), "/usr/local/bin", "/usr/bin", "/bin"])
    home = str(folder)
    environment = {"PATH": path, "HOME": home, "CHYVES_PYTHON": sys.executable}
    return Chyves(folder / "a checkout", environment)


@pytest.fixture
def host(chyves: Chyves, tmp_path: Path) -> Callable[..., None]:
    """Give the host zfs datasets and interfaces: programs that print them, as far as asked."""

    def give(*datasets: str, pools: str = "tank", interfaces: str = "") -> None:
        lab = tmp_path / "lab"
        for pool in pools.split():
            (lab / "root" / "chyves" / pool).mkdir(parents=True, exist_ok=True)
        (lab / "datasets").write_text("".join(f"{line}\n" for line in datasets))
        write_program(tmp_path, "zpool", "\n".join(f"echo {pool}" for pool in pools.split()))
        write_program(tmp_path, "ifconfig", f'printf "%s\\n" {interfaces} | grep "^$2"')
        write_program(tmp_path, "zfs", ZFS.format(datasets=lab / "datasets", calls=lab / "calls"))
        chyves.environment["CHYVES_LAB"] = str(lab)

    return give


# `zfs list` of lines "TYPE NAME GROUPS": those of the type asked for, one below the datasets named.
ZFS = """echo "$*" >>'{calls}'
exec awk -v type="$6" -v column="$4" -v first=9 '
BEGIN {{
    for (i = first; i < ARGC; i++)
        wanted[ARGV[i]] = 1
    while ((getline < "{datasets}") > 0) {{
        parent = $2
        sub(/[@\\/][^@\\/]*$/, "", parent)
        if ($1 == type && ($2 in wanted || parent in wanted))
            print column == "name" ? $2 : $3
    }}
    exit
}}' "$@"
"""


def write_program(folder: Path, name: str, body: str) -> None:
    program = folder / "programs" / name
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
