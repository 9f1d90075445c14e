"""What `get` shows: the value of each property and where it comes from."""

from __future__ import annotations

from chyves_core.errors import UsageError
from chyves_core.guests import Guest, Inventory
from chyves_core.output import Row
from chyves_core.properties.schema import Schema
from chyves_core.setting import SCOPES
from chyves_core.settings import Settings, default_settings, global_settings

HIDDEN = "***"


def rows(inventory: Inventory, target: str, name: str, secrets: bool = False) -> list[Row]:
    """Return one row a property for guests, `global` or `defaults`; `all` means every one.

    Raises UsageError for a property that is neither declared nor set.
    """
    if target in SCOPES:
        read = global_settings if target == "global" else default_settings
        return scope_rows(target, read(inventory.storage), name, secrets)
    other = inventory.guests.get(name)
    if other and (target == "all" or other.schema.find(target)):
        # iohyve has it the other way round.
        raise UsageError(f"{target}: a guest comes first", f"chyves {name} get {target}")
    found: list[Row] = []
    for guest in inventory.select(target):
        found += guest_rows(guest, name, secrets)
    return found


def guest_rows(guest: Guest, name: str, secrets: bool) -> list[Row]:
    """Return the rows of one guest."""
    declared = [each.name for each in guest.schema.properties if not each.optional]
    wanted = sorted({*declared, *guest.properties}) if name == "all" else [name]
    found: list[Row] = []
    for each in wanted:
        own = guest.properties.get(each)
        if own is None and guest.schema.find(each) is None:
            guest.schema.get(each)
        source = "guest" if own is not None else "default"
        value = guest.value(each)
        found.append(row(guest.name, guest.schema, each, value, source, secrets or name != "all"))
    return found


def scope_rows(scope: str, settings: Settings, name: str, secrets: bool) -> list[Row]:
    """Return the rows of the global properties or of the defaults."""
    declared = [each.name for each in settings.schema.properties if not each.optional]
    wanted = sorted({*declared, *settings.own}) if name == "all" else [name]
    found: list[Row] = []
    for each in wanted:
        source = scope if each in settings.own else "declared"
        if source == "declared" and settings.schema.find(each) is None:
            settings.schema.get(each)
        shown = secrets or name != "all"
        found.append(row(scope, settings.schema, each, settings[each], source, shown))
    return found


def row(owner: str, schema: Schema, name: str, value: str, source: str, secrets: bool) -> Row:
    """Return one row; a secret is shown only where it was asked for."""
    known = schema.find(name)
    hidden = known is not None and known.secret and value and not secrets
    return {
        "guest": owner,
        "property": name,
        "value": HIDDEN if hidden else value,
        "source": source,
    }
