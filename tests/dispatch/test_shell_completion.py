"""The files in completions/, in the real shells, at a terminal, with the tab key."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from checkout import DATASETS, REPOSITORY, Chyves
from shells import SHELLS, start_shell

Typing = Callable[[str, str], None]


@pytest.fixture
def tools() -> tuple[str, str]:
    return "/bin/sh", shutil.which("awk") or "awk"


@pytest.fixture(params=SHELLS)
def type_keys(
    request: pytest.FixtureRequest, chyves: Chyves, host: Callable[..., None], tmp_path: Path
) -> Iterator[Typing]:
    """Type keys into the shell, then return; the command that runs must say what is expected."""
    host(*DATASETS)
    chyves.add("set", "chyves <guest>|global set <property>=<value>...")
    chyves.add("get", "chyves <guest>[,<guest>...] get <property>|all")
    chyves.add("rollback", "chyves <guest> rollback <snapshot>")
    (chyves.root / "chyves_core").symlink_to(REPOSITORY / "chyves_core")
    (tmp_path / "programs" / "chyves").symlink_to(chyves.program)
    terminal = start_shell(request.param, chyves.environment, tmp_path)

    def type_them(keys: str, expected: str) -> None:
        terminal.send(f"{keys}\r")
        terminal.expect(re.escape(expected) + r"\s")

    yield type_them
    terminal.close(force=True)


def test_the_tab_key_completes(type_keys: Typing) -> None:
    type_keys("chyves rollb\tdb x", "chyves-rollback [db] [x]")
    type_keys("chyves web1 rollb\t x", "chyves-rollback [web1] [x]")
    type_keys("chyves db\tge\ty", "chyves-get [db] [y]")
    type_keys("chyves get d\tall", "chyves-get [db] [all]")
    type_keys("chyves get web1,d\tz", "chyves-get [web1,db] [z]")
    type_keys("chyves web1 rollback @t\t", "chyves-rollback [web1] [@tuesday]")
    type_keys("chyves get :ww\tall", "chyves-get [:www] [all]")
    type_keys("chyves web1 get uefi_vnc_mo\t", "chyves-get [web1] [uefi_vnc_mouse_type]")
    type_keys("chyves web1 set loader=u\t", "chyves-set [web1] [loader=uefi]")
    type_keys("chyves global set dev_mode=on log_to_file=n\t", "[dev_mode=on] [log_to_file=no]")
