"""The exact command lines of loader, bhyve and network, for guests and hosts of many kinds.

Each case is a guest on a host; its text stands in plans/CASE.txt. After a change that is meant,
`pytest tests/golden --regenerate` writes the texts anew: read the difference before you commit it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from chyves_core.bhyve import ctl
from chyves_core.bhyve.devices.scsi import Unit
from chyves_core.bhyve.machine import Machine, plan_machine
from chyves_core.errors import ChyvesError
from chyves_core.guests import Disk, Guest
from chyves_core.loaders.loader import LoaderFacts, plan_loader
from chyves_core.loaders.profiles import shipped_profiles
from chyves_core.network.design import Design
from chyves_core.network.plan import plan_down, plan_up
from chyves_core.plan import Plan, Run, show
from chyves_core.properties.schema import load_schema
from chyves_core.supervise.boot import command_line, plan_files
from chyves_core.supervise.folder import RunFolder
from chyves_core.supervise.swtpm import plan_swtpm
from tests.golden.case import HOSTS, IDENTITY, Case
from tests.golden.cases import CASES

PLANS = Path(__file__).with_name("plans")


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the scripts of the supervisor lie where an installed chyves has them."""
    monkeypatch.setenv("CHYVES_PATH", "/usr/local/libexec/chyves")


def make_guest(case: Case) -> Guest:
    """Return the guest of a case."""
    dataset = f"zroot/chyves/guests/{case.name}"
    disks = tuple(
        Disk(
            f"disk{n}",
            f"{dataset}/disk{n}",
            8 << 30,
            {"disk_serial": f"CHY{n:012}", **case.of_disks},
        )
        for n in range(case.disks)
    )
    properties = {**IDENTITY, **case.properties}
    return Guest(case.name, "zroot", dataset, properties, disks, 0, "", load_schema("guest"))


def plan_case(case: Case, config_path: str) -> Machine:
    """Return the machine of a case; raises what a plan raises."""
    facts = HOSTS[case.host]
    guest = make_guest(case)
    return plan_machine(guest, case.media, facts, config_path, consolidate=case.consolidate)


def loader_facts(case: Case, guest: Guest) -> LoaderFacts:
    """Return what the loader of a case is planned from; profiles are those of chyves."""
    uses_grub = guest.value("loader") == "grub-bhyve"
    profile = shipped_profiles()[guest.value("os")] if uses_grub else None
    return LoaderFacts(HOSTS[case.host], profile)


def design_of(case: Case) -> Design:
    """Return the design of a case's host."""
    return Design(case.automatic, case.bridges, case.vlans, case.members_have_addresses)


def plan_scsi(units: Sequence[Unit]) -> Plan:
    """Return the steps that make units of ctl(4) on a host that has none yet."""
    ports = tuple(ctl.plan_port(unit) for unit in units)
    return (
        *ctl.plan_units(units),
        *ports,
        *ctl.plan_maps(ctl.foreseen(ctl.Target(), units), units),
    )


def plan_text(case: Case) -> str:
    """Return everything that starting and stopping a case's guest would do, or the refusal."""
    guest = make_guest(case)
    folder = RunFolder(guest.name)
    interfaces = {each.name: each for each in case.interfaces}
    try:
        machine = plan_case(case, folder.file("bhyve.conf"))
        loader = plan_loader(guest, case.media, folder.path, loader_facts(case, guest))
        up = plan_up(guest, design_of(case), interfaces)
    except ChyvesError as error:
        return f"chyves: {error}\n        {error.hint}\n"
    files = [step for step in plan_files(folder, machine, loader) if ".argv" not in str(step)]
    lines = [Run(loader.argv)] if loader else []
    down = plan_down(guest.name, interfaces)
    beside = (*plan_scsi(machine.units), *plan_swtpm(guest, folder))
    return "".join(
        (
            show(up),
            show((*beside, *lines, Run(command_line(machine)))),
            show(tuple(files)),
            "-- stop --\n",
            show(down),
        )
    )


@pytest.mark.parametrize("name", CASES)
def test_the_plan_is_as_written_down(name: str, request: pytest.FixtureRequest) -> None:
    written = PLANS / f"{name}.txt"
    text = plan_text(CASES[name])
    if request.config.getoption("--regenerate"):
        written.write_text(text)
    assert text == written.read_text()


def test_no_plan_is_left_of_a_case_that_is_gone() -> None:
    assert {path.stem for path in PLANS.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_no_plan_shows_the_vnc_password(name: str) -> None:
    assert "geheim" not in plan_text(CASES[name])


def release_of(case: Case) -> tuple[int, int]:
    """Return the release of a case's host, as the lab takes it."""
    number = HOSTS[case.host].osreldate
    return number // 100_000, number // 1_000 % 100


AMD64 = [name for name, case in CASES.items() if HOSTS[case.host].arch == "amd64"]
# -s numbers the ports of an AHCI controller one after the other; only settings can leave one out.
SAME_IN_FLAGS = [
    name for name in AMD64 if HOSTS[CASES[name].host].has_config_file and "port-free" not in name
]


@pytest.mark.parametrize("name", AMD64)
def test_the_labs_bhyve_takes_every_planned_line(name: str, tmp_path: Path) -> None:
    from chyves_core.lab.bhyve.grammar import check_line

    case = CASES[name]
    file = tmp_path / "bhyve.conf"
    try:
        machine = plan_case(case, str(file))
    except ChyvesError:
        return
    if machine.file:
        file.write_text(machine.file.text)
    parsed = check_line(list(machine.argv[1:]), release_of(case), lambda _: file)
    assert parsed.name == f"chy-{case.name}"
    slots = [(device.bus, device.slot, device.function) for device in parsed.devices]
    assert len(slots) == len(set(slots))


@pytest.mark.parametrize("name", SAME_IN_FLAGS)
def test_the_file_says_what_the_command_line_would_say(name: str, tmp_path: Path) -> None:
    from chyves_core.lab.bhyve.options import read_command_line

    file = tmp_path / "bhyve.conf"
    try:
        machine = plan_case(CASES[name], str(file))
    except ChyvesError:
        return
    assert machine.file
    file.write_text(machine.file.text)
    words = [word for each in machine.arguments for word in each.words]
    release = release_of(CASES[name])
    settings = dict(read_command_line(words, release, lambda _: file).lines())
    secrets = dict(secret for each in machine.arguments for secret in each.secrets)
    assert dict(read_command_line(list(machine.argv[1:]), release, lambda _: file).lines()) == {
        **settings,
        **secrets,
    }
