"""zfs version, upgrade and program."""

from __future__ import annotations

from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.options import parse
from chyves_core.lab.zfs.session import Session

VERSIONS = {
    13: "2.1.9-FreeBSD_g92e0d9d18",
    14: "2.2.7-FreeBSD_ge269af1b3",
    15: "2.4.0-FreeBSD",
}


def version(session: Session, arguments: list[str]) -> None:
    """zfs version, zpool version: of tool and module; 13 as captured, the others not verified."""
    number = VERSIONS[min(15, max(13, session.lab.freebsd[0]))]
    session.say(f"zfs-{number}")
    session.say(f"zfs-kmod-{number}")


def upgrade(session: Session, arguments: list[str]) -> None:
    """zfs upgrade: all filesystems of the lab have the newest version."""
    parse(arguments, "rvV:a")
    session.say("This system is currently running ZFS filesystem version 5.\n")
    session.say("All filesystems are formatted with the current version.")


def program(session: Session, arguments: list[str]) -> None:
    """zfs program: refused, the lab has no Lua; its checks come first as on a host."""
    options = parse(arguments, "nt:m:j")
    if len(options.words) < 2:
        raise UsageError("invalid number of arguments")
    pool, script = options.words[:2]
    if script != "-" and not session.lab.path_or_own(script).exists():
        raise ZfsError(f"cannot open '{script}': No such file or directory")
    with session.store.reading():
        if session.store.pool(pool) is None:
            raise ZfsError(f"cannot open '{pool}': no such pool\ncannot open pool '{pool}'")
    raise ZfsError("zfs program: the lab does not run Lua channel programs")
