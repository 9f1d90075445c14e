"""zfs allow and unallow, and who may do what: CHYVES_LAB_UID plays a user of the host."""

from __future__ import annotations

import os
from typing import Any

from chyves_core.lab.zfs.errors import ZfsError
from chyves_core.lab.zfs.model import Dataset, Pool
from chyves_core.lab.zfs.names import parent_of
from chyves_core.lab.zfs.options import Options, parse
from chyves_core.lab.zfs.properties import TEXTS
from chyves_core.lab.zfs.session import Session

USERS = {
    "root": 0, "daemon": 1, "operator": 2, "bin": 3, "tty": 4, "kmem": 5, "games": 7, "news": 8,
    "man": 9, "sshd": 22, "bind": 53, "unbound": 59, "proxy": 62, "www": 80, "ntpd": 123,
    "hast": 845, "nobody": 65534,
}  # fmt: skip
GROUPS = (*USERS, "wheel", "sys", "staff", "guest", "dialer", "network", "audit")
HEADINGS = {"l": "Local", "d": "Descendent", "ld": "Local+Descendent"}
OPTION_TEXT = """
Options:
  -h          show this help message and exit
  -l          set permission locally
  -d          set permission for descents
  -u          set permission for user
  -g          set permission for group
  -e          set permission for everyone
  -c          set create time permission
  -s          define permission set
"""

# One rule: [scope "l", "d" or "ld", "user", "group" or "everyone", name, [permissions]]
Rule = list[Any]


def may(session: Session, pool: Pool, name: str, right: str) -> bool:
    """Whether the user may use `right` ("create", "userprop", a property) on a dataset."""
    if session.lab.is_root:
        return True
    uid = os.environ.get("CHYVES_LAB_UID", "0")
    user = next((known for known, number in USERS.items() if str(number) == uid), uid)
    above = name
    while above:
        dataset = pool.datasets.get(above)
        if dataset and right in granted(dataset, user, "l" if above == name else "d"):
            return True
        above = parent_of(above)
    return False


def granted(dataset: Dataset, user: str, scope: str) -> set[str]:
    """Return the permissions that a dataset's own rules give a user here ("l") or below ("d")."""
    sets = dataset.extra.get("permission_sets", {})
    found: set[str] = set()
    for where, kind, who, permissions in dataset.extra.get("allow", []):
        if scope in where and (kind == "everyone" or (kind == "user" and who == user)):
            for permission in permissions:
                found |= set(sets.get(permission, [permission]))
    return found


def known_permissions() -> set[str]:
    """Return the permissions that zfs knows."""
    lines = (TEXTS / "permissions.txt").read_text().splitlines()
    return {line.split()[0] for line in lines if line[:1].isalpha() and "\t" in line}


def usage_text(command: str) -> str:
    """Return the usage of allow and unallow, which is not like that of other commands."""
    from chyves_core.lab.zfs.usage import command_lines

    options = OPTION_TEXT
    if command == "unallow":
        options += "  -r          remove permissions recursively\n"
    permissions = (TEXTS / "permissions.txt").read_text().rstrip("\n") + "\n"
    return f"Usage: {command_lines('zfs', command)}\n{options}\n{permissions}"


def allow(session: Session, arguments: list[str]) -> None:
    """zfs allow: show the permissions on a dataset, or give some."""
    options = parse(arguments, "ldugecsh")
    words = options.words
    if "h" in options or not words:
        session.say(usage_text("allow"))
        return
    if len(words) == 1 and not options.letters:
        with session.store.reading():
            show(session, words[0])
        return
    change(session, options, "allow")


def unallow(session: Session, arguments: list[str]) -> None:
    """zfs unallow: take permissions back."""
    change(session, parse(arguments, "ldugecsrh"), "unallow")


def show(session: Session, name: str) -> None:
    """Print the permissions on a dataset and on those above it."""
    pool, _ = session.dataset(name)
    while name:
        dataset = pool.datasets[name]
        blocks = permission_blocks(dataset)
        if blocks:
            head = f"---- Permissions on {name} "
            session.say(head.ljust(70, "-"))
            session.lines += blocks
        name = parent_of(name)


def permission_blocks(dataset: Dataset) -> list[str]:
    """Return the lines that tell of one dataset's own permissions."""
    lines = []
    sets = dataset.extra.get("permission_sets", {})
    if sets:
        lines.append("Permission sets:")
        lines += [f"\t{name} {','.join(rights)}" for name, rights in sorted(sets.items())]
    if dataset.extra.get("create_time"):
        lines += ["Create time permissions:", "\t" + ",".join(dataset.extra["create_time"])]
    rules: list[Rule] = dataset.extra.get("allow", [])
    for scope, heading in HEADINGS.items():
        here = [rule for rule in rules if rule[0] == scope]
        if here:
            lines.append(f"{heading} permissions:")
        for kind in ("user", "group", "everyone"):
            for _, _, who, rights in sorted(rule for rule in here if rule[1] == kind):
                shown = kind if kind == "everyone" else f"{kind} {who}"
                lines.append(f"\t{shown} {','.join(rights)}")
    return lines


def change(session: Session, options: Options, command: str) -> None:
    """Give or take permissions as the command line says."""
    words = list(options.words)
    alone = "e" in options or "c" in options
    least = 2 if alone or command == "unallow" else 3
    if not least <= len(words) <= 3:
        raise ZfsError(f"{usage_text(command)}\nzfs: error: wrong number of parameters", 2)
    name = words.pop()
    who = "" if alone else words.pop(0)
    rights = sorted(words[0].split(",")) if words else []
    if not check_who(session, options, who, command):
        return
    with session.store.writing():
        pool, dataset = session.dataset(name)
        unknown = [each for each in rights if each not in known_permissions() and each[0] != "@"]
        if unknown:
            raise ZfsError(
                f"cannot set permissions on '{name}': operation not applicable to "
                "datasets of this type"
            )
        refused = session.refusal(pool, name, "allow")
        if refused:
            raise ZfsError(f"cannot set permissions on '{name}': {refused}")
        tree = pool.tree(name) if "r" in options else [dataset]
        for each in tree:
            store_change(each, options, who, rights, command == "allow")
        session.commit(pool, [])


def check_who(session: Session, options: Options, who: str, command: str) -> bool:
    """Whether a user or group exists; an unknown one gets the usage (capture: status 0)."""
    for word in who.split(",") if who and "s" not in options else []:
        known = word in USERS or word in GROUPS or word.isdigit() or word == "everyone"
        if not known:
            kind = "group" if "g" in options else "user"
            session.say(f"{usage_text(command)}\nzfs: error: invalid {kind} {word}")
            return False
    return True


def store_change(
    dataset: Dataset, options: Options, who: str, rights: list[str], giving: bool
) -> None:
    """Add rights to a dataset's rules, or take them out; no rights at all means every one."""
    if "s" in options:
        sets = dataset.extra.setdefault("permission_sets", {})
        sets[who] = merged(sets.get(who, []), rights, giving)
        if not sets[who]:
            del sets[who]
        return
    if "c" in options:
        old = dataset.extra.get("create_time", [])
        dataset.extra["create_time"] = merged(old, rights, giving)
        return
    scope = "".join(letter for letter in "ld" if letter in options) or "ld"
    rules: list[Rule] = dataset.extra.setdefault("allow", [])
    for word in who.split(","):
        kind = kind_of(options, word)
        rule = next((each for each in rules if each[:3] == [scope, kind, word]), None)
        if rule is None:
            rule = [scope, kind, word, []]
            rules.append(rule)
        rule[3] = merged(rule[3], rights, giving)
    dataset.extra["allow"] = [rule for rule in rules if rule[3]]


def kind_of(options: Options, word: str) -> str:
    """Return what a name in zfs allow is: -u, -g and -e say it, else it is looked up."""
    if "e" in options or word == "everyone":
        return "everyone"
    if "g" in options or ("u" not in options and word not in USERS):
        return "group"
    return "user"


def merged(old: list[str], rights: list[str], giving: bool) -> list[str]:
    """Return the rights after giving or taking some."""
    if giving:
        return sorted({*old, *rights})
    return [right for right in old if rights and right not in rights]
