"""What commands look like on a terminal of 80 columns and 24 lines: docs/screens/*.txt.

python3 docs/screens.py          write them anew, from a lab
python3 docs/screens.py --check  only say which of them are not true any more; then status 1

Numbers that are never twice the same (time, CPU, memory) count as alike. tmux(1) is the terminal.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from chyves_core.lab.home import Lab  # noqa: E402
from chyves_core.lab.setup import LabChoice, environment, set_up  # noqa: E402

FOLDER = ROOT / "docs" / "screens"
COLUMNS, LINES = 80, 24
# Name of the file, what is typed, and what has to be seen before the picture is taken.
SCREENS = {
    "help": ("chyves help | head -n 22", "Usage"),
    "list": ("chyves list", "db"),
    "info": ("chyves info -vb", "web2"),
    "network": ("chyves list bridges", "tap52"),
    "watch": ("chyves watch", r"web1 +running +\d+%"),
}
GUESTS = """\
chyves dataset zroot install
chyves dataset tank install
chyves web1,web2 create 20G ram=2G cpu=2 groups=web rcboot=10
chyves db create 40G tank ram=8G cpu=4 loader=uefi description="PostgreSQL, keep it running"
chyves web1 set description="our web server"
chyves web2 set description="spare of web1"
chyves network bridge0 attach em1
chyves network db add tap bridge1
chyves iso import -q installer.iso
chyves web1,web2 start installer.iso
"""


def main() -> int:
    """Write the screens, or compare them."""
    with tempfile.TemporaryDirectory() as folder, ready_lab(Path(folder)) as lab:
        taken = {name: take(lab, name, *screen) for name, screen in SCREENS.items()}
    if sys.argv[1:] == ["--check"]:
        wrong = [name for name, text in taken.items() if not alike(text, read(name))]
        for name in wrong:
            print(f"docs/screens/{name}.txt is not true any more:\n{taken[name]}")
        return int(bool(wrong))
    FOLDER.mkdir(exist_ok=True)
    for name, text in taken.items():
        if not alike(text, read(name)):
            (FOLDER / f"{name}.txt").write_text(text)
    return 0


def read(name: str) -> str:
    """Return a screen as it was written down."""
    file = FOLDER / f"{name}.txt"
    return file.read_text() if file.exists() else ""


@contextmanager
def ready_lab(folder: Path) -> Iterator[Lab]:
    """Yield a lab whose guests are worth a look."""
    set_up(LabChoice(folder / "lab"), ROOT)
    lab = Lab(folder / "lab")
    (folder / "installer.iso").write_text("#chyves-guest\n")
    argv = ["sh", "-e", "-c", GUESTS]
    subprocess.run(argv, cwd=folder, env=environment(lab), check=True, stdout=subprocess.DEVNULL)
    try:
        yield lab
    finally:
        argv = [str(lab.bin / "chyves"), "all", "stop", "force"]
        subprocess.run(argv, env=environment(lab), check=False, capture_output=True)


def take(lab: Lab, name: str, line: str, awaited: str) -> str:
    """Return the screen of a terminal in which a line was typed."""
    socket = ["tmux", "-f", "/dev/null", "-S", str(lab.folder / f"tmux-{name}")]
    size = ["-x", str(COLUMNS), "-y", str(LINES)]
    typed = f"printf '# %s\\n' {quoted(line)}; {line}; sleep 60"
    shell = f"exec sh -c {quoted(typed)}"
    variables = {**environment(lab), "LC_ALL": "C.UTF-8", "TERM": "xterm", "PAGER": "cat"}
    argv = [*socket, "new-session", "-d", *size, shell]
    subprocess.run(argv, env=variables, check=True, capture_output=True)
    try:
        deadline = time.monotonic() + 30
        while True:
            show = [*socket, "capture-pane", "-p"]
            text = subprocess.run(show, capture_output=True, text=True, check=True).stdout
            if re.search(awaited, text):
                # The rest of what is printed at once.
                time.sleep(0.5)
                text = subprocess.run(show, capture_output=True, text=True, check=True).stdout
                return "".join(f"{each.rstrip()}\n" for each in text.rstrip().splitlines())
            if time.monotonic() > deadline:
                raise SystemExit(f"{line}: {awaited!r} is never seen:\n{text}")
            time.sleep(0.1)
    finally:
        subprocess.run([*socket, "kill-server"], check=False, capture_output=True)


def quoted(text: str) -> str:
    """Return a text as one word for sh."""
    return "'" + text.replace("'", "'\\''") + "'"


def alike(one: str, other: str) -> bool:
    """Whether two screens are the same but for numbers that change by themselves."""
    return settled(one) == settled(other)


def settled(text: str) -> str:
    """Return a screen without times, shares and sizes, and without the room that they take."""
    text = re.sub(r"\d\d:\d\d:\d\d", "TIME", text)
    text = re.sub(r"\b\d+(\.\d+)?([BKMG]|%)", "NUMBER", text)
    return re.sub(r" +", " ", text)


if __name__ == "__main__":
    sys.exit(main())
