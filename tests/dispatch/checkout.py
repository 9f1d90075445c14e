"""A chyves of its own for a test: bin/ and libexec/ as they are, with commands made up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
OWN_COMMANDS = ("help", "commands", "version", "complete")
# Each kind of sh and awk that a host may have; FreeBSD's awk is Debian's original-awk.
KINDS = {
    "sh": ("sh", "awk"),
    "dash": ("dash", "awk"),
    "busybox": ("busybox", "awk"),
    "original-awk": ("sh", "original-awk"),
    "mawk": ("sh", "mawk"),
    "gawk": ("sh", "gawk"),
}


def find_tools() -> dict[str, tuple[str, str]]:
    """Return the first line for sh and the path of awk of each kind that this machine has."""
    found: dict[str, tuple[str, str]] = {}
    seen = set()
    for kind, names in KINDS.items():
        shell, awk = (shutil.which(name) for name in names)
        if shell is None or awk is None:
            continue
        files = (os.path.realpath(shell), os.path.realpath(awk))
        if files not in seen:
            seen.add(files)
            found[kind] = (f"{shell} sh" if kind == "busybox" else shell, awk)
    return found


DATASETS = (
    "filesystem tank/chyves/guests/web1 web,www",
    "filesystem tank/chyves/guests/web2 web",
    "filesystem tank/chyves/guests/db -",
    "filesystem tank/chyves/guests/web1/img -",
    "filesystem tank/other/guests/stranger -",
    "volume tank/chyves/guests/web1/disk0 -",
    "volume tank/chyves/guests/web1/disk1 -",
    "snapshot tank/chyves/guests/web1@monday -",
    "snapshot tank/chyves/guests/web1@tuesday -",
    "snapshot tank/chyves/guests/web2@sunday -",
    "filesystem tank/chyves/ISO/debian.iso -",
    "filesystem tank/chyves/ISO/freebsd.iso -",
    "filesystem tank/chyves/Firmware/BHYVE_UEFI.fd -",
)
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


def make_chyves(folder: Path, shell: str, awk: str | None = None) -> Chyves:
    copy_for_shell(folder / "a checkout", shell)
    programs = folder / "programs"
    programs.mkdir()
    if awk:
        (programs / "awk").symlink_to(awk)
    path = os.pathsep.join([str(programs), "/usr/local/bin", "/usr/bin", "/bin"])
    home = str(folder)
    environment = {"PATH": path, "HOME": home, "CHYVES_PYTHON": sys.executable}
    return Chyves(folder / "a checkout", environment)


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
            print (column == "name" ? $2 : $3)
    }}
    exit
}}' "$@"
"""


def write_program(folder: Path, name: str, body: str) -> None:
    program = folder / "programs" / name
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
