"""Begin plugins: skeletons that work, to be changed into what somebody wants."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from chyves_core.errors import HostError, Refused, UsageError
from chyves_core.host import Host
from chyves_core.plan import Write

FOLDER = "/usr/local/etc/chyves/libexec"
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
MODE = 0o755


def begin(host: Host, name: str, language: str, folder: str) -> str:
    """Write the skeleton of a plugin and return its path; an empty folder means that of the host.

    Raises Refused where there is such a command or file already.
    """
    if not WORD.fullmatch(name):
        text = f"{name!r}: a command's name has letters, digits, - and _"
        raise UsageError(text, "chyves plugin new NAME")
    text = skeleton(name, language)
    path = f"{folder or FOLDER}/chyves-{name}"
    place = Path(path) if folder else host.path(path)
    there = place if os.path.lexists(place) else find_command(name)
    if there:
        raise Refused(f"there is a command {name} already, {there}", f"chyves help {name}")
    if folder and not Path(folder).is_dir():
        hint = None if os.path.lexists(folder) else f"mkdir -p {shlex.quote(folder)}"
        raise HostError(f"cannot write {path}: {folder} is not a folder", hint)
    if host.dry_run:
        print(Write(path, text, MODE))
        return path
    try:
        if not folder:
            place.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "w") as file:
            file.write(text)
    except OSError as error:
        raise HostError(f"cannot write {path}: {error.strerror}") from error
    return path


def find_command(name: str) -> str | None:
    """Return the file that `chyves NAME` runs now, None where there is no such command."""
    for folder in os.environ.get("CHYVES_PATH", "").split(":"):
        file = f"{folder or '.'}/chyves-{name}"
        if os.path.isfile(file) and os.access(file, os.X_OK):
            return file
    return None


def skeleton(name: str, language: str) -> str:
    """Return the text of a plugin that works as it is."""
    text = Path(__file__).with_name(f"skeleton.{language}").read_text()
    parts = re.split("[-_]", name)
    return text.replace(
        "Skeleton", "".join(part.capitalize() for part in parts) + "Plugin"
    ).replace("@NAME@", name)
