"""`chyves export --to MANAGER GUEST`: preview, question, and then guest by guest."""

from __future__ import annotations

from collections.abc import Callable

from chyves_core.cli import Changing
from chyves_core import journal, locks
from chyves_core.disks.finding import disks_lock
from chyves_core.errors import Refused, UsageError
from chyves_core.guests import Guest, Inventory, read_inventory
from chyves_core.host import Host
from chyves_core.migration import leaving, reading
from chyves_core.migration.leaving import Departure
from chyves_core.output import Format, print_rows
from chyves_core.rename import paths_to
from chyves_core.runtime import read_runtime
from chyves_core.zfs import Dataset

# Plans guests one after the other; what all of them need of the other manager is read before.
Planner = Callable[[Guest], Departure]
COLUMNS = ("guest", "old", "new", "note")


def export_guests(command: Changing, manager: str, words: str) -> None:
    """Send guests to another manager: all that are meant, or none where one can't go."""
    host = command.host
    find_planner = find(manager)
    names = read_inventory(host).names(words)
    titles = {name: f"export --to {manager} {name}" for name in names}
    wanted = [lock for name in names for lock in (locks.guest_lock(name), disks_lock(name))]
    with locks.hold(host, locks.LAYOUT, *wanted, interrupted=True):
        done = [
            name for name in names if journal.resume(host, titles[name], [locks.guest_lock(name)])
        ]
        inventory = read_inventory(host)
        planner = find_planner(host, inventory)
        departures = [
            plan_one(host, inventory, planner, name) for name in names if name not in done
        ]
        show(departures, commented=bool(host.dry_run))
        count = f"{len(departures)} guest{'s' if len(departures) != 1 else ''}"
        command.confirm(f"Hand {count} over to {manager}?")
        for each in departures:
            steps, undo = leaving.plan(each, inventory.storage.datasets)
            host.act(*each.before)
            concerned = (locks.guest_lock(each.guest.name), locks.LAYOUT)
            entry = journal.Entry(each.title, concerned, steps, undo)
            journal.carry_out(host, each.guest.pool, entry)
            if not host.dry_run:
                command.say(f"{each.guest.name}: is {manager}'s now, {each.target}")


def plan_one(host: Host, inventory: Inventory, planner: Planner, name: str) -> Departure:
    """Return how a guest leaves; raises Refused where it can't."""
    guest = inventory.guest(name)
    if read_runtime(host).is_running(name):
        raise Refused(f"{name}: is running", f"chyves {name} stop")
    users = [each.name for each in inventory.guests.values() if paths_to(each, guest)]
    others = [each for each in users if each != name]
    if others:
        raise Refused(f"{name}: {', '.join(others)} uses its disks", f"chyves {others[0]} get all")
    departure = planner(guest)
    if journal.exists(host, departure.target):
        raise Refused(f"{name}: {departure.target} is there", f"zfs list -r {departure.target}")
    return departure


def show(departures: list[Departure], *, commented: bool) -> None:
    """Print what becomes of the guests; in a dry run every line is a comment for sh."""
    import io

    rows = []
    for each in departures:
        row = {"guest": each.guest.name, "old": each.guest.dataset, "new": each.target}
        rows.append({**row, "note": "is renamed"})
        for line in each.lines:
            new = line.new or "(not carried over)"
            rows.append({"guest": "", "old": line.old, "new": new, "note": line.why})
    out = io.StringIO()
    print_rows(rows, COLUMNS, Format(), out)
    for text in out.getvalue().splitlines():
        print(f"# {text}" if commented else text)


def find(manager: str) -> Callable[[Host, Inventory], Planner]:
    """Return what reads a manager and plans the way to it; raises UsageError for an unknown one."""
    planners: dict[str, Callable[[Host, Inventory], Planner]] = {
        "iohyve": to_iohyve,
        "vm-bhyve": to_vm_bhyve,
    }
    if manager not in planners:
        raise UsageError(f"{manager}: guests go to {', '.join(planners)}")
    return planners[manager]


def to_iohyve(host: Host, inventory: Inventory) -> Planner:
    """Return what plans how guests leave for iohyve; the first on a pool makes its place there."""
    from chyves_core.migration import grub_files
    from chyves_core.migration.iohyve_places import root_of
    from chyves_core.migration.to_iohyve import Leaving

    there = dict(reading.read_iohyve(host, inventory).datasets)
    around = reading.surroundings(host)

    def plan(guest: Guest) -> Departure:
        texts = grub_files.read_own(host, guest)
        leaving_guest = Leaving(inventory, guest, there, around, texts)
        departure = leaving_guest.departure()
        if departure.before:
            root = root_of(guest.pool)
            mounted = (leaving_guest.mountpoint, "local")
            there[root] = Dataset(root, {"type": ("filesystem", "-"), "mountpoint": mounted})
        return departure

    return plan


def to_vm_bhyve(host: Host, inventory: Inventory) -> Planner:
    """Return what plans how guests leave for vm-bhyve; Refused where one has no place there."""
    from chyves_core.migration import grub_files, vm_config, vm_reading
    from chyves_core.migration.to_vm_bhyve import Leaving

    spec = reading.rc_value(host, "vm_dir")
    store = vm_reading.store_of(host, spec) if spec else vm_config.Store("", "")
    wired = vm_reading.wire(host, inventory, vm_reading.read_core(host, store))
    switches = {bridge: name for name, bridge in wired.bridges.items()}
    osreldate = reading.surroundings(host).osreldate

    def plan(guest: Guest) -> Departure:
        if store.dataset.partition("/")[0] != guest.pool:
            what = f"vm_dir is {spec or 'not set'}"
            raise Refused(
                f"{guest.name}: is on {guest.pool}, and {what}",
                f"sysrc vm_dir=zfs:{guest.pool}/DATASET, or chyves {guest.name} move POOL",
            )
        text = host.read_text(f"{guest.folder}/{guest.name}.conf") or ""
        present = vm_config.parse(text)
        menu = grub_files.read_own(host, guest).get(grub_files.MENU, "")
        step = grub_files.step_of(host, guest)
        leaving_guest = Leaving(inventory, guest, store, switches, present, osreldate, menu, step)
        return leaving_guest.departure()

    return plan
