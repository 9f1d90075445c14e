"""Thin out the snapshots of guests by rules: look, show what stays and why, ask, destroy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chyves_core.cli import Changing, for_each
from chyves_core.errors import ChyvesError, UsageError
from chyves_core.guests import Guest
from chyves_core.output import Format, Moment, Row, Size, print_rows
from chyves_core.sizes import show_size
from chyves_core.snapshots.deleting import Doomed, delete, look, obstacle
from chyves_core.snapshots.keeping import Fate, judge, read_rules
from chyves_core.snapshots.reading import Snapshot, read_snapshots

COLUMNS = ("guest", "snapshot", "creation", "used", "prune", "reason")


@dataclass(frozen=True)
class Wish:
    """What the command line of `prune` asks for: rules, else each guest's own; named ones too."""

    rules: str | None
    named_too: bool


def prune(command: Changing, guests: Sequence[Guest], wish: Wish, wanted: Format) -> int:
    """Prune the snapshots of guests after a preview and a question; return the worst status."""
    host = command.host
    if wish.rules is not None:
        read_rules(wish.rules)
    snapshots = read_snapshots(host, guests)
    doomed: list[Doomed] = []
    fates: list[Fate] = []

    def look_at(guest: Guest) -> None:
        found = judge_guest(guest, snapshots[guest.name], wish)
        going = [each.snapshot for each in found if each.goes]
        if going:
            doomed.append(look(host, guest, going))
        fates.extend(found)

    worst = for_each(guests, lambda guest: guest.name, look_at)
    show(command, fates, doomed, wanted)
    if not doomed:
        return worst
    command.confirm("Destroy these snapshots for good?")

    def delete_one(each: Doomed) -> None:
        delete(host, each)

    return max(worst, for_each(doomed, lambda each: each.guest.name, delete_one))


def judge_guest(guest: Guest, snapshots: Sequence[Snapshot], wish: Wish) -> list[Fate]:
    """Return the fate of each snapshot of one guest by the rules given, else by its own."""
    rules = guest.value("snapshot_keep") if wish.rules is None else wish.rules
    if not rules:
        raise UsageError(
            f"{guest.name}: no rule says what to keep",
            f"--keep last=3,daily=7, or chyves {guest.name} set snapshot_keep=last=3,daily=7",
        )

    def needed(snapshot: Snapshot) -> str | None:
        why = obstacle(guest, snapshot)
        return why[0] if why else None

    return judge(snapshots, read_rules(rules), needed, named_too=wish.named_too)


def with_rules(guests: Sequence[Guest], wish: Wish) -> list[Guest]:
    """Return the guests that have rules: `all` leaves out those that have none."""
    found = [guest for guest in guests if wish.rules is not None or guest.value("snapshot_keep")]
    if guests and not found:
        raise ChyvesError(
            "no guest has rules for pruning", "chyves GUEST set snapshot_keep=last=3,daily=7"
        )
    return found


def show(
    command: Changing, fates: Sequence[Fate], doomed: Sequence[Doomed], wanted: Format
) -> None:
    """Show the fate of each snapshot, and what is freed in all."""
    if command.quiet:
        return
    if wanted.json or not command.host.dry_run:
        print_rows([row(each) for each in fates], COLUMNS, wanted)
    if wanted.json or wanted.no_header:
        return
    mark = "# " if command.host.dry_run else ""
    for each in fates if command.host.dry_run else ():
        word = "goes" if each.goes else f"stays: {', '.join(each.reasons)}"
        print(f"{mark}{each.snapshot.guest}: @{each.snapshot.name} {word}")
    count = sum(len(each.snapshots) for each in doomed)
    frees = show_size(sum(each.frees for each in doomed))
    print(f"{mark}{count} of {len(fates)} snapshots go, {frees} are freed", flush=True)


def row(fate: Fate) -> Row:
    """Return the fate of one snapshot as a row of a list."""
    snapshot = fate.snapshot
    return {
        "guest": snapshot.guest,
        "snapshot": f"@{snapshot.name}",
        "creation": Moment(snapshot.creation),
        "used": Size(sum(each.used for each in snapshot.pieces)),
        "prune": "goes" if fate.goes else "stays",
        "reason": fate.reasons or None,
    }
