"""How much memory stays in use for each guest that runs: its supervisor, without bhyve."""

from __future__ import annotations

from pathlib import Path

import pytest

from chyves_core.runtime import Runtime, parse_ps
from tests.commands.conftest import import_script
from tests.conftest import LabHost

FEW_MEGABYTES = 5 << 20
pytestmark = pytest.mark.bench


def test_a_supervisor_takes_a_few_megabytes(lab: LabHost, tmp_path: Path) -> None:
    import_script(lab, tmp_path, "os.iso")
    names = [f"web{number}" for number in range(3)]
    lab.chyves(",".join(names), "create", "1G")
    lab.chyves(",".join(names), "start", "os.iso")
    columns = ("-o", "pid=", "-o", "ppid=", "-o", "rss=", "-o", "command=")
    processes = parse_ps(lab.run("ps", "-axww", *columns).stdout)
    runtime = Runtime(frozenset(), processes)
    total = 0
    for name in names:
        supervisor = runtime.supervisor(name)
        bhyve = runtime.bhyve(name)
        assert supervisor and bhyve
        assert bhyve.parent == supervisor.pid
        total += supervisor.memory
    # Besides supervisors and bhyves no process of chyves is left.
    others = [each for each in processes if "chyves" in each.command.split(" ")[0]]
    assert not others
    each_one = total / len(names)
    print(f"\nsupervisor: {each_one / (1 << 20):.1f} MiB resident for each running guest")
    assert each_one <= FEW_MEGABYTES
