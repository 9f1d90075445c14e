"""`dataset POOL promote`: all that the primary pool holds gets there, and none of it is lost."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import import_script
from tests.commands.whole_guests import make_bootable, make_whole_guests, own_properties

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import LabHost

LOG = "2026-01-01T00:00:00Z - [info] - {}\n"


@pytest.fixture
def full(lab: LabHost, tmp_path: Path) -> LabHost:
    """A lab whose primary pool has an ISO, a firmware, settings and a log."""
    import_script(lab, tmp_path, "os.iso")
    (tmp_path / "uefi.fd").write_text("firmware")
    lab.chyves("firmware", "import", str(tmp_path / "uefi.fd"), "-q")
    lab.run("zfs", "snapshot", "zroot/chyves/ISO/os.iso@old")
    lab.chyves("global", "set", "tap_start_offset=70")
    lab.chyves("defaults", "set", "ram=1G")
    (lab.root / "chyves/zroot/logs/2026-01.log").write_text(LOG.format("a") + LOG.format("b"))
    lab.forget_commands()
    return lab


def is_primary(lab: LabHost, pool: str, other: str) -> bool:
    """Whether a pool holds all that is in the fixture, and the other one none of it."""
    own, rest = (own_properties(lab, f"{each}/chyves") for each in (pool, other))
    datasets = lab.datasets()
    of_primary = ("chyves.global:tap_start_offset", "chyves.default:ram")
    log = (lab.root / f"chyves/{pool}/logs/2026-01.log").read_text()
    iso = lab.root / f"chyves/{pool}/ISO/os.iso/os.iso"
    return (
        (own["chyves.pool:role"], rest["chyves.pool:role"]) == ("primary", "secondary")
        and [own.get(name) for name in of_primary] == ["70", "1G"]
        and not any(name in rest for name in of_primary)
        and iso.read_text().startswith("#chyves-guest")
        and (lab.root / f"chyves/{pool}/Firmware/uefi.fd/uefi.fd").read_text() == "firmware"
        and f"{pool}/chyves/ISO/os.iso@old" in datasets
        and log == LOG.format("a") + LOG.format("b")
        and not [name for name in datasets if f"{other}/chyves/ISO" in name or "promote" in name]
        and not [name for name in datasets if "chyves/copies" in name]
    )


def test_all_that_the_primary_pool_holds_goes_along_and_back(full: LabHost) -> None:
    assert is_primary(full, "zroot", "tank")
    full.chyves("dataset", "tank", "promote")
    assert is_primary(full, "tank", "zroot")
    assert full.output("iso", "list", "-H", "-o", "name") == "os.iso"
    assert full.output("global", "get", "-H", "tap_start_offset") == "70"
    before = full.everything()
    assert full.output("dataset", "tank", "promote") == "tank: is the primary pool"
    assert full.everything() == before
    full.chyves("dataset", "zroot", "promote")
    assert is_primary(full, "zroot", "tank")


def test_a_dry_run_of_promote_can_be_pasted(full: LabHost) -> None:
    before = full.everything()
    printed = full.output("dataset", "tank", "promote", "-n")
    assert full.everything() == before
    lines = [line for line in printed.split("\n") if not line.startswith("#")]
    assert {shlex.split(line)[0] for line in lines} == {"zfs", "cat"}
    full.run("sh", "-ec", "\n".join(line for line in lines if line.startswith("zfs")))
    assert full.output("iso", "list", "-H", "-o", "name") == "os.iso"
    assert "zroot/chyves/ISO" not in full.datasets()


def test_what_can_not_become_primary_is_refused(full: LabHost) -> None:
    full.run("zfs", "create", "-p", "tank/chyves/ISO/os.iso")
    before = full.everything()
    refused = full.chyves("dataset", "tank", "promote", status=4)
    assert "tank/chyves/ISO/os.iso is there" in refused.stderr
    full.run("zfs", "destroy", "-r", "tank/chyves/ISO")
    full.run("zfs", "set", "quota=60K", "tank/chyves")
    assert "are free on tank" in full.chyves("dataset", "tank", "promote", status=4).stderr
    full.run("zfs", "set", "quota=none", "tank/chyves")
    full.chyves("dataset", "tank", "offline")
    refused = full.chyves("dataset", "tank", "promote", status=4)
    assert "dataset tank online" in refused.stderr
    full.chyves("dataset", "nosuch", "promote", status=3)
    full.chyves("dataset", "tank", "online")
    assert "zroot/chyves/ISO/os.iso@old" in before
    assert is_primary(full, "zroot", "tank")


def test_a_resource_in_use_stays_and_so_does_the_role(full: LabHost) -> None:
    make_whole_guests(full, ["web1"])
    make_bootable(full, "web1")
    full.chyves("web1", "start", "os.iso")
    before = full.everything()
    refused = full.chyves("dataset", "tank", "promote", status=4)
    assert "os.iso: is in use by web1" in refused.stderr
    assert full.everything() == before


def test_a_failure_leaves_the_old_primary_pool_as_it_was(full: LabHost) -> None:
    full.chyves("dataset", "tank", "promote")
    calls = [argv[1] for argv in full.commands("zfs")]
    full.chyves("dataset", "zroot", "promote")
    last = len(calls) - calls[::-1].index("set")
    for name in ("ISO", "Firmware", "logs"):
        full.run("zfs", "create", f"tank/chyves/{name}")
    for position in (calls.index("receive") + 1, calls.index("rename") + 1, last):
        # All but the place for copies is there now.
        call = position - calls.count("create") + 1
        full.chyves("dataset", "tank", "promote", status=1, CHYVES_LAB_FAIL=f"zfs:{call}:fail")
        assert full.output("iso", "list", "-H", "-o", "name") == "os.iso"
        own = own_properties(full, "zroot/chyves")
        assert own["chyves.pool:role"] == "primary"
        assert not [name for name in full.datasets() if "promote" in name], call
    full.chyves("dataset", "tank", "promote")
    assert is_primary(full, "tank", "zroot")
