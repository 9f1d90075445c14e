"""How this chyves was installed: what upgrades it, and whether there is something newer.

Nothing is downloaded or replaced here: that is the work of what has installed it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from chyves_core import __version__
from chyves_core.errors import ChyvesError
from chyves_core.host import Host, Result
from chyves_core.plan import quote

# git and ssh would ask for names and passwords at the terminal.
GIT = (
    "env", "GIT_TERMINAL_PROMPT=0", "GIT_SSH_COMMAND=ssh -o BatchMode=yes", "git",
)  # fmt: skip


@dataclass(frozen=True)
class Installation:
    """One installation: what made it and where, and the command that upgrades it.

    `newer` looks for a newer version: it returns what that is called, None where there is none.
    """

    made_by: str
    place: str
    upgrade: str
    newer: Callable[[], str | None]


def find_installation(host: Host, root: Path) -> Installation:
    """Return how the chyves in the folder `root` was installed."""
    if (root / ".git").exists():
        return of_checkout(host, root)
    package = package_of(host, f"{root}/bin/chyves")
    if package:
        return of_package(host, root, package)
    for found in distributions(path=[str(path) for path in root.glob("lib/python3*/*-packages")]):
        if found.name == "chyves":
            return of_pip(host, root, found)
    raise ChyvesError(
        f"{root}: there is no telling how this chyves was installed", "chyves help version"
    )


def of_checkout(host: Host, root: Path) -> Installation:
    """Return the installation that is a checkout of the sources."""
    return Installation(
        "git", str(root), quote(("git", "-C", str(root), "pull")), lambda: newer_commit(host, root)
    )


def newer_commit(host: Host, root: Path) -> str | None:
    """Return the newest commit where the sources come from, None where it is here already."""
    newest = remote_head(host, "-C", str(root), "ls-remote", "origin", "HEAD")
    here = ("-C", str(root), "cat-file", "-e", f"{newest}^{{commit}}")
    known = host.read(*GIT, *here, allowed=None).status == 0
    return None if known else f"commit {newest[:12]}"


def remote_head(host: Host, *words: str) -> str:
    """Return the commit that git finds at the other end."""
    found = looked_up(host.read(*GIT, *words, allowed=None))
    newest = found.partition("\t")[0].strip()
    if not newest:
        raise ChyvesError("git found nothing to compare with")
    return newest


def package_of(host: Host, file: str) -> str:
    """Return the package of pkg(8) that a file belongs to, empty for none."""
    try:
        found = host.read("pkg", "which", "-q", file, allowed=None)
    except ChyvesError:
        return ""
    return found.stdout.strip() if found.status == 0 else ""


def of_package(host: Host, root: Path, package: str) -> Installation:
    """Return the installation that is a package of FreeBSD."""
    name, _, version = package.rpartition("-")

    def newer() -> str | None:
        newest = looked_up(host.read("pkg", "rquery", "%v", name, allowed=None)).strip()
        order = host.read("pkg", "version", "-t", version, newest).stdout.strip()
        return newest if order == "<" else None

    return Installation("pkg", str(root), quote(("pkg", "upgrade", name)), newer)


def of_pip(host: Host, root: Path, found: Distribution) -> Installation:
    """Return the installation that pip or pipx made, by itself or from a folder or an address."""
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    url = str(origin.get("url", ""))
    if "vcs_info" in origin:
        url = f"{origin['vcs_info']['vcs']}+{url}"
    source = url.removeprefix("file://") or "chyves"
    if f"{root}".endswith("/pipx/venvs/chyves"):
        words = ("pipx", "install", "--force", source) if url else ("pipx", "upgrade", source)
        made_by = "pipx"
    else:
        prefix = () if Path(sys.prefix) == root else ("--prefix", str(root))
        words = (sys.executable, "-m", "pip", "install", "--upgrade", *prefix, source)
        made_by = "pip"

    def newer() -> str | None:
        if "vcs_info" in origin:
            newest = remote_head(host, "ls-remote", str(origin["url"]), "HEAD")
            known = newest == origin["vcs_info"].get("commit_id")
            return None if known else f"commit {newest[:12]}"
        newest = version_in(Path(source)) if url else indexed_version(host)
        return newest if numbers(newest) > numbers(__version__) else None

    return Installation(made_by, str(root), quote(words), newer)


def version_in(folder: Path) -> str:
    """Return the version of the sources in a folder; raises ChyvesError."""
    try:
        text = (folder / "chyves_core" / "__init__.py").read_text()
    except OSError as error:
        raise ChyvesError(f"{folder}: {error.strerror}") from error
    found = re.search(r'__version__ = "([^"]+)"', text)
    return found.group(1) if found else ""


def indexed_version(host: Host) -> str:
    """Return the newest version that pip finds where it looks for packages."""
    argv = (sys.executable, "-m", "pip", "index", "versions", "chyves")
    found = re.match(r"chyves \(([^)]+)\)", looked_up(host.read(*argv, allowed=None)))
    return found.group(1) if found else ""


def looked_up(result: Result) -> str:
    """Return what a program has found; raises ChyvesError with the last line of its words."""
    if result.status == 0:
        return result.stdout
    words = result.stderr.strip()
    line = re.search(r"(?im)^(?:fatal|error|pkg): .*", words)
    raise ChyvesError(f"could not look for a newer version: {line.group() if line else words}")


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, for comparing."""
    return tuple(int(part) for part in re.findall(r"\d+", version))
