"""What going back to a snapshot says and does, for guests of many kinds.

Each case stands in rollbacks/CASE.txt: the preview, and the commands. After a change that is meant,
`pytest tests/golden --regenerate` writes them anew: read the difference before you commit it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from chyves_core.errors import ChyvesError
from chyves_core.guests import Disk, Guest
from chyves_core.numbering import Taken
from chyves_core.plan import Write, show
from chyves_core.properties.schema import load_schema
from chyves_core.settings import Settings
from chyves_core.snapshots import identity, restoring
from chyves_core.snapshots.reading import Piece
from chyves_core.snapshots.rollback import Rollback, check_needed, make_targets, plan, preview

TEXTS = Path(__file__).with_name("rollbacks")
WEB1 = "zroot/chyves/guests/web1"
MOMENT, MIB = 1795000000, 1 << 20

NOW = {
    "chyves_guest_version": "1",
    "cpu": "4",
    "net_ifaces": "tap50",
    "tap50_mac": "58:9c:fd:00:00:01",
    "tap50_bridge": "bridge0",
    "serial": "nmdm50",
    "pci_slots": "disk0=4,tap50=16",
}
THEN = {**NOW, "cpu": "1"}


def piece(name: str, txg: int, dataset: str = WEB1, size: int = 0, clones: str = "") -> Piece:
    """Return a snapshot, or a bookmark where the name has a #."""
    mark = name if name.startswith("#") else f"@{name}"
    found = tuple(clones.split(",")) if clones else ()
    return Piece(f"{dataset}{mark}", txg, MOMENT, 0, 0, 0, found, size)


def both(name: str, txg: int, size: int = MIB) -> tuple[Piece, ...]:
    """Return a snapshot of web1 with its disk0."""
    return piece(name, txg), piece(name, txg, f"{WEB1}/disk0", size)


DISK = (3 * MIB, MIB, 0)


@dataclass(frozen=True)
class Case:
    """A guest with its snapshots, what was frozen on @then, and what others have."""

    pieces: tuple[Piece, ...] = both("then", 10)
    written: Mapping[str, tuple[int, int, int]] = field(
        default_factory=lambda: {WEB1: (24576, 0, 0), f"{WEB1}/disk0": DISK}
    )
    now: Mapping[str, str] = field(default_factory=lambda: NOW)
    then: Mapping[str, str] | None = field(default_factory=lambda: THEN)
    frozen_disk: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    disks: tuple[str, ...] = ("disk0",)
    gone: tuple[str, ...] = ()
    logs: tuple[Write, ...] = ()
    readonly: str = "off"


LOG = Write("/chyves/zroot/guests/web1/logs/2026-11.log", "boots\n", 0o640, "its lines")

CASES: dict[str, Case] = {
    "nothing-newer": Case(),
    "nothing-changed": Case(written={f"{WEB1}/disk0": (0, MIB, 0)}, now=THEN),
    "newer-snapshots": Case(both("old", 5) + both("then", 10) + both("b", 20) + both("c", 30)),
    "newer-snapshot-of-one-disk": Case(
        (*both("then", 10), piece("mine", 20, f"{WEB1}/disk0", MIB))
    ),
    "newer-bookmark": Case((*both("then", 10), piece("#then", 10), piece("#sent", 20))),
    "clone-in-the-way": Case((*both("then", 10), piece("b", 20, clones="zroot/precious"))),
    "properties-set-since": Case(now={**NOW, "notes": "it's `new`", "groups": "a,b"}),
    "properties-unset-since": Case(then={**THEN, "notes": "old", "eject_iso_on_n_reboot": "3"}),
    "secret-set-since": Case(now={**NOW, "uefi_vnc_password": "geheim"}),
    "disk-added-since": Case(
        now={**NOW, "pci_slots": "disk0=4,disk1=5,tap50=16", "virtio_block_options_disk1": "ro"},
        disks=("disk0", "disk1"),
    ),
    "disk-deleted-since": Case(
        then={**THEN, "pci_slots": "disk0=4,disk1=5,tap50=16"}, gone=("disk1",)
    ),
    "disk-described-then": Case(frozen_disk={"disk_serial": "CHY1", "description": "data"}),
    "disk-serial-is-taken": Case(
        frozen_disk={"disk_serial": "CHY0", "notes": "n"}, owners={"CHY0": "web2"}
    ),
    "thick-disk-resized": Case(
        written={f"{WEB1}/disk0": (0, 8 * MIB, 9 * MIB)}, now=THEN, logs=(LOG,)
    ),
    "sparse-disk-resized": Case(written={f"{WEB1}/disk0": (0, 8 * MIB, 0)}, now=THEN),
    "tap-and-console-are-taken": Case(
        now={**NOW, "net_ifaces": "", "serial": ""}, owners={"tap50": "web2", "nmdm50": "web3"}
    ),
    "snapshot-by-hand": Case(then=None),
    "snapshot-of-a-disk-alone": Case((piece("then", 10, f"{WEB1}/disk0", MIB),), then=None),
    "template-since": Case(now={**NOW, "template": "yes"}, logs=(LOG,), readonly="on"),
    "template-still": Case(
        now={**NOW, "template": "yes"},
        then={**THEN, "template": "yes"},
        logs=(LOG,),
        readonly="on",
    ),
}


def rollback_of(case: Case) -> Rollback:
    """Return the rollback of a case, as the command plans it."""
    schema = load_schema("guest")
    disks = tuple(Disk(name, f"{WEB1}/{name}", MIB, {"disk_serial": "CHY1"}) for name in case.disks)
    guest = Guest("web1", "zroot", WEB1, case.now, disks, 0, "", schema)
    targets = make_targets(case.pieces, "then", dict(case.written))
    back = {target.dataset for target in targets}
    kept = tuple(disk.name for disk in disks if disk.dataset not in back)
    found = Rollback(guest, "then", MOMENT, targets, kept, case.gone, has_properties=False)
    found = replace(found, logs=case.logs, read_only=case.readonly == "on")
    check_needed(found)
    if case.then is None:
        return found
    values = restoring.guest_values(guest, case.then, kept=kept, gone=case.gone)
    others = identity.Others(case.owners, {}, Taken(taps={50}, nmdms={50}))
    settings = Settings(load_schema("global"), {})
    notes = identity.repair("web1", values, case.now, others, settings)
    changes = [restoring.guest_change(guest, values, case.readonly)]
    change = restoring.disk_change(disks[0], case.frozen_disk, case.owners)
    changes += [change] if change else []
    return replace(
        found,
        has_properties=True,
        changes=tuple(each for each in changes if each.values),
        notes=tuple(notes),
    )


def text_of(case: Case) -> str:
    """Return the preview and the commands of a case, or the refusal."""
    try:
        found = rollback_of(case)
    except ChyvesError as error:
        return f"chyves: {error}\n        {error.hint}\n"
    return "".join(f"# {line}\n" for line in preview(found)) + show(plan(found))


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show moments in UTC, wherever the tests run."""
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize("name", CASES)
def test_going_back_says_and_does_what_is_written_down(
    name: str, request: pytest.FixtureRequest
) -> None:
    written = TEXTS / f"{name}.txt"
    text = text_of(CASES[name])
    if request.config.getoption("--regenerate"):
        written.write_text(text)
    assert text == written.read_text()


def test_no_text_is_left_of_a_case_that_is_gone() -> None:
    assert {path.stem for path in TEXTS.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_no_plan_forces_a_rollback_or_shows_a_secret(name: str) -> None:
    text = text_of(CASES[name])
    assert "geheim" not in text
    assert "rollback -" not in text
    assert "destroy -" not in text
