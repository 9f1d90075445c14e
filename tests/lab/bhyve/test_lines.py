"""The lab's bhyve takes and refuses what that of each release takes and refuses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from chyves_core.lab.bhyve.grammar import check_line
from chyves_core.lab.bhyve.refused import Refused
from chyves_core.lab.bhyve.usage import usage_text
from tests.conftest import make_lab
from tests.lab.bhyve.line_tables import (
    USAGE,
    AcceptedLine,
    RefusedLine,
    accepted_lines,
    arguments,
    refused_lines,
    whole,
)

CAPTURED = Path(__file__).parents[2] / "captures" / "bhyve.jsonl"


def named(entries: Iterable[Any]) -> list[Any]:
    """Return the entries as parameters whose ids are release and command."""
    return [
        pytest.param(entry, id=f"{entry.release[0]}.{entry.release[1]} {entry.command}")
        for entry in entries
    ]


@pytest.mark.parametrize(
    "entry", named(refused_lines("refused_captured") + refused_lines("refused_elsewhere"))
)
def test_a_wrong_line_is_refused_with_the_words_of_its_release(entry: RefusedLine) -> None:
    with pytest.raises(Refused) as caught:
        check_line(arguments(entry.command), entry.release)
    errors = "\n".join(entry.errors).replace(USAGE, usage_text(entry.release))
    assert (caught.value.status, caught.value.message) == (entry.status, errors)
    if entry.output:
        assert caught.value.output == "\n".join(entry.output)


@pytest.mark.parametrize("entry", named(refused_lines("refused_captured")))
def test_what_the_table_says_of_13_2_is_what_was_captured(entry: RefusedLine) -> None:
    rows = {row["id"]: row for row in map(json.loads, CAPTURED.read_text().splitlines())}
    row = rows[entry.source.removeprefix("captures ")]
    errors = "\n".join(entry.errors).replace(USAGE, usage_text((13, 2)))
    assert (row["cmd"], row["rc"]) == (whole(entry.command), entry.status)
    assert row["stderr"].rstrip("\n") == errors


@pytest.mark.parametrize("entry", named(accepted_lines()))
def test_a_right_line_is_taken(entry: AcceptedLine) -> None:
    check_line(arguments(entry.command), entry.release)


@pytest.mark.parametrize(
    ("freebsd", "disk", "status", "errors"),
    [
        ("10.3", "/vm/a.img,ser=WEB1", 1, ["Invalid device option"]),
        ("12.2", "/vm/a.img,ser=WEB1", 4, ["Invalid device option", "device emulation"]),
        ("12.2", "/vm/a.img,nodelete", 2, []),
        ("12.2", "/vm/nosuch.img", 4, ["bhyve: Could not open", "device emulation"]),
        ("13.1", "/vm/a.img,ser=WEB1", 2, []),
        ("15.0", "/vm/a.img,sectorsize=3", 4, ["Invalid sector size", "Device emulation"]),
    ],
)
def test_a_running_bhyve_refuses_what_the_checker_refuses(
    tmp_path: Path, freebsd: str, disk: str, status: int, errors: list[str]
) -> None:
    host = make_lab(tmp_path / "lab", freebsd=freebsd, pools=())
    (host.root / "vm").mkdir()
    (host.root / "vm/a.img").write_bytes(bytes(1 << 20))
    rom = bytearray(4096)
    rom[-16:-14] = bytes.fromhex("faf4")
    (host.root / "vm/halt.rom").write_bytes(rom)
    line = whole(f"BASE -s 4,virtio-blk,{disk} vm").split()
    result = host.run(*line, status=status)
    for error in errors:
        assert error in result.stderr
