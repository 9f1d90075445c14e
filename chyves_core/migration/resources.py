"""ISO images and firmware of an old manager: imported as any file is, with their checksum."""

from __future__ import annotations

from collections.abc import Sequence

from chyves_core.cli import Changing
from chyves_core import resources
from chyves_core.guests import Inventory
from chyves_core.migration.managers import Resource
from chyves_core.resource_import import import_resource
from chyves_core.resource_sources import Source


def bring(command: Changing, inventory: Inventory, chosen: Sequence[Resource]) -> None:
    """Import the resources that are not here yet; one that is not a file any more is said."""
    host = command.host
    for each in chosen:
        known = resources.all(inventory.storage, each.kind)
        path = host.path(each.path)
        if each.name in known:
            continue
        if not path.is_file():
            command.say(f"{each.name}: {each.path} is not there, it is left out")
            continue
        source = Source(str(path), False, each.name, "", each.path)
        import_resource(
            host, each.kind, each.name, source, ask=lambda: None, quiet=bool(command.quiet)
        )
        if not host.dry_run:
            command.say(f"{each.name}: imported as {resources.noun(each.kind)}")
