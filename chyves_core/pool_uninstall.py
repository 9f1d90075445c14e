"""Take chyves off a pool, with all that it keeps there."""

from __future__ import annotations

from chyves_core.cli import Changing, at_terminal
from chyves_core.delete import dependent_datasets, parse_destroy
from chyves_core.errors import ChyvesError, Refused
from chyves_core.guests import Inventory, guests_on
from chyves_core.host import Host, failed
from chyves_core.layout import shell_layout
from chyves_core.plan import quote, run
from chyves_core.pool_use import hold_pool, running_on
from chyves_core.pools import DOOMED, Pool, use_hint
from chyves_core.sizes import show_size
from chyves_core.zfs import Dataset, read_tree


def uninstall(command: Changing, name: str, *, force: bool) -> None:
    """Destroy the layout of a pool after a list of all that goes and a question."""
    host = command.host
    with hold_pool(host, name) as inventory:
        pool = inventory.storage.pool(name)
        doomed = f"{name}/{DOOMED}"
        left = read_tree(host, [doomed])
        root = check(host, inventory, pool, left, force=force)
        sizes = look(host, root)
        for line in preview(root, sizes):
            command.say(f"# {line}" if host.dry_run else line)
        ask(command, f"Destroy {root} with all of this for good?")
        if root != doomed:
            host.act(run("zfs", "rename", root, doomed))
        destroy(host, name, doomed)
        remove_folder(host, "/chyves", pool.name)
    if not host.dry_run:
        command.say(f"chyves is no longer on {name}")


def destroy(host: Host, name: str, doomed: str) -> None:
    """Destroy a layout that counts no more; where that fails, say what is left."""
    try:
        host.act(run("zfs", "destroy", "-r", doomed))
    except ChyvesError as error:
        raise ChyvesError(
            f"{name}: chyves is no longer in use there, but {doomed} is left: {error}",
            f"chyves dataset {name} uninstall",
        ) from error


def check(
    host: Host, inventory: Inventory, pool: Pool, left: dict[str, Dataset], *, force: bool
) -> str:
    """Return the dataset that is to be destroyed; raises Refused where it has to stay."""
    doomed = f"{pool.name}/{DOOMED}"
    if pool.state == "chyves-sh":
        raise shell_layout(pool)
    if doomed in left:
        if left[doomed].own("mountpoint") != pool.mountpoint:
            raise Refused(f"{pool.name}: {doomed} is there, and chyves did not make it")
        return doomed
    if pool.layout is None or pool.state == "none":
        raise Refused(f"{pool.name}: chyves is not on this pool", use_hint(pool))
    others = [each.name for each in inventory.storage.pools if each.state == "secondary"]
    primaries = [each.name for each in inventory.storage.pools if each.state == "primary"]
    if primaries == [pool.name] and others:
        raise Refused(
            f"{pool.name}: is the primary pool, and {', '.join(others)} can't do without",
            f"chyves dataset {others[0]} promote",
        )
    running = running_on(host, inventory, pool)
    if running:
        raise Refused(
            f"{pool.name}: is in use by {', '.join(running)}", f"chyves {','.join(running)} stop"
        )
    guests = guests_on(inventory.storage, pool.name)
    if guests and not force:
        raise Refused(
            f"{pool.name}: {', '.join(guests)} would go with it",
            f"chyves dataset {pool.name} uninstall force",
        )
    return pool.layout.name


def look(host: Host, root: str) -> dict[str, int]:
    """Return the datasets and snapshots that go, with the bytes that each takes.

    Raises Refused where something outside was cloned from them.
    """
    answer = host.read("zfs", "destroy", "-nvpr", root, allowed=None)
    if answer.status != 0:
        clones = dependent_datasets(answer.stderr)
        if not clones:
            raise failed(answer)
        raise Refused(
            f"{root}: {', '.join(clones)} was cloned from it and would go",
            f"zfs promote {clones[0]}",
        )
    lines = host.read("zfs", "list", "-Hp", "-r", "-t", "all", "-o", "name,used", root).stdout
    used = dict(line.split("\t") for line in lines.splitlines())
    return {name: int(used.get(name, 0)) for name in sorted(parse_destroy(answer.stdout))}


def preview(root: str, sizes: dict[str, int]) -> list[str]:
    """Return a line for each dataset and snapshot that goes, and one for all."""
    lines = [f"{name}  {show_size(size)}" for name, size in sizes.items()]
    return [*lines, f"all of {root}: {show_size(sizes.get(root, 0))}"]


def ask(command: Changing, question: str) -> None:
    """Ask on a terminal whatever the options say; elsewhere --yes is the answer."""
    if at_terminal():
        command.yes = False
    command.confirm(question)


def remove_folder(host: Host, above: str, name: str) -> None:
    """Remove the folder of a pool's layout, and the one above it, where they are empty."""
    folder = f"{above}/{name}"
    alone = not set(host.list_folder(above)) - {name}
    for path in (folder, above) if alone else (folder,):
        if host.dry_run:
            print(quote(("rmdir", path)))
        elif host.path(path).is_dir() and not host.list_folder(path):
            host.path(path).rmdir()
