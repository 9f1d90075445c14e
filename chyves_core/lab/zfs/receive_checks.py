"""May a stream be received where it is to go? The words of zfs where it may not."""

from __future__ import annotations

from typing import Any

from chyves_core.lab.zfs.errors import ZfsError
from chyves_core.lab.zfs.model import Dataset, Pool
from chyves_core.lab.zfs.names import parent_of, pool_of
from chyves_core.lab.zfs.receive_apply import Target
from chyves_core.lab.zfs.session import Session

NEW = "cannot receive new filesystem stream: "
INCREMENTAL = "cannot receive incremental stream: "


def check_target(session: Session, plan: dict[str, Any], target: Target) -> bool:
    """Return False where the stream brings nothing new; raises ZfsError where it can't be taken."""
    pool = session.store.pool(pool_of(target.name))
    existing = session.store.find(target.name)
    head = NEW if plan["full"] else INCREMENTAL
    if plan["full"]:
        check_full(session, target, existing)
    elif existing is None:
        raise ZfsError(f"{head}destination '{target.name}' does not exist")
    if pool is None:
        raise ZfsError(f"cannot open '{target.name}': dataset does not exist")
    refused = session.refusal(pool)
    if refused:
        raise ZfsError(head + refused)
    check_room(session, pool, plan, target, head)
    if plan["full"] or existing is None:
        return True
    return check_incremental(session, pool, plan["datasets"][0], existing, target)


def check_full(session: Session, target: Target, existing: Dataset | None) -> None:
    """Raise ZfsError where no new dataset can be received (captures recv-existing…)."""
    name = target.name
    if existing is not None and "partial" not in existing.extra:
        if not target.force:
            raise ZfsError(f"{NEW}destination '{name}' exists\nmust specify -F to overwrite it")
        if existing.snaps:
            raise ZfsError(
                f"{NEW}destination has snapshots (eg. {name}@{existing.snaps[0].name})\n"
                "must destroy them to overwrite it"
            )
    parent = parent_of(name)
    if existing is None and not target.with_parents and session.store.find(parent) is None:
        raise ZfsError(
            f"cannot open '{parent}': dataset does not exist\n{NEW}unable to restore to destination"
        )


def check_room(
    session: Session, pool: Pool, plan: dict[str, Any], target: Target, head: str
) -> None:
    """Raise ZfsError where the stream's content does not fit."""
    above = target.name
    while above not in pool.datasets:
        above = parent_of(above)
    needed = sum(snap["size"] for each in plan["datasets"] for snap in each["snaps"])
    room = session.view(pool).space.free(pool.datasets[above])
    if room <= 0 or needed > room:
        raise ZfsError(f"{head}out of space")


def check_incremental(
    session: Session, pool: Pool, plan: dict[str, Any], existing: Dataset, target: Target
) -> bool:
    """Check that the destination has the stream's base and is unchanged since then."""
    guids = [snap.guid for snap in existing.snaps]
    if plan["snaps"][-1]["guid"] in guids:
        return False
    head = INCREMENTAL
    mismatch = f"{head}most recent snapshot of {existing.name} does not\nmatch incremental source"
    if plan["base"] not in guids:
        raise ZfsError(mismatch)
    if target.force:
        return True
    # Newer snapshots do not matter so long as nothing has changed (dmu_recv.c).
    base = existing.snaps[guids.index(plan["base"])]
    if session.view(pool).space.measure(existing)[1] != base.stamp:
        raise ZfsError(
            f"{head}destination {existing.name} has been modified\nsince most recent snapshot"
        )
    return True
