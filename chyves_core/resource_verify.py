"""Read a resource again: is its file still the one that was imported?"""

from __future__ import annotations

from chyves_core import progress, resources
from chyves_core.errors import ChyvesError, NotFound
from chyves_core.host import Host
from chyves_core.resources import Resource
from chyves_core.unpacking import pour


def verify(host: Host, resource: Resource) -> None:
    """Read the file of a resource through; raises ChyvesError where it is not what it was."""
    path = host.path(resource.path)
    shown = progress.watched(host)
    try:
        with progress.metered(f"checking {resource.name}", resource.size, shown=shown) as meter:
            found = pour(path, None, shown=resource.name, algorithms=("sha256",), meter=meter)
    except NotFound as error:
        raise damaged(resource, f"its file {resource.path} is not there") from error
    if found.size != resource.size:
        raise damaged(resource, f"it has {found.size} bytes, it had {resource.size}")
    if found.digits["sha256"] != resource.sha256:
        digits = found.digits["sha256"]
        raise damaged(resource, f"its sha256 is {digits}, it was {resource.sha256}")


def damaged(resource: Resource, why: str) -> ChyvesError:
    """Return the error for a resource whose file is another one than was imported."""
    word = resources.word(resource.kind)
    return ChyvesError(
        f"{resource.name}: is damaged, {why}",
        f"chyves {word} delete {resource.name}, and import it again",
    )
