"""Lists of what belongs to the host: global properties, defaults, declarations, processes."""

from __future__ import annotations

from chyves_core.listing import Listed
from chyves_core.look import Look
from chyves_core.names import vm_name
from chyves_core.output import Row, Size
from chyves_core.pools import GLOBAL_PREFIX
from chyves_core.properties.schema import Property, load_schema
from chyves_core.runtime import Process, part_of, read_processes
from chyves_core.settings import Settings

SCOPES = ("guest", "disk", "defaults", "global", "pool")


def defaults(look: Look, word: str | None) -> Listed:
    """Return the defaults for new guests."""
    return settings_list(look, "defaults")


def global_properties(look: Look, pool: str | None) -> Listed:
    """Return the global properties in force, or those that lie unused on a secondary pool."""
    storage = look.inventory.storage
    if pool in (None, "primary") or pool == storage.primary.name:
        return settings_list(look, "global")
    layout = storage.pool(str(pool)).layout
    own = Settings(load_schema("global"), layout.own_with_prefix(GLOBAL_PREFIX) if layout else {})
    rows = [{"property": name, "value": own[name], "source": str(pool)} for name in sorted(own.own)]
    return Listed(("property", "value", "source"), rows, f"global properties on {pool}")


def settings_list(look: Look, scope: str) -> Listed:
    """Return the values of one scope and where each comes from."""
    from chyves_core import getting

    keys = ("property", "value", "source")
    rows = [
        {key: row[key] for key in keys} for row in getting.rows(look.inventory, scope, "all", False)
    ]
    return Listed(keys, rows, f"{scope} properties")


def properties(look: Look, word: str | None) -> Listed:
    """Return every property that chyves knows: its scope, its default and its help."""
    rows = [
        property_row(scope, each)
        for scope in SCOPES
        for each in load_schema(scope).properties
        if each.scope == scope
    ]
    return Listed(("property", "scope", "default", "help"), rows, "properties")


def property_row(scope: str, known: Property) -> Row:
    """Return the row of one property; an optional one has no default."""
    from chyves_core.properties.schema import choices

    return {
        "property": known.name,
        "scope": scope,
        "default": known.default,
        "help": known.help,
        "values": choices(known),
        "optional": known.optional,
        "managed": known.managed,
    }


def profiles(look: Look, word: str | None) -> Listed:
    """Return the profiles of operating systems for grub-bhyve: the values of the property os."""
    from chyves_core.loaders.profiles import read_profiles

    rows: list[Row] = [
        {
            "profile": profile.name,
            "title": profile.title or None,
            "file": profile.file,
            "guests": tuple(
                guest.name
                for guest in look.inventory.guests.values()
                if guest.value("loader") == "grub-bhyve" and guest.value("os") == profile.name
            ),
        }
        for profile in read_profiles(look.host).values()
    ]
    return Listed(("profile", "title", "guests"), rows, "profiles")


def processes(look: Look, word: str | None) -> Listed:
    """Return the processes of guests: supervisor, loader, bhyve, and cu on their consoles."""
    guests = look.guests([word] if word else [])
    by_vm = {vm_name(guest.name): guest.name for guest in guests}
    by_console = {f"{guest.value('serial')}B": guest.name for guest in guests}
    rows: list[Row] = []
    for process in read_processes(look.host):
        part, vm = part_of(process) or ("", "")
        console = console_of(process)
        if vm in by_vm:
            rows.append(process_row(by_vm[vm], part, process))
        elif console in by_console:
            rows.append(process_row(by_console[console], "cu", process))
    rows.sort(key=lambda row: (str(row["guest"]), int(str(row["pid"]))))
    return Listed(("guest", "pid", "process", "memory"), rows, "processes")


def console_of(process: Process) -> str:
    """Return the nmdm side that a cu is on (`nmdm50B`), empty for every other process."""
    program, *words = process.command.split()
    if program.rpartition("/")[2] != "cu":
        return ""
    for word in words:
        device = word.removeprefix("-l").rpartition("/")[2]
        if device.startswith("nmdm"):
            return device
    return ""


def process_row(guest: str, part: str, process: Process) -> Row:
    """Return the row of one process; memory is its resident size."""
    return {
        "guest": guest,
        "pid": process.pid,
        "process": part,
        "memory": Size(process.memory),
        "parent": process.parent,
        "command": process.command,
    }
