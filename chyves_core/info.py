"""`info`, and `list` without a word: one line a guest, and one for each of its disks."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TextIO

from chyves_core import info_columns
from chyves_core.guests import Guest, Inventory
from chyves_core.look import Look
from chyves_core.output import Format, Row, print_json, print_rows
from chyves_core.settings import global_settings

# What `info web1` shows where default_info_flags would show nothing but help.
FALLBACK_FLAGS = "szbpd"


def default_flags(inventory: Inventory, name: str) -> str:
    """Return the letters of default_info_flags or default_list_flags, without their dash."""
    return global_settings(inventory.storage)[name].removeprefix("-")


def show(look: Look, guests: Sequence[Guest], flags: str, wanted: Format) -> None:
    """Print guests as the letters say: columns, disks (not with `k`), width (`w`), pager (`l`)."""
    if "w" in flags:
        wanted = replace(wanted, width=shutil.get_terminal_size().columns)
    if "l" in flags and sys.stdout.isatty():
        text = io.StringIO()
        print_guests(look, guests, flags, wanted, text)
        look.host.interactive(pager(os.environ), given=text.getvalue())
    else:
        print_guests(look, guests, flags, wanted, sys.stdout)


def print_guests(
    look: Look, guests: Sequence[Guest], flags: str, wanted: Format, out: TextIO
) -> None:
    """Print guests; an empty list has no lines, and is `[]` in JSON."""
    if wanted.columns:
        info_columns.check_columns(wanted.columns, look.inventory)
    columns = wanted.columns or info_columns.columns_of(flags)
    if wanted.json and not wanted.columns:
        print_json([info_columns.json_guest(look, guest) for guest in guests], out)
        return
    rows: list[Row] = []
    for guest in guests:
        rows.append({name: info_columns.guest_cell(look, guest, name) for name in columns})
        if "k" not in flags and not wanted.columns:
            rows += disk_rows(look, guest, wanted.no_header)
    if rows or wanted.json:
        print_rows(rows, columns, wanted, out)


def disk_rows(look: Look, guest: Guest, whole_names: bool) -> list[Row]:
    """Return one row for each disk of a guest; scripts get GUEST/DISK, people an indented name."""
    return [
        info_columns.disk_cells(
            look, guest, disk, f"{guest.name}/{disk.name}" if whole_names else f"  {disk.name}"
        )
        for disk in guest.disks
    ]


def pager(environment: Mapping[str, str]) -> list[str]:
    """Return the command of the user's pager: $PAGER, else `less -S`, else `more`."""
    chosen = shlex.split(environment.get("PAGER", ""))
    if chosen:
        return chosen
    return ["less", "-S"] if shutil.which("less") else ["more"]
