"""zpool status, history, online, offline, scrub."""

from __future__ import annotations

import time
from typing import Any

from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.model import Pool
from chyves_core.lab.zfs.options import parse
from chyves_core.lab.zfs.session import Session
from chyves_core.lab.zfs.zpool_show import health, pools_named

OFFLINE_TEXT = (
    "status: One or more devices has been taken offline by the administrator.\n"
    "\tSufficient replicas exist for the pool to continue functioning in a\n"
    "\tdegraded state.\n"
    "action: Online the device using 'zpool online' or replace the device with\n"
    "\t'zpool replace'."
)
SCRUB = "scrub"


def status(session: Session, arguments: list[str]) -> None:
    """zpool status [-x] [POOL…]; -x leaves out pools that are healthy."""
    options = parse(arguments, "c:igLpPsvxDT:")
    with session.store.reading():
        pools = pools_named(session, options.words)
        shown = [pool for pool in pools if "x" not in options or health(pool) != "ONLINE"]
        if not pools and not session.failed:
            session.say("no pools available")
        elif not shown and "x" in options and not session.failed:
            session.say("all pools are healthy")
        session.lines += "\n\n".join(status_text(pool) for pool in shown).splitlines()


def status_text(pool: Pool) -> str:
    """Return what zpool status tells of one pool."""
    state = health(pool)
    lines = [f"  pool: {pool.name}", f" state: {state}"]
    if state != "ONLINE":
        lines.append(OFFLINE_TEXT)
    if SCRUB in pool.properties:
        lines.append(
            f"  scan: scrub repaired 0B in 00:00:00 with 0 errors on {pool.properties[SCRUB]}"
        )
    rows = [(0, pool.name, state), *device_rows(pool.devices, 1)]
    width = max(10, *(2 * depth + len(name) for depth, name, _ in rows))
    lines += ["config:", "", f"\t{'NAME':<{width}}  STATE     READ WRITE CKSUM"]
    for depth, name, here in rows:
        lines.append(f"\t{'  ' * depth + name:<{width}}  {here:<8}     0     0     0")
    return "\n".join([*lines, "", "errors: No known data errors"])


def device_rows(devices: list[dict[str, Any]], depth: int) -> list[tuple[int, str, str]]:
    """Return depth, name and state of each device."""
    rows = []
    for device in devices:
        parts = device.get("parts", [])
        state = device["state"]
        if any(part["state"] != "ONLINE" for part in parts):
            state = "DEGRADED"
        rows.append((depth, device["name"], state))
        rows += device_rows(parts, depth + 1)
    return rows


def history(session: Session, arguments: list[str]) -> None:
    """zpool history [-il] [POOL…]: one line for each successful change."""
    options = parse(arguments, "il")
    with session.store.reading():
        for pool in pools_named(session, options.words):
            session.say(f"History for '{pool.name}':")
            file = session.store.history_file(pool)
            if file.exists():
                text = file.read_bytes().decode("utf-8", "surrogateescape")
                session.lines += text.splitlines()
            session.say("")


def change_state(session: Session, arguments: list[str], letters: str, state: str) -> None:
    """Bring devices online or take them offline."""
    options = parse(arguments, letters)
    if not options.words:
        raise UsageError("missing pool name")
    if len(options.words) == 1:
        raise UsageError("missing device name")
    name, *wanted = options.words
    with session.store.writing():
        pool = session.store.pool(name)
        if pool is None:
            raise ZfsError(f"cannot open '{name}': no such pool")
        for word in wanted:
            for device in pool.devices:
                for part in device.get("parts", [device]):
                    if part["name"] == word:
                        part["state"] = state
        session.commit(pool, [])


def online(session: Session, arguments: list[str]) -> None:
    """zpool online POOL DEVICE…."""
    change_state(session, arguments, "e", "ONLINE")


def offline(session: Session, arguments: list[str]) -> None:
    """zpool offline POOL DEVICE…."""
    change_state(session, arguments, "ft", "OFFLINE")


def scrub(session: Session, arguments: list[str]) -> None:
    """zpool scrub POOL…: the lab's pools are soon through and never have errors."""
    options = parse(arguments, "spw")
    if not options.words:
        raise UsageError("missing pool name argument")
    with session.store.writing():
        for pool in pools_named(session, options.words):
            pool.properties[SCRUB] = time.strftime("%a %b %e %H:%M:%S %Y")
            session.commit(pool, [])


def sync(session: Session, arguments: list[str]) -> None:
    """zpool sync [POOL…]: nothing is ever pending in the lab."""
    with session.store.reading():
        pools_named(session, parse(arguments, "").words)
