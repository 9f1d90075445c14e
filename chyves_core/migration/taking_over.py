"""Make the layouts of chyves 0.2 ours: their settings become properties, what is on them stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chyves_core.host import Host
from chyves_core.migration.chyves_sh import TAP_MEMBERS, parse, storable
from chyves_core.plan import Plan, Step
from chyves_core.pools import (
    DATASET_VERSION,
    DEFAULT_PREFIX,
    GLOBAL_PREFIX,
    POOL_PREFIX,
    SHELL_CONFIG,
    Pool,
    Storage,
)
from chyves_core.properties.schema import load_schema
from chyves_core.zfs import Dataset, create_filesystem, set_properties


@dataclass(frozen=True)
class OldSettings:
    """What chyves 0.2 had set: the role of each pool, the host's settings, defaults for guests."""

    roles: Mapping[str, str]
    settings: Mapping[str, str]
    defaults: Mapping[str, str]
    notes: tuple[str, ...]


def read_settings(host: Host, storage: Storage) -> OldSettings:
    """Read the files of all layouts of chyves 0.2."""
    layouts = [pool for pool in storage.pools if f"{pool.root}/{SHELL_CONFIG}" in storage.datasets]
    roles: dict[str, str] = {}
    settings: dict[str, str] = {}
    defaults: dict[str, str] = {}
    for pool in layouts:
        folder = f"/chyves/{pool.name}"
        of_pool = parse(host.read_text(f"{folder}/.config/pool.cfg") or "")
        if pool.state == "chyves-sh":
            roles[pool.name] = of_pool.get("dataset_role", "secondary")
        text = host.read_text(f"{folder}/.config/global.cfg")
        if text is not None:
            settings = parse(text)
            defaults = parse(host.read_text(f"{folder}/guests/.defaults") or "")
    notes = left_out("global", settings) + left_out("defaults", defaults) if roles else ()
    return OldSettings(roles, settings, defaults, notes)


def left_out(scope: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return a line for each setting that chyves does not have, or not with that value."""
    taken = storable(load_schema(scope), values)
    return tuple(
        f"{scope}: {name}={value} is not carried over"
        for name, value in values.items()
        if name not in taken and value and not TAP_MEMBERS.fullmatch(name)
    )


def properties(pool: Pool, old: OldSettings, role: str) -> dict[str, str]:
    """Return what is set on a layout; by the role, which comes last, it is in use."""
    found: dict[str, str] = {}
    if role == "primary":
        settings = storable(load_schema("global"), old.settings)
        defaults = storable(load_schema("defaults"), old.defaults)
        found |= {f"{GLOBAL_PREFIX}{name}": value for name, value in settings.items()}
        found |= {f"{DEFAULT_PREFIX}{name}": value for name, value in defaults.items()}
    return {
        **found,
        f"{POOL_PREFIX}version": str(DATASET_VERSION),
        f"{POOL_PREFIX}guid": pool.guid,
        f"{POOL_PREFIX}role": role,
    }


def roles(storage: Storage, old: OldSettings) -> dict[str, str]:
    """Return the role that each layout gets; there is one primary pool."""
    has_primary = any(pool.state == "primary" for pool in storage.pools)
    found = {}
    for name, role in old.roles.items():
        found[name] = "primary" if role == "primary" and not has_primary else "secondary"
        has_primary = has_primary or role == "primary"
    if found and not has_primary:
        found[next(iter(found))] = "primary"
    return found


def plan(storage: Storage, old: OldSettings) -> Plan:
    """Return the steps that make the layouts ours, the primary one first."""
    steps: list[Step] = []
    wanted = roles(storage, old)
    for name in sorted(wanted, key=lambda name: wanted[name]):
        pool = storage.pool(name)
        children = ["guests", *(["ISO", "Firmware", "logs"] if wanted[name] == "primary" else [])]
        for child in children:
            if f"{pool.root}/{child}" not in storage.datasets:
                steps.append(create_filesystem(f"{pool.root}/{child}", {}))
        steps.append(set_properties([pool.root], properties(pool, old, wanted[name])))
    return tuple(steps)


def afterwards(storage: Storage, old: OldSettings) -> Storage:
    """Return the pools as they will be once the layouts are ours."""
    wanted = roles(storage, old)
    pools = []
    for pool in storage.pools:
        if pool.name in wanted and pool.layout:
            told = properties(pool, old, wanted[pool.name])
            own = {name: (value, "local") for name, value in told.items()}
            layout = Dataset(pool.layout.name, {**pool.layout.properties, **own})
            pools.append(replace(pool, state=wanted[pool.name], layout=layout))
        else:
            pools.append(pool)
    return replace(storage, pools=tuple(pools))
