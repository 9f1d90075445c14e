"""Fixtures: chyves in a folder of its own, under each sh, on a host made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import ZFS, Chyves, find_tools, make_chyves, write_program

FOUND_TOOLS = find_tools()


@pytest.fixture(params=FOUND_TOOLS)
def tools(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A kind of sh, as the first line of the sh scripts, and a kind of awk."""
    return FOUND_TOOLS[request.param]


@pytest.fixture
def shell(tools: tuple[str, str]) -> str:
    return tools[0]


@pytest.fixture
def chyves(tmp_path: Path, tools: tuple[str, str]) -> Chyves:
    """chyves in a folder of its own, with a guest verb, a noun and a hidden command."""
    made = make_chyves(tmp_path, *tools)
    made.add("start", "chyves <guest>[,<guest>...] start [-n] [<iso>]", summary="Start guests")
    made.add("network", "chyves network <guest> add|remove <tap>", summary="Taps and bridges")
    made.add("secret", summary="")
    return made


@pytest.fixture
def host(chyves: Chyves, tmp_path: Path) -> Callable[..., None]:
    """Give the host zfs datasets and interfaces: programs that print them, as far as asked."""

    def give(*datasets: str, pools: str = "tank", interfaces: str = "") -> None:
        lab = tmp_path / "lab"
        for pool in pools.split():
            (lab / "root" / "chyves" / pool).mkdir(parents=True, exist_ok=True)
        (lab / "datasets").write_text("".join(f"{line}\n" for line in datasets))
        write_program(tmp_path, "zpool", "\n".join(f"echo {pool}" for pool in pools.split()))
        write_program(tmp_path, "ifconfig", f'printf "%s\\n" {interfaces} | grep "^$2"')
        write_program(tmp_path, "zfs", ZFS.format(datasets=lab / "datasets", calls=lab / "calls"))
        chyves.environment["CHYVES_LAB"] = str(lab)

    return give
