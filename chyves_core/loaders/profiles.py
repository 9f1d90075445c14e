"""Read the profiles of operating systems for grub-bhyve: those of chyves, then those of the host.

They are sections of ConfigObj files: grub_profiles.cfg says how they are written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chyves_core.errors import ChyvesError, NotFound, Refused, UsageError
from chyves_core.host import Host
from chyves_core.loaders.grub import Profile, Step

SHIPPED_FILE = Path(__file__).with_name("grub_profiles.cfg")
OWN_FOLDER = "/usr/local/etc/chyves/grub.d"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
ROOTS = {"install": "cd0", "run": "hd0"}
STEP_KEYS = {"root", "folder", "commands"}


def shipped_profiles() -> dict[str, Profile]:
    """Return the profiles that come with chyves, by name in the order of their file."""
    return parse_profiles(SHIPPED_FILE.name, SHIPPED_FILE.read_text(encoding="utf-8"))


def read_profiles(host: Host) -> dict[str, Profile]:
    """Return all profiles by name; one of the host's takes the place of a shipped one.

    Raises Refused for a file that others than root could have written: GRUB's commands reach the
    files of the whole host.
    """
    profiles = shipped_profiles()
    for file in own_files(host):
        profiles |= read_file(host, file)
    return profiles


def own_files(host: Host) -> list[str]:
    """Return the files with profiles of the host's own, in the order in which they count."""
    names = host.list_folder(OWN_FOLDER)
    return [
        f"{OWN_FOLDER}/{name}"
        for name in names
        if name.endswith(".cfg") and not name.startswith(".")
    ]


def read_file(host: Host, file: str) -> dict[str, Profile]:
    """Return the profiles in one of the host's files; raises what `read_profiles` does."""
    check_owner(host, file)
    text = host.read_text(file)
    if text is None:
        raise ChyvesError(f"{file}: can't be read", f"ls -l {file}")
    return parse_profiles(file, text)


def check_owner(host: Host, file: str) -> None:
    """Refuse, as root, a file that another user may have written: the rule is that of plugins."""
    if os.geteuid() != 0:
        return
    library = f"{os.environ['CHYVES_PATH'].split(':')[0]}/lib/commands.sh"
    script = '. "$1" && only_root_can_replace "$2"'
    path = str(host.path(file))
    if host.read("/bin/sh", "-c", script, "sh", library, path, allowed=None).status:
        raise Refused(
            f"{file}: not read, because others could have written it",
            "it and the folders above it must be root's, and writable for root alone",
        )


def parse_profiles(file: str, text: str) -> dict[str, Profile]:
    """Return the profiles in the text of a file; raises ChyvesError for what makes no sense."""
    from configobj import ConfigObj, ConfigObjError

    try:
        sections = ConfigObj(
            text.splitlines(), interpolation=False, list_values=True, raise_errors=True
        )
    except ConfigObjError as error:
        raise ChyvesError(f"{file}: {error}") from error
    for name in sections.scalars:
        raise ChyvesError(f"{file}: {name} stands in no section", "[NAME] begins a profile")
    return {name: make_profile(file, name, sections) for name in sections.sections}


def make_profile(file: str, name: str, sections: Mapping[str, Any]) -> Profile:
    """Return the profile of one section."""
    section, place = sections[name], f"{file}: [{name}]"
    if not NAME.fullmatch(name):
        raise ChyvesError(f"{place}: letters, digits, _ . - make the name of a profile")
    steps = section
    like = section.get("like")
    if like is not None:
        steps = sections.get(like)
        if not isinstance(steps, dict) or "like" in steps:
            raise ChyvesError(f"{place}: there is no profile {like!r} with steps in this file")
    check_keys(place, section, {"title", "like"}, set() if like else set(ROOTS))
    install, run = (make_step(place, which, steps.get(which)) for which in ROOTS)
    return Profile(name, str(section.get("title", "")), install, run, file)


def check_keys(place: str, section: Any, scalars: set[str], parts: set[str]) -> None:
    """Refuse a key or a subsection that means nothing here: it would be a slip."""
    wrong = [*(set(section.scalars) - scalars), *(set(section.sections) - parts)]
    if wrong:
        allowed = ", ".join(sorted(scalars | parts))
        raise ChyvesError(f"{place}: {min(wrong)} means nothing here, only {allowed}")


def make_step(place: str, which: str, section: Any) -> Step:
    """Return the step that a subsection declares; every profile has both."""
    if section is None:
        raise ChyvesError(f"{place}: has no [[{which}]]")
    check_keys(f"{place} [[{which}]]", section, STEP_KEYS, set())
    commands = section.get("commands", [])
    lines = commands.splitlines() if isinstance(commands, str) else commands
    told = {key: section.get(key, ROOTS[which] if key == "root" else "") for key in STEP_KEYS}
    for key in ("root", "folder"):
        if not isinstance(told[key], str):
            raise ChyvesError(f"{place} [[{which}]]: {key} has a comma: put it in quotes")
    stripped = (str(line).strip() for line in lines)
    return Step(told["root"], told["folder"], tuple(line for line in stripped if line))


def find_profile(profiles: Mapping[str, Profile], name: str) -> Profile:
    """Return the profile of exactly that name; raises NotFound with all that there are."""
    if name not in profiles:
        raise NotFound(f"there is no grub profile {name!r}", f"profiles: {', '.join(profiles)}")
    return profiles[name]


def check_known(host: Host, wanted: Mapping[str, str]) -> None:
    """Refuse profiles that this host does not have: `wanted` are values of os, by their owners."""
    profiles = read_profiles(host) if wanted else {}
    for owner, name in wanted.items():
        if name not in profiles:
            message = f"{owner}: os={name}: there is no such profile"
            raise UsageError(message, f"one of {', '.join(profiles)}")
