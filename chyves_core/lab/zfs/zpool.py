"""The lab's zpool(8): finds the module that plays a sub-command."""

from __future__ import annotations

import sys
from importlib import import_module

from chyves_core.lab.home import Lab

COMMANDS = {
    "create": "zpool_create.create",
    "destroy": "zpool_create.destroy",
    "list": "zpool_show.list_pools",
    "get": "zpool_show.get",
    "set": "zpool_show.set_property",
    "status": "zpool_status.status",
    "history": "zpool_status.history",
    "export": "zpool_import.export",
    "import": "zpool_import.import_pool",
    "online": "zpool_status.online",
    "offline": "zpool_status.offline",
    "scrub": "zpool_status.scrub",
    "sync": "zpool_status.sync",
    "version": "others.version",
}


def main(arguments: list[str], lab: Lab) -> int:
    """Run `zpool ARGUMENTS` and return its exit status."""
    from chyves_core.lab.zfs import session, usage

    words = session.plain_words(arguments)
    if not words:
        print(f"missing command\n{usage.general_usage('zpool')}", file=sys.stderr)
        return 2
    if words[0] in ("-?", "-h", "--help", "help"):
        print(usage.general_usage("zpool"))
        return 0
    name = {"-V": "version", "--version": "version"}.get(words[0], words[0])
    if name not in COMMANDS:
        text = f"unrecognized command '{name}'\n{usage.general_usage('zpool')}"
        session.Session(lab, "zpool", words).warn(text)
        return 2
    module, _, function = COMMANDS[name].partition(".")
    call = getattr(import_module(f"chyves_core.lab.zfs.{module}"), function)
    return session.run(lab, "zpool", words, call, lambda: usage.zpool_usage(name))
