"""The main job of chyves in a lab, shown as one would type it: `make demo` runs this.

Every step is checked; the first one that does not do what it shows ends the demonstration with
status 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pexpect

ROOT = Path(__file__).resolve().parent.parent
CHYVES = str(ROOT / "bin" / "chyves")


class Demonstration:
    """Types commands into a lab, shows what they print, and checks it."""

    def __init__(self, lab: Path) -> None:
        self.lab = lab

    def prefix(self) -> list[str]:
        """Return the words that run a command in the lab."""
        return [CHYVES, "lab", "--dir", str(self.lab), "--"]

    def type(self, line: str, *expected: str, absent: str = "") -> None:
        """Run `chyves …` as typed; its output has to hold all that is expected."""
        print(f"\n# {line}", flush=True)
        done = subprocess.run(
            [*self.prefix(), "sh", "-c", line],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        print(done.stdout, end="", flush=True)
        if done.returncode != 0:
            sys.exit(f"demo: {line}: status {done.returncode}")
        for text in expected:
            if text not in done.stdout:
                sys.exit(f"demo: {line}: {text!r} is not in its output")
        if absent and absent in done.stdout:
            sys.exit(f"demo: {line}: {absent!r} is in its output")

    def talk(self, line: str, *exchanges: tuple[str, str]) -> None:
        """Run an interactive command on a terminal: wait for each text, then type the answer."""
        print(f"\n# {line}", flush=True)
        words = [*self.prefix(), "sh", "-c", line]
        child = pexpect.spawn(words[0], words[1:], encoding="utf-8", timeout=30, echo=False)
        child.logfile_read = sys.stdout
        try:
            for awaited, answer in exchanges:
                child.expect_exact(awaited)
                child.send(answer)
            child.expect(pexpect.EOF)
        except pexpect.ExceptionPexpect:
            sys.exit(f"\ndemo: {line}: did not answer as it should")
        print(flush=True)


def make_installer(folder: Path) -> Path:
    """Write a small file that the lab's guest takes for an installer ISO."""
    iso = folder / "installer.iso"
    iso.write_bytes(b"an installer for the lab's guest\n" + bytes(64 * 1024))
    return iso


def main() -> None:
    """Go from nothing to a running guest, talk to it, and remove it again."""
    with tempfile.TemporaryDirectory(prefix="chyves-demo.") as folder:
        os.environ.pop("CHYVES_LAB", None)
        show = Demonstration(Path(folder) / "lab")
        iso = make_installer(Path(folder))
        show.type("uname -sr; zpool list", "FreeBSD", "zroot")
        show.type("chyves dataset zroot install", "zroot")
        show.type(f"chyves iso import '{iso}'", "installer.iso")
        show.type("chyves iso list", "installer.iso")
        show.type("chyves web1 create 4G", "web1")
        show.type("chyves web1 set cpu=2 ram=1G description='our web server'")
        show.type("chyves list", "web1", "our web server")
        show.type("chyves web1 start installer.iso", "web1: ")
        show.type("chyves list", "web1", "yes")
        show.talk(
            "chyves web1 console",
            ("web1: console", "\r"),
            ("login:", "root\r"),
            ("# ", "uname -a\r"),
            ("chyves-lab", "\r"),
            ("# ", "\r~."),
        )
        show.type("chyves web1 snapshot @first", "@first-LIVE-SYSTEM")
        show.type("chyves web1 snapshot list", "@first-LIVE-SYSTEM")
        show.type("chyves web1 stop", "powered off")
        show.type("chyves web1 log", "boot", "powered off")
        show.type("chyves web1 delete --yes", "web1: deleted")
        show.type("chyves list -H -o name", absent="web1")
    print("\nEvery step did what it shows.")


if __name__ == "__main__":
    main()
