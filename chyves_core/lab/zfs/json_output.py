"""zfs and zpool with -j, as OpenZFS 2.3 and later have it (zfs-get.8, zfs-list.8; no capture)."""

from __future__ import annotations

import json
from typing import Any

from chyves_core.lab.zfs.session import Session, View
from chyves_core.lab.zfs.values import Item

Row = tuple[str, str, str, str, str]


def print_json(session: Session, command: str, body: dict[str, Any]) -> None:
    """Print one JSON object with the heading that all commands share."""
    head = {"output_version": {"command": command, "vers_major": 0, "vers_minor": 1}}
    session.say(json.dumps(head | body, ensure_ascii=False))


def heading(view: View, item: Item) -> dict[str, Any]:
    """Return what the object of every dataset begins with."""
    txg = item.snap.txg if item.snap else item.dataset.txg
    return {
        "name": item.name,
        "type": item.kind.upper(),
        "pool": view.pool.name,
        "createtxg": str(txg),
    }


def source_object(source: str) -> dict[str, str]:
    """Return the source of a value: its type, and where an inherited one comes from."""
    if source == "-":
        return {"type": "NONE", "data": "-"}
    if source.startswith("inherited from "):
        return {"type": "INHERITED", "data": source.removeprefix("inherited from ")}
    return {"type": source.upper(), "data": "-"}


def show_get(session: Session, found: list[tuple[View, Item]], rows: list[Row]) -> None:
    """Print what `zfs get -j` prints."""
    datasets = {item.name: {**heading(view, item), "properties": {}} for view, item in found}
    for name, prop, value, _, source in rows:
        datasets[name]["properties"][prop] = {"value": value, "source": source_object(source)}
    print_json(session, "zfs get", {"datasets": datasets})


def show_list(session: Session, found: list[tuple[View, Item]], columns: list[str]) -> None:
    """Print what `zfs list -j` prints."""
    datasets = {}
    for view, item in found:
        properties = {}
        for name in columns:
            if name != "name":
                value, source = view.values.get(item, name)
                properties[name] = {"value": value, "source": source_object(source)}
        datasets[item.name] = {**heading(view, item), "properties": properties}
    print_json(session, "zfs list", {"datasets": datasets})


def show_pools(session: Session, columns: list[str], rows: list[list[str]]) -> None:
    """Print what `zpool list -j` prints."""
    pools = {}
    for row in rows:
        cells = dict(zip(columns, row, strict=True))
        values = {name: {"value": text} for name, text in cells.items() if name != "name"}
        pools[cells["name"]] = {"name": cells["name"], "type": "POOL", "properties": values}
    print_json(session, "zpool list", {"pools": pools})
