"""The lab's zfs(8): finds the module that plays a sub-command."""

from __future__ import annotations

import sys
from importlib import import_module

from chyves_core.lab.home import Lab

COMMANDS = {
    "create": "create.create",
    "destroy": "destroy.destroy",
    "get": "getting.get",
    "list": "listing.list_datasets",
    "set": "setting.set_properties",
    "inherit": "setting.inherit",
    "snapshot": "snapshots.snapshot",
    "snap": "snapshots.snapshot",
    "rollback": "rollback.rollback",
    "hold": "holds.hold",
    "holds": "holds.holds",
    "release": "holds.release",
    "bookmark": "snapshots.bookmark",
    "clone": "clones.clone",
    "promote": "clones.promote",
    "rename": "rename.rename",
    "send": "send.send",
    "receive": "receive.receive",
    "recv": "receive.receive",
    "mount": "mounting.mount",
    "unmount": "mounting.unmount",
    "umount": "mounting.unmount",
    "allow": "delegation.allow",
    "unallow": "delegation.unallow",
    "diff": "difference.diff",
    "program": "others.program",
    "upgrade": "others.upgrade",
    "version": "others.version",
}
LONG_NAMES = {"snap": "snapshot", "recv": "receive", "umount": "unmount"}


def main(arguments: list[str], lab: Lab) -> int:
    """Run `zfs ARGUMENTS` and return its exit status."""
    from chyves_core.lab.zfs import session, usage

    words = session.plain_words(arguments)
    if not words:
        print(f"missing command\n{usage.general_usage('zfs')}", file=sys.stderr)
        return 2
    if words[0] in ("-?", "-h", "--help", "help"):
        print(usage.general_usage("zfs"))
        return 0
    name = {"-V": "version", "--version": "version"}.get(words[0], words[0])
    if name not in COMMANDS:
        text = f"unrecognized command '{name}'\n{usage.general_usage('zfs')}"
        session.Session(lab, "zfs", words).warn(text)
        return 2
    module, _, function = COMMANDS[name].partition(".")
    call = getattr(import_module(f"chyves_core.lab.zfs.{module}"), function)
    long_name = LONG_NAMES.get(name, name)
    return session.run(lab, "zfs", words, call, lambda: usage.zfs_usage(long_name))
