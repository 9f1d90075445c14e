"""ISO images and firmware of an old manager: imported as any file is, with their checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from chyves_core.cli import Changing
from chyves_core import resources
from chyves_core.guests import Inventory
from chyves_core.migration.managers import Resource
from chyves_core.resource_import import import_resource
from chyves_core.resource_sources import Source
from chyves_core.zfs import set_properties


def bring(command: Changing, inventory: Inventory, chosen: Sequence[Resource]) -> None:
    """Import the resources that are not here yet; one that is not a file any more is said."""
    host = command.host
    for each in chosen:
        known = resources.all(inventory.storage, each.kind)
        path = host.path(each.path)
        if each.name in known:
            continue
        if each.dataset:
            adopt(command, each)
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


def adopt(command: Changing, resource: Resource) -> None:
    """Make a resource of a file that is in its place already, by its checksum."""
    host = command.host
    path = host.path(resource.path)
    if not path.is_file():
        command.say(f"{resource.name}: {resource.path} is not there, it is left out")
        return
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    values = {
        f"{resources.PREFIX}source": resource.path,
        f"{resources.PREFIX}size": str(path.stat().st_size),
        f"{resources.PREFIX}imported": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        f"{resources.PREFIX}sha256": digest.hexdigest(),
    }
    host.act(set_properties([resource.dataset], values))
