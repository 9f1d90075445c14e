"""Names: which a guest can have, and which guests a word of the command line means."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from chyves_core.errors import NotFound, UsageError, did_you_mean
from chyves_core.host import Host

GUEST_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
VM_PREFIX = "chy-"

# vmm_param.h: VM names have 31 characters up to FreeBSD 11 (chy- leaves 27), 37 in 12, 229 since
# 13. A dataset's name has 255 bytes with its pool, and a snapshot's name has to fit behind it.
OLD_NAME_LENGTH = 27
NAME_LENGTH = 100
DATASET_LENGTH = 200
DATASET_NAME_LENGTH = 255

# Commands, the verbs and last words that stand behind some, and commands that are documented: with
# a guest of such a name, words could mean two things. Plugins' words are looked for besides.
SCOPES = frozenset(("all", "defaults", "global", "primary", "guest", "host"))
VERBS = frozenset(
    "add apply attach boot-step check clone commands complete console create dataset default "
    "delete dev diff disk doctor explain export firmware force get group help host-boot import "
    "info install iso join keepnet lab list log migrate move nat network offline online plugin "
    "private promote prune reclaim reload remove rename reset resize rollback set show snapshot "
    "start stop tmux uninstall unjoin unset upgrade verify version vnc watch".split()
)


def vm_name(guest: str) -> str:
    """Return the name under which bhyve runs a guest: /dev/vmm/chy-GUEST."""
    return VM_PREFIX + guest


def check_new_name(name: str, *, longest: int = NAME_LENGTH, taken: Iterable[str] = ()) -> None:
    """Refuse a name that no new guest can have; raises UsageError with the reason."""
    if not re.fullmatch(GUEST_NAME, name):
        raise UsageError(
            f"{name!r} can't be the name of a guest",
            "letters, digits, _ . - and a letter or digit first",
        )
    if len(name) > longest:
        raise UsageError(f"{name}: a guest's name has at most {longest} characters on this host")
    if name in SCOPES or name in VERBS or name in taken or is_command(name):
        raise UsageError(f"{name}: is a word of the command line, it can't name a guest")


def is_command(name: str) -> bool:
    """Return whether the dispatcher finds a command of that name, be it a plugin's."""
    folders = os.environ.get("CHYVES_PATH", "").split(os.pathsep)
    return any(os.path.isfile(f"{folder}/chyves-{name}") for folder in folders if folder)


def longest_name(host: Host, root: str, wanted: Iterable[str]) -> int:
    """Return how long a guest's name can be on this host, its layout being at `root`.

    The host is asked only where one of the wanted names is longer than fits on every host.
    """
    longest = min(NAME_LENGTH, DATASET_LENGTH - len(root))
    if all(len(name) <= OLD_NAME_LENGTH for name in wanted):
        return longest
    from chyves_core.bhyve.version import read_facts

    return min(longest, read_facts(host).longest_vm_name - len(VM_PREFIX))


def split_list(words: str) -> list[str]:
    """Return the names of a comma separated list, each once, in order; empty ones are an error."""
    parts = words.split(",")
    if not all(parts):
        raise UsageError(f"{words!r} has an empty name in it")
    return list(dict.fromkeys(parts))


def select(
    words: str, known: Iterable[str], groups: dict[str, list[str]] | None = None
) -> list[str]:
    """Return the guests that `web1`, `web1,web2`, `:group` or `all` mean.

    Names compare whole. Raises NotFound with near names as a hint.
    """
    names = list(known)
    if words == "all":
        return sorted(names)
    chosen: list[str] = []
    for word in split_list(words):
        if word.startswith(":"):
            members = (groups or {}).get(word[1:])
            if not members:
                raise NotFound(f"there is no group {word}", "chyves list groups")
            chosen += members
        elif word in names:
            chosen.append(word)
        else:
            raise no_such_guest(word, names)
    return list(dict.fromkeys(chosen))


def refuse_list(word: str) -> None:
    """Raise UsageError for a word that means several guests, where one is wanted."""
    if "," in word or word == "all" or word.startswith(":"):
        raise UsageError(f"{word}: this is for one guest at a time", "chyves list")


def no_such_guest(name: str, known: Iterable[str]) -> NotFound:
    """Return the error for a guest that is not there, with near names as a hint."""
    guest, at, snapshot = name.partition("@")
    if at and guest in known:
        # As other managers write it, and zfs(8).
        return NotFound(f"{name}: there is no such guest", f"chyves {guest} snapshot @{snapshot}")
    hint = did_you_mean(name, known, "chyves list")
    return NotFound(f"{name}: there is no such guest", hint)
